"""inline: one run after another in this process, where a debugger can follow."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from pipeline.config.schema.sweep import SweepSettings
from pipeline.sweep.entries import Entry, Task


def inline(
    tasks: Iterable[Task], work: Callable[[Task], Entry], settings: SweepSettings
) -> Generator[Entry]:
    """The entries in the order of the tasks."""
    yield from map(work, tasks)
