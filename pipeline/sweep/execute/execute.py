"""A sweep, carried out: missing runs are made, the ledger is kept, and the end is reported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT
from pipeline.config.schema.sweep import SweepSettings
from pipeline.store.atomic import (
    Unwritable,
    atomic_folder,
    remove_on_error,
    remove_partial,
    report_disk_errors,
)
from pipeline.store.key import code_version
from pipeline.store.layout import claim_sweep
from pipeline.store.ledger import Ledger
from pipeline.store.write.run import write_contents
from pipeline.sweep.engines import load_engine, require
from pipeline.sweep.engines.launcher import chosen_launcher, launcher
from pipeline.sweep.entries import Entry, Task
from pipeline.sweep.execute.conclude import conclude, resume_command, write_rows
from pipeline.sweep.execute.progress import progress
from pipeline.sweep.execute.reconcile import FINISHED, RECONCILE, ExpectedRuns
from pipeline.sweep.execute.tasks import run_and_send, run_metrics_only, run_to_folder
from pipeline.sweep.plan.plan import Plan
from pipeline.sweep.plan_file import write_plan

INTERRUPTED = 130
FINAL_FOLDERS = ("figures", "rows")  # written at the end, which may be killed


def sweep(plan: Plan) -> int:
    """Runs the plan into a folder of its own."""
    check(plan)
    folder = claim_sweep(ROOT / plan.config.outputs, plan.name)
    with remove_on_error(folder):
        write_plan(plan, folder)
    return carry_out(plan, folder)


def carry_out(plan: Plan, folder: Path, anyway: bool = False) -> int:
    """Makes what is missing or failed; the exit code is 1 where a run failed."""
    expected = {p.folder: None if anyway else p.key for p in plan.points if p.same_as is None}
    check(plan)
    store = plan.config.sweep.store
    ledger = Ledger(folder / "ledger.jsonl")
    with report_disk_errors(folder), ledger.locked():  # finished runs stay
        for path in (folder, *(folder / name for name in FINAL_FOLDERS)):
            remove_partial(path)
        done = RECONCILE[store](expected, folder, ledger, print_note)
        try:
            with report_disk_errors(folder):
                run_missing(plan, folder, ledger, done, len(expected) - len(done))
        except KeyboardInterrupt:
            done = RECONCILE[store](expected, folder, ledger, print_note)
            write_rows(plan, folder, ledger.entries())
            counts = f"{len(done)} of {len(expected)} runs are done"
            print_note(f"Interrupted: {counts}. To go on: {resume_command(folder)}")
            return INTERRUPTED
        except Unwritable as error:
            raise UserError(*error.lines, disk_full_line(plan, folder, ledger, expected)) from error
        remove_partial(folder / "runs")  # of workers that died
        return conclude(plan, folder, ledger, expected)


def check(plan: Plan) -> None:
    """A `UserError` where the sweep's engine is not installed or does not fit its settings."""
    settings = plan.config.sweep
    require(settings.engine)
    if (name := chosen_launcher(plan.overrides)) and settings.results == "return":
        raise UserError(
            f"sweep.results: got 'return' with hydra/launcher={name}, whose jobs share a file "
            "system with the caller; expected shared"
        )


def disk_full_line(plan: Plan, folder: Path, ledger: Ledger, expected: ExpectedRuns) -> str:
    """How far a sweep came whose disk is full, by its run folders even where not in the ledger."""
    done = FINISHED[plan.config.sweep.store](expected, folder, ledger)
    counts = f"{len(done)} of {len(expected)} runs are done and kept"
    return f"{counts}; to go on, once there is room: {resume_command(folder)}"


def run_missing(plan: Plan, folder: Path, ledger: Ledger, done: set[str], total: int) -> None:
    """Makes every run that is not done, `total` of them, on the engine that the config names."""
    settings, runs = plan.config.sweep, folder.resolve() / "runs"
    engine = load_engine(settings.engine)
    if chosen_launcher(plan.overrides):
        jobs = folder.resolve() / f"jobs_{datetime.now():%Y-%m-%d_%H-%M-%S.%f}"
        engine = partial(launcher, overrides=plan.overrides, folder=jobs, total=total)
    with closing(engine(tasks(plan, done), work_of(settings, runs), settings)) as entries:
        for entry in progress(entries, total):
            if files := entry.pop("files", None):
                with atomic_folder(runs / entry["run"]) as partial_folder:
                    write_contents(partial_folder, files)
            ledger.append(entry)
            if settings.fail_fast and entry["status"] == "failed":
                return


def work_of(settings: SweepSettings, runs: Path) -> Callable[[Task], Entry]:
    """What a worker does for each run."""
    if settings.store == "metrics":
        return run_metrics_only
    return run_and_send if settings.results == "return" else partial(run_to_folder, runs=runs)


def tasks(plan: Plan, done: set[str]) -> Iterator[Task]:
    """The runs that are to be made, as plain values."""
    for point in plan.points:
        if point.same_as is None and point.folder not in done:
            settings = {name: value for name, value in point.settings.items() if name != "study"}
            choices: Mapping[str, str] = dict(point.group.composed.choices)
            yield Task(
                point.folder, point.key, settings, choices, point.all_overrides, code_version()
            )


def print_note(text: str) -> None:
    """Prints a line on standard error, beside the results."""
    print(text, file=sys.stderr, flush=True)
