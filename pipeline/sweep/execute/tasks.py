"""The work of one run of a sweep, from a task to a ledger entry; the same on every engine."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.base.errors import UserError
from pipeline.runs.job import Job, compute, input_paths, record
from pipeline.store.atomic import Unwritable, atomic_folder, report_disk_errors
from pipeline.store.key import code_version, run_key
from pipeline.store.read.run import is_done
from pipeline.store.schema import FORMAT
from pipeline.store.write.run import read_contents, write_failure
from pipeline.sweep.entries import Entry, Task, done_entry, failed_entry, read_entry


def run_to_folder(task: Task, runs: Path) -> Entry:
    """Makes the run and its folder in `runs`; a failed run leaves its traceback there.

    A folder that exists was made by a worker that died just after: it is read. A full disk is no
    failure of the run and ends the sweep.
    """
    folder = runs / task.run
    if is_done(folder):
        return read_entry(folder)
    start = time.perf_counter()
    job = task.job()
    try:
        check_inputs(task, job)
        result, seconds = compute(job)
        fill_folder(folder, lambda path: record(job, result, path, seconds))
    except Unwritable:
        raise
    except Exception as error:
        run_json = {"format": FORMAT, "status": "failed", "key": task.key, "error": str(error)}
        text, settings = traceback.format_exc(), job.config.settings()
        fill_folder(
            folder, lambda path: write_failure(path, settings, job.overrides, text, run_json)
        )
        return failed_entry(task, error, time.perf_counter() - start)
    return done_entry(task, result, time.perf_counter() - start)


def fill_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Makes the run's folder, unless a worker that a killed sweep left behind just made it.

    That is the same run, so its files are the same.
    """
    try:
        with report_disk_errors(folder), atomic_folder(folder) as partial_folder:
            write(partial_folder)
    except Unwritable:
        if not (folder / "run.json").exists():
            raise


def run_and_send(task: Task) -> Entry:
    """Makes the run where the sweep's folder cannot be reached; its files are in the entry."""
    with TemporaryDirectory(prefix="attention-lab-") as runs:
        entry = run_to_folder(task, Path(runs))
        return {**entry, "files": read_contents(Path(runs) / task.run)}


def run_metrics_only(task: Task) -> Entry:
    """Makes the run and returns its numbers alone; a failure's traceback is in its entry."""
    start = time.perf_counter()
    try:
        job = task.job()
        check_inputs(task, job)
        result, seconds = compute(job)
    except Exception as error:
        entry = failed_entry(task, error, time.perf_counter() - start)
        return {**entry, "traceback": traceback.format_exc()}
    return done_entry(task, result, seconds)


def check_inputs(task: Task, job: Job) -> None:
    """A `UserError` where the code or an input file is not what the plan was made with."""
    if task.code != code_version():
        raise UserError("the code of this worker is not the code that the sweep was planned with")
    files = list(input_paths([task.settings["sentences"], task.settings["attention"]]))
    if files and run_key(job.settings, job.inputs) != task.key:
        raise UserError(f"{', '.join(files)}: changed since the sweep was planned")
