"""Progress of a sweep on standard error: a bar on a terminal, a line every few seconds elsewhere.

Failures are printed when they happen, above the bar.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

LINE_SECONDS = 5.0  # between two lines where there is no terminal
BAR_SECONDS = 0.1  # between two states of the bar: drawing it takes longer than a small run
MAX_FAILURES_PRINTED = 20  # failures printed one by one; all are counted, and listed at the end

Entry = dict[str, Any]


def progress(entries: Iterable[Entry], total: int) -> Iterator[Entry]:
    """Passes the entries on, and shows how many are done, how many failed and the time left."""
    yield from (with_bar if sys.stderr.isatty() else with_lines)(entries, total)


def with_bar(entries: Iterable[Entry], total: int) -> Iterator[Entry]:
    """A bar with the rate and the time left."""
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
            if failure := count.add(entry):
                bar.console.print(failure)
            if count.is_due(BAR_SECONDS):
                text, rate = f"runs{count.failures}", f"{count.rate:.3g} a second"
                bar.update(task, completed=count.done, description=text, rate=rate)
            yield entry


def with_lines(entries: Iterable[Entry], total: int) -> Iterator[Entry]:
    """A line every few seconds, and one at the end."""
    count = Count(total)
    for entry in entries:
        text = count.add(entry)
        if count.is_due(LINE_SECONDS):
            text = "\n".join(filter(None, (text, count.line())))
        if text:
            print(text, file=sys.stderr, flush=True)
        yield entry


class Count:
    """How many runs are done and how many of them failed, and when that was last shown."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.failed = total, 0, 0
        self.start = self.last = time.monotonic()  # never goes backwards

    def add(self, entry: Entry) -> str:
        """Counts a run; returns the line to print where it failed."""
        self.done += 1
        if entry["status"] != "failed":
            return ""
        self.failed += 1
        if self.failed > MAX_FAILURES_PRINTED:
            return ""
        more = (
            "; more of them are counted, and listed at the end"
            if self.failed == MAX_FAILURES_PRINTED
            else ""
        )
        return f"Failed: {entry['run']}: {entry['error']}{more}"

    def is_due(self, interval: float) -> bool:
        """Whether it is time to show the state again; if so, it counts as shown."""
        now = time.monotonic()
        if now - self.last < interval and self.done < self.total:
            return False
        self.last = now
        return True

    @property
    def rate(self) -> float:
        """Runs a second, so far."""
        return self.done / max(time.monotonic() - self.start, 1e-9)

    @property
    def failures(self) -> str:
        """The number of failures in words; empty where there are none."""
        return f", {self.failed} failed" if self.failed else ""

    def line(self) -> str:
        """The state in one line.

        >>> count = Count(2)
        >>> count.add({"status": "done"}), count.add({"status": "failed", "run": "b", "error": "c"})
        ('', 'Failed: b: c')
        >>> count.line()
        '2 of 2 runs, 1 failed, 0 s'
        """
        elapsed = time.monotonic() - self.start
        left = (self.total - self.done) / self.rate
        times = f"{self.rate:.3g} a second, {left:.0f} s left" if left else f"{elapsed:.0f} s"
        return f"{self.done} of {self.total} runs{self.failures}, {times}"
