"""The ledger: one append-only file, a line a finished run; the truth about a sweep."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Ledger:
    """Lines of JSON, each flushed to the disk when its run has ended."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Mapping[str, Any]) -> None:
        """One run that ended, done or failed."""
        line = json.dumps(dict(entry), ensure_ascii=False).encode() + b"\n"
        with self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # whoever wrote last was killed on the way
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> dict[str, dict[str, Any]]:
        """Run folder → its last entry; a torn or foreign line is passed over."""
        found: dict[str, dict[str, Any]] = {}
        if not self.path.exists():
            return found
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
                found[entry["run"]] = entry
            except (ValueError, KeyError, TypeError):
                continue
        return found
