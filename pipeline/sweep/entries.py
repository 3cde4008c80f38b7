"""Ledger entries of a sweep: one per run that ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.base.records import Result
from pipeline.config.validate import validate
from pipeline.runs.job import Job
from pipeline.store.read.json import LedgerEntry, Scalars, read_json

Entry = dict[str, Any]  # a line of the ledger


@dataclass(frozen=True, eq=False)
class Task:
    """A run as plain values, as it is sent to a worker."""

    run: str  # its folder's name
    key: str
    settings: Mapping[str, Any]  # the whole configuration without the study
    choices: Mapping[str, str]
    overrides: Sequence[str]
    code: str  # the version of the code that planned it

    def job(self) -> Job:
        """The run, validated."""
        config = validate({**self.settings, "study": None})
        return Job(config, self.choices, tuple(self.overrides), self.key)


def done_entry(task: Task, result: Result, seconds: float) -> Entry:
    """The entry of a finished run: all that summaries read of it."""
    return {
        **entry_head(task, "done", seconds),
        "scalars": dict(result.scalars),
        "vectors": result.layers[0].embedded.source,
        "notices": list(result.notices),
    }


def failed_entry(task: Task, error: BaseException | str, seconds: float = 0.0) -> Entry:
    """The entry of a failed run, with the first line of its error."""
    message = str(error).partition("\n")[0] or repr(error)
    return {**entry_head(task, "failed", seconds), "error": message}


def entry_head(task: Task, status: str, seconds: float) -> Entry:
    """What every entry begins with."""
    return {"run": task.run, "key": task.key, "status": status, "seconds": round(seconds, 4)}


def read_entry(folder: Path) -> Entry:
    """The entry of a finished run, from its folder."""
    record = read_json(folder / "run.json", LedgerEntry, "sweep")
    return {
        "run": folder.name,
        **{name: record[name] for name in ("key", "status", "seconds")},
        "scalars": read_json(folder / "summary.json", Scalars, "sweep"),
        **{name: record[name] for name in ("vectors", "notices")},
    }
