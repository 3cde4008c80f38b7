"""Engines: what carries the runs of a sweep out; one file each, and one entry here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from importlib.util import find_spec

from pipeline.base.errors import UserError
from pipeline.config.schema.sweep import SweepSettings
from pipeline.sweep.engines.dask import dask
from pipeline.sweep.engines.inline import inline
from pipeline.sweep.engines.local import local
from pipeline.sweep.entries import Entry, Task

Engine = Callable[[Iterable[Task], Callable[[Task], Entry], SweepSettings], Generator[Entry]]

ENGINES: dict[str, Engine] = {"inline": inline, "local": local, "dask": dask}
EXTRAS = {"dask": "distributed"}  # what an engine needs beyond the usual, of the extra cluster


def require(engine: str) -> None:
    """A `UserError` where what an engine needs is not installed."""
    needed = EXTRAS.get(engine)
    if needed and find_spec(needed) is None:
        raise UserError(
            f"sweep.engine: {engine} needs {needed}, which is not installed; "
            "expected: make setup EXTRAS=cluster"
        )
