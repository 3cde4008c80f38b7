"""One run, from its config to its folder: the way that single runs and sweeps share."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.attention.threads import single_threaded_blas
from pipeline.config import Config
from pipeline.identity import FORMAT, file_hashes, fingerprint, provenance
from pipeline.records import Prepared, Result
from pipeline.run import checked_by_prepare, draw, prepare, reading, run
from pipeline.store import write_run

PREPARED: dict[str, tuple[Prepared, ...]] = {}  # the input of the last run


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
        return file_hashes(paths_in([self.settings["sentences"], self.settings["attention"]]))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What makes the run what it is, as plain values."""
        return self.config.settings()

    @cached_property
    def key(self) -> str:
        """The hash that tells this run from any other."""
        return self.planned or fingerprint(self.settings, self.inputs)


def paths_in(settings: Any) -> Iterator[str]:
    """Every file that settings name: the sentences', and those of masks and biases.

    >>> list(paths_in({"mask": [{"matrix": {"path": "mask.csv"}}], "path": None}))
    ['mask.csv']
    """
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            if name == "path" and isinstance(value, str):
                yield value
            else:
                yield from paths_in(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from paths_in(value)


@single_threaded_blas  # by as many threads as a machine has, BLAS would round as it has cores
def compute(job: Job) -> tuple[Result, float]:
    """The results of a job, and the seconds they took."""
    start = time.perf_counter()
    result = run(job.config, prepared(job.config))
    return result, time.perf_counter() - start


def prepared(config: Config) -> tuple[Prepared, ...]:
    """The input of a run, made once for those that follow one another and share it."""
    try:
        files = file_hashes(paths_in(config.sentences.model_dump()))
    except OSError:
        return prepare(config)  # which says what is wrong with the file
    parts = (config.sentences, config.embeddings, config.projection, config.layers)
    checked = checked_by_prepare(config)
    mark = json.dumps([config.seed, files, checked, *(part.model_dump_json() for part in parts)])
    if mark not in PREPARED:
        PREPARED.clear()
        PREPARED[mark] = prepare(config)
    return PREPARED[mark]


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
        reading(result, job.config),
        job.settings,
        job.overrides,
        lambda: {**about, "seconds": round(seconds + time.perf_counter() - start, 4)},
    )
