"""Progress of long work, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

EVERY = 5.0  # seconds between lines where there is no terminal


def progress(entries: Iterable[dict[str, Any]], total: int) -> Iterator[dict[str, Any]]:
    """The entries as they come, with how many are done, how many failed and the time left."""
    if sys.stderr.isatty():
        yield from with_bar(entries, total)
    else:
        yield from with_lines(entries, total)


def with_bar(entries: Iterable[dict[str, Any]], total: int) -> Iterator[dict[str, Any]]:
    """A rich bar with rate and time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    failed = 0
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("runs", total=total)
        for entry in entries:
            failed += entry["status"] == "failed"
            bar.update(task, advance=1, description=f"runs, {failed} failed" if failed else "runs")
            yield entry


def with_lines(entries: Iterable[dict[str, Any]], total: int) -> Iterator[dict[str, Any]]:
    """A line every few seconds, and one at the end."""
    start = last = time.monotonic()
    failed = 0
    for done, entry in enumerate(entries, start=1):
        failed += entry["status"] == "failed"
        now = time.monotonic()
        if now - last >= EVERY or done == total:
            last = now
            left, taken = (now - start) / done * (total - done), now - start
            time_told = f"{left:.0f} s left" if done < total else f"{taken:.0f} s"
            ending = f", {failed} failed" if failed else ""
            print(f"{done} of {total} runs{ending}, {time_told}", file=sys.stderr, flush=True)
        yield entry
