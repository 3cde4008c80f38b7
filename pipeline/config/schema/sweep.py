"""Sweep: how several runs are carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from pipeline.config.schema.section import Section
from pipeline.config.validators import flag, integer, non_empty, one_of, optional, times_or_seeds

STORES = ("all", "metrics")
RESULTS = ("shared", "return")


@dataclass(frozen=True)
class Engine:
    """What is known about an engine before it is imported."""

    about: str  # where it makes the runs
    needs: str | None = None  # a package of the extra `cluster`
    is_parallel: bool = True  # whether it makes several runs at a time


# name → engine: the function of that name in pipeline/sweep/engines/<name>.py.
ENGINES = {
    "inline": Engine("this process, one run after another", is_parallel=False),
    "local": Engine("processes of this machine"),
    "dask": Engine("the workers of a Dask scheduler", needs="distributed"),
}


class Dask(Section):
    """The engine dask."""

    address: Annotated[str | None, optional(non_empty("a scheduler's address"))] = Field(
        description="the address of a running scheduler, such as tcp://10.0.0.1:8786; null starts "
        "workers on this machine"
    )


class SweepSettings(Section):
    """How a sweep is carried out; the results of its runs do not depend on it."""

    engine: Annotated[str, one_of(ENGINES)] = Field(
        description="where the runs are made: "
        + "; ".join(f"{name} in {engine.about}" for name, engine in ENGINES.items())
    )
    workers: Annotated[int | None, optional(integer(1, 4096))] = Field(
        description="the number of runs made at a time; null for one per core"
    )
    fail_fast: Annotated[bool, flag()] = Field(
        description="whether the first run that fails ends the sweep"
    )
    store: Annotated[str, one_of(STORES)] = Field(
        description="what is stored of each run: all is a folder with its files, metrics one row "
        "of numbers"
    )
    results: Annotated[str, one_of(RESULTS)] = Field(
        description="who writes the run folders: shared is the workers, on a file system that they "
        "share with this process; return sends the files to this process"
    )
    dask: Dask = Field(description="settings of the engine dask")


Repeats = Annotated[
    int | tuple[int, ...],
    times_or_seeds(),
    Field(
        description="how many times a sweep runs each setting, with the seeds seed, seed + 1, …; "
        "or the list of these seeds"
    ),
]
Where = Annotated[
    str | None,
    optional(non_empty("a condition")),
    Field(
        description="the condition that the runs of a sweep must meet, such as "
        "attention.temperature < 1; null for all"
    ),
]
