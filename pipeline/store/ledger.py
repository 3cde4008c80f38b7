"""The ledger of a sweep: an append-only file with one line per run that ended.

The lines are in the order in which the runs ended, and `seconds` is measured: like the `seconds` of
each run.json, they may differ between two sweeps of the same plan. Nothing else does.
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

FSYNC_SECONDS = 0.2  # between fsyncs: what a power failure may cost; a killed process costs nothing

STATUSES = ("done", "failed")


class Ledger:
    """Lines of JSON. Anyone may read; only the process that has locked it appends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: IO[bytes] | None = None
        self.synced = 0.0  # time.monotonic() of the last fsync

    @contextmanager
    def locked(self) -> Iterator[Ledger]:
        """Locks the ledger for appending; the lock ends with the process."""
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
        """One run that ended, done or failed: written at once, synced to disk soon after."""
        assert self.file, "the ledger is not locked"
        text = json.dumps(undefined_as_null(entry), ensure_ascii=False, separators=(",", ":"))
        line = text.encode() + b"\n"
        if self.file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if time.monotonic() - self.synced > FSYNC_SECONDS:
            os.fsync(self.file.fileno())
            self.synced = time.monotonic()

    def entries(self) -> dict[str, dict[str, Any]]:
        """Run → its last entry; a torn or unknown line is skipped."""
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
    """Ends the last line if the process that wrote it was killed."""
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
