"""Engines: what carries the runs of a sweep out; one file each, and one entry here.

An engine takes tasks, a function that makes an entry of a task and may be pickled, and the
settings `sweep`. It yields the entries as they come, in any order. What the function raises ends
the sweep; a worker that dies costs only the task it was on, which is tried once more. Closing the
generator stops the workers. Whatever an engine needs is imported when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from importlib.util import find_spec

from pipeline.config import Sweeping
from pipeline.faults import Fault
from pipeline.sweep.engines.dask import dask
from pipeline.sweep.engines.inline import inline
from pipeline.sweep.engines.local import local
from pipeline.sweep.work import Entry, Task

Engine = Callable[[Iterable[Task], Callable[[Task], Entry], Sweeping], Generator[Entry]]

ENGINES: dict[str, Engine] = {"inline": inline, "local": local, "dask": dask}
EXTRAS = {"dask": "distributed"}  # what an engine needs beyond the usual, of the extra cluster

__all__ = ["ENGINES", "Engine", "require"]


def require(engine: str) -> None:
    """A `Fault` where what an engine needs is not installed."""
    needed = EXTRAS.get(engine)
    if needed and find_spec(needed) is None:
        raise Fault(
            f"sweep.engine: {engine} needs {needed}, which is not installed; "
            "expected: make setup EXTRAS=cluster"
        )
