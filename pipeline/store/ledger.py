"""The ledger: one append-only file, a line a run that ended; with the run folders the truth.

Its order is the order in which the runs ended, and its `seconds` are this machine's: beside the
`seconds` of each run.json, they are all that differs between two sweeps of one plan.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pipeline.base.errors import UserError
from pipeline.base.paths import display_path
from pipeline.base.serialize import undefined_as_null

EVERY = 0.2  # seconds between two fsyncs: what a failing machine may cost, a killed process none

STATUSES = ("done", "failed")


class Ledger:
    """Lines of JSON. Anyone may read them; whoever holds the ledger, and nobody else, appends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: IO[bytes] | None = None
        self.synced = 0.0  # when, on the clock that never goes back

    @contextmanager
    def locked(self) -> Iterator[Ledger]:
        """Appending, for one process at a time; the system lets go when that process dies."""
        with self.path.open("ab+", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"resume: {display_path(self.path.parent)} is being run by another process; "
                    "wait until it ends, or stop it"
                ) from None
            end_torn_line(file)
            self.file = file
            try:
                yield self
            finally:
                self.file = None
                os.fsync(file.fileno())

    def append(self, entry: Mapping[str, Any]) -> None:
        """One run that ended, done or failed: with the system at once, on the disk soon after."""
        assert self.file, "the ledger is not held"
        text = json.dumps(undefined_as_null(entry), ensure_ascii=False, separators=(",", ":"))
        line = text.encode() + b"\n"
        if self.file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if time.monotonic() - self.synced > EVERY:
            os.fsync(self.file.fileno())
            self.synced = time.monotonic()

    def entries(self) -> dict[str, dict[str, Any]]:
        """Run → its last entry; a torn or foreign line is passed over."""
        found: dict[str, dict[str, Any]] = {}
        if not self.path.exists():
            return found
        with self.path.open("rb") as file:
            for line in file:
                try:
                    entry = json.loads(line)
                    if entry["status"] in STATUSES:
                        found[entry["run"]] = entry
                except (ValueError, KeyError, TypeError):
                    continue
        return found


def end_torn_line(file: IO[bytes]) -> None:
    """A line end, where whoever wrote last was killed on the way."""
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
