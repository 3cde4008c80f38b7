"""Progress of long work, on standard error: a bar on a terminal, a line now and then elsewhere.

Failures are told when they happen, above the bar, so that a log stays whole.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

EVERY = 5.0  # seconds between lines where there is no terminal
DRAWN = 0.1  # seconds between two states of the bar: drawing it takes longer than a small run
TOLD = 20  # failures told one by one; all are counted, and listed at the end

Entry = dict[str, Any]


def progress(entries: Iterable[Entry], total: int) -> Iterator[Entry]:
    """The entries as they come, with how many are done, how many failed and the time left."""
    yield from (with_bar if sys.stderr.isatty() else with_lines)(entries, total)


def with_bar(entries: Iterable[Entry], total: int) -> Iterator[Entry]:
    """A rich bar with rate and time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("runs", total=total, rate="")
        count = Count(total)
        for entry in entries:
            if told := count.add(entry):
                bar.console.print(told)
            if count.due(DRAWN):
                told, rate = f"runs{count.failures}", f"{count.rate:.3g} a second"
                bar.update(task, completed=count.done, description=told, rate=rate)
            yield entry


def with_lines(entries: Iterable[Entry], total: int) -> Iterator[Entry]:
    """A line every few seconds, and one at the end."""
    count = Count(total)
    for entry in entries:
        told = count.add(entry)
        if count.due(EVERY):
            told = "\n".join(filter(None, (told, count.line())))
        if told:
            print(told, file=sys.stderr, flush=True)
        yield entry


class Count:
    """How many runs of a total are done, how many of them failed, and when that was last told."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.failed = total, 0, 0
        self.start = self.last = time.monotonic()  # a clock that is never put back

    def add(self, entry: Entry) -> str:
        """Counts a run; what is to be told of it at once."""
        self.done += 1
        if entry["status"] != "failed":
            return ""
        self.failed += 1
        if self.failed > TOLD:
            return ""
        more = "; more of them are counted, and listed at the end" if self.failed == TOLD else ""
        return f"Failed: {entry['run']}: {entry['error']}{more}"

    def due(self, every: float) -> bool:
        """Whether it is time to tell again, which then counts as told."""
        now = time.monotonic()
        if now - self.last < every and self.done < self.total:
            return False
        self.last = now
        return True

    @property
    def rate(self) -> float:
        """Runs a second, so far."""
        return self.done / max(time.monotonic() - self.start, 1e-9)

    @property
    def failures(self) -> str:
        """The failures, where there are any."""
        return f", {self.failed} failed" if self.failed else ""

    def line(self) -> str:
        """The state of things.

        >>> count = Count(2)
        >>> count.add({"status": "done"}), count.add({"status": "failed", "run": "b", "error": "c"})
        ('', 'Failed: b: c')
        >>> count.line()
        '2 of 2 runs, 1 failed, 0 s'
        """
        taken = time.monotonic() - self.start
        left = (self.total - self.done) / self.rate
        told = f"{self.rate:.3g} a second, {left:.0f} s left" if left else f"{taken:.0f} s"
        return f"{self.done} of {self.total} runs{self.failures}, {told}"
