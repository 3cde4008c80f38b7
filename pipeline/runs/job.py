"""One run, from its config to its folder: the way that single runs and sweeps share."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.base.records import LayerInput, Result
from pipeline.base.threads import single_threaded_blas
from pipeline.config.affects import input_sections
from pipeline.run import draw, read, run
from pipeline.runs.prepare import preparation_key, prepare
from pipeline.store.key import file_hashes, run_key
from pipeline.store.provenance import provenance
from pipeline.store.schema import FORMAT
from pipeline.store.write.run import write_run

if TYPE_CHECKING:
    from pipeline.config.schema.config import Config

LAST_INPUT: dict[str, tuple[LayerInput, ...]] = {}  # the input of the last run


@dataclass(frozen=True, eq=False)
class Job:
    """What is to be run, and how it was asked for."""

    config: Config
    choices: Mapping[str, str]  # group -> the option chosen
    overrides: tuple[str, ...]  # that make this very config, in Hydra's syntax
    planned: str | None = None  # its key, where a plan has worked it out

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Each file the run reads, and the hash of its content."""
        return file_hashes(input_paths([self.settings["sentences"], self.settings["attention"]]))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What makes the run what it is, as plain values."""
        return self.config.settings()

    @cached_property
    def key(self) -> str:
        """The hash that tells this run from any other."""
        return self.planned or run_key(self.settings, self.inputs)


def input_paths(settings: Any) -> Iterator[str]:
    """Every file that settings name: the sentences', and those of masks and biases.

    >>> list(input_paths({"mask": [{"matrix": {"path": "mask.csv"}}], "path": None}))
    ['mask.csv']
    """
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            if name == "path" and isinstance(value, str):
                yield value
            else:
                yield from input_paths(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from input_paths(value)


@single_threaded_blas  # by as many threads as a machine has, BLAS would round as it has cores
def compute(job: Job) -> tuple[Result, float]:
    """The results of a job, and the seconds they took."""
    start = time.perf_counter()
    result = run(job.config, cached_prepare(job.config))
    return result, time.perf_counter() - start


def cached_prepare(config: Config) -> tuple[LayerInput, ...]:
    """The input of a run, made once for those that follow one another and share it."""
    try:
        files = file_hashes(input_paths(config.sentences.model_dump()))
    except OSError:
        return prepare(config)  # which says what is wrong with the file
    parts = [getattr(config, name) for name in input_sections()]
    checked = preparation_key(config)
    mark = json.dumps([config.seed, files, checked, *(part.model_dump_json() for part in parts)])
    if mark not in LAST_INPUT:
        LAST_INPUT.clear()
        LAST_INPUT[mark] = prepare(config)
    return LAST_INPUT[mark]


@single_threaded_blas
def record(job: Job, result: Result, folder: Path, seconds: float) -> None:
    """The results as files of `folder`, figures drawn on the way."""
    start = time.perf_counter()
    about = {
        "format": FORMAT,
        "status": "done",
        "key": job.key,
        "seed": job.config.seed,
        "choices": dict(job.choices),
        "inputs": job.inputs,
        **provenance(),
    }
    write_run(
        folder,
        result,
        draw(result, job.config),
        read(result, job.config),
        job.settings,
        job.overrides,
        lambda: {**about, "seconds": round(seconds + time.perf_counter() - start, 4)},
    )
