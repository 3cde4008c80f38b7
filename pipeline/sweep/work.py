"""The work of one run of a sweep, from plain data to a ledger entry; the same on every engine."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.compare.read import is_done
from pipeline.compare.shapes import ENTRY, SCALARS, read_json
from pipeline.config import validate
from pipeline.faults import Fault
from pipeline.identity import FORMAT, code_version, fingerprint
from pipeline.perform import Job, compute, paths_in, record
from pipeline.records import Result
from pipeline.store import Unwritable, appearing, contents, write_failure, writing

Entry = dict[str, Any]  # a line of the ledger


@dataclass(frozen=True, eq=False)
class Task:
    """A run as plain values, as it is handed to a worker."""

    run: str  # its folder's name
    key: str
    settings: Mapping[str, Any]  # the whole configuration but for the study
    choices: Mapping[str, str]
    overrides: Sequence[str]
    code: str  # the version of the code that planned it

    def job(self) -> Job:
        """The run as it is performed."""
        config = validate({**self.settings, "study": None})
        return Job(config, self.choices, tuple(self.overrides), self.key)


def into_folder(task: Task, runs: Path) -> Entry:
    """Makes the run and its folder below `runs`; a failure leaves its traceback there.

    A folder that is there already was made by a worker that died after it: it is read. A disk that
    takes no more is no failure of the run, and ends the sweep.
    """
    folder = runs / task.run
    if is_done(folder):
        return read_entry(folder)
    start = time.perf_counter()
    job = task.job()
    try:
        refuse_changed_inputs(task, job)
        result, seconds = compute(job)
        fill(folder, lambda beside: record(job, result, beside, seconds))
    except Unwritable:
        raise
    except Exception as error:
        about = {"format": FORMAT, "status": "failed", "key": task.key, "error": str(error)}
        told, settings = traceback.format_exc(), job.config.settings()
        fill(folder, lambda beside: write_failure(beside, settings, job.overrides, told, about))
        return failed(task, error, time.perf_counter() - start)
    return done(task, result, time.perf_counter() - start)


def fill(folder: Path, write: Callable[[Path], None]) -> None:
    """Makes the run's folder; one that the orphan of a killed sweep made meanwhile stays.

    It was made of the same run, so it holds the same.
    """
    try:
        with writing(folder), appearing(folder) as beside:
            write(beside)
    except Unwritable:
        if not (folder / "run.json").exists():
            raise


def returned(task: Task) -> Entry:
    """Makes the run on a machine that does not see the sweep's folder; its files come along."""
    with TemporaryDirectory(prefix="attention-lab-") as place:
        entry = into_folder(task, Path(place))
        return {**entry, "files": contents(Path(place) / task.run)}


def measured(task: Task) -> Entry:
    """Makes the run and keeps its numbers alone; a failure's traceback is in its entry."""
    start = time.perf_counter()
    try:
        job = task.job()
        refuse_changed_inputs(task, job)
        result, seconds = compute(job)
    except Exception as error:
        told = traceback.format_exc()
        return {**failed(task, error, time.perf_counter() - start), "traceback": told}
    return done(task, result, seconds)


def refuse_changed_inputs(task: Task, job: Job) -> None:
    """A run whose files are no longer those of the plan would be another run."""
    if task.code != code_version():
        raise Fault("the code of this worker is not the code that the sweep was planned with")
    files = list(paths_in([task.settings["sentences"], task.settings["attention"]]))
    if files and fingerprint(job.settings, job.inputs) != task.key:
        raise Fault(f"{', '.join(files)}: changed since the sweep was planned")


def done(task: Task, result: Result, seconds: float) -> Entry:
    """The entry of a run that went well: all that summaries read of it."""
    return {
        **head(task, "done", seconds),
        "scalars": dict(result.scalars),
        "vectors": result.outcomes[0].embedded.source,
        "notices": list(result.notices),
    }


def failed(task: Task, error: BaseException | str, seconds: float = 0.0) -> Entry:
    """The entry of a run that failed, with the first line of why."""
    told = str(error).partition("\n")[0] or repr(error)
    return {**head(task, "failed", seconds), "error": told}


def head(task: Task, status: str, seconds: float) -> Entry:
    """What every entry begins with."""
    return {"run": task.run, "key": task.key, "status": status, "seconds": round(seconds, 4)}


def read_entry(folder: Path) -> Entry:
    """The entry of a finished run, from its folder."""
    about = read_json(folder / "run.json", ENTRY, "sweep")
    return {
        "run": folder.name,
        **{name: about[name] for name in ("key", "status", "seconds")},
        "scalars": read_json(folder / "summary.json", SCALARS, "sweep"),
        **{name: about[name] for name in ("vectors", "notices")},
    }
