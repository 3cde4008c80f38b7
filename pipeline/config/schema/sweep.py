"""Sweep: how several runs are carried out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.config.schema.section import Section
from pipeline.config.validators import flag, integer, non_empty, one_of, optional, times_or_seeds

ENGINES = ("inline", "local", "dask")  # each a file of pipeline/sweep/engines
STORES = ("all", "metrics")
RESULTS = ("shared", "return")


class Dask(Section):
    """Where the engine dask finds its workers."""

    address: Annotated[str | None, optional(non_empty("a scheduler's address"))] = Field(
        description="of a running scheduler; null starts workers on this machine"
    )


class SweepSettings(Section):
    """How a sweep is carried out; nothing of it changes what a run computes."""

    engine: Annotated[str, one_of(ENGINES)] = Field(description="what carries the runs out")
    workers: Annotated[int | None, optional(integer(1, 4096))] = Field(
        description="processes at a time; null for all cores"
    )
    fail_fast: Annotated[bool, flag()] = Field(description="whether the first failure ends it")
    store: Annotated[str, one_of(STORES)] = Field(
        description="all: a folder a run; metrics: a row a run and no folders"
    )
    results: Annotated[str, one_of(RESULTS)] = Field(
        description="shared: run folders are written by the workers; return: by who started them"
    )
    dask: Dask = Field(description="the engine dask")


Repeats = Annotated[
    int | tuple[int, ...],
    times_or_seeds(),
    Field(description="how often a sweep runs each setting, over seeds seed, seed+1 …, or a list"),
]
Where = Annotated[
    str | None,
    optional(non_empty("a condition")),
    Field(description="what the runs of a sweep must meet"),
]
