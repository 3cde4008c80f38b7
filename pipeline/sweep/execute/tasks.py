"""The work of one run of a sweep, from plain data to a ledger entry; the same on every engine."""

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
        check_inputs(task, job)
        result, seconds = compute(job)
        fill_folder(folder, lambda beside: record(job, result, beside, seconds))
    except Unwritable:
        raise
    except Exception as error:
        about = {"format": FORMAT, "status": "failed", "key": task.key, "error": str(error)}
        told, settings = traceback.format_exc(), job.config.settings()
        fill_folder(
            folder, lambda beside: write_failure(beside, settings, job.overrides, told, about)
        )
        return failed_entry(task, error, time.perf_counter() - start)
    return done_entry(task, result, time.perf_counter() - start)


def fill_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Makes the run's folder; one that the orphan of a killed sweep made meanwhile stays.

    It was made of the same run, so it holds the same.
    """
    try:
        with report_disk_errors(folder), atomic_folder(folder) as beside:
            write(beside)
    except Unwritable:
        if not (folder / "run.json").exists():
            raise


def run_and_send(task: Task) -> Entry:
    """Makes the run on a machine that does not see the sweep's folder; its files come along."""
    with TemporaryDirectory(prefix="attention-lab-") as place:
        entry = run_to_folder(task, Path(place))
        return {**entry, "files": read_contents(Path(place) / task.run)}


def run_metrics_only(task: Task) -> Entry:
    """Makes the run and keeps its numbers alone; a failure's traceback is in its entry."""
    start = time.perf_counter()
    try:
        job = task.job()
        check_inputs(task, job)
        result, seconds = compute(job)
    except Exception as error:
        told = traceback.format_exc()
        return {**failed_entry(task, error, time.perf_counter() - start), "traceback": told}
    return done_entry(task, result, seconds)


def check_inputs(task: Task, job: Job) -> None:
    """A run whose files are no longer those of the plan would be another run."""
    if task.code != code_version():
        raise UserError("the code of this worker is not the code that the sweep was planned with")
    files = list(input_paths([task.settings["sentences"], task.settings["attention"]]))
    if files and run_key(job.settings, job.inputs) != task.key:
        raise UserError(f"{', '.join(files)}: changed since the sweep was planned")
