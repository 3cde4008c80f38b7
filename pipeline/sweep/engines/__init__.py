"""Engines: what carries the runs of a sweep out; one file each, and one entry here.

An engine takes tasks, a function that makes an entry of a task and may be pickled, and the
settings `sweep`. It yields the entries as they come, in any order. What the function raises ends
the sweep; a worker that dies costs only the task it was on, which is tried once more. Closing the
generator stops the workers. Whatever an engine needs is imported when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from pipeline.config import Sweeping
from pipeline.sweep.engines.inline import inline
from pipeline.sweep.engines.local import local
from pipeline.sweep.work import Entry, Task

Engine = Callable[[Iterable[Task], Callable[[Task], Entry], Sweeping], Generator[Entry]]

ENGINES: dict[str, Engine] = {"inline": inline, "local": local}

__all__ = ["ENGINES", "Engine"]
