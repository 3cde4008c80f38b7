"""One run, from its config to its folder; single runs and sweeps share it."""

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
    """A run: its config, and the choices and overrides that made it."""

    config: Config
    choices: Mapping[str, str]  # group → the chosen option
    overrides: tuple[str, ...]  # that make this config, in Hydra's syntax
    planned: str | None = None  # its key, where a plan has computed it

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Each file that the run reads, with the hash of its content."""
        return file_hashes(input_paths([self.settings["sentences"], self.settings["attention"]]))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that the key is made of, as plain values."""
        return self.config.settings()

    @cached_property
    def key(self) -> str:
        """The hash that identifies this run."""
        return self.planned or run_key(self.settings, self.inputs)


def input_paths(settings: Any) -> Iterator[str]:
    """Every file that settings name: of sentences, masks and biases.

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


@single_threaded_blas  # with more threads, rounding would depend on the number of cores
def compute(job: Job) -> tuple[Result, float]:
    """The results of a job, and the seconds that they took."""
    start = time.perf_counter()
    result = run(job.config, cached_prepare(job.config))
    return result, time.perf_counter() - start


def cached_prepare(config: Config) -> tuple[LayerInput, ...]:
    """The input of a run; reused where the next run has the same."""
    try:
        files = file_hashes(input_paths(config.sentences.model_dump()))
    except OSError:
        return prepare(config)  # raises what is wrong with the file
    sections = [getattr(config, name).model_dump_json() for name in input_sections()]
    cache_key = json.dumps([config.seed, files, preparation_key(config), *sections])
    if cache_key not in LAST_INPUT:
        LAST_INPUT.clear()
        LAST_INPUT[cache_key] = prepare(config)
    return LAST_INPUT[cache_key]


@single_threaded_blas
def record(job: Job, result: Result, folder: Path, seconds: float) -> None:
    """Writes the results to `folder`; figures are drawn on the way."""
    start = time.perf_counter()
    run_json = {
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
        lambda: {**run_json, "seconds": round(seconds + time.perf_counter() - start, 4)},
    )
