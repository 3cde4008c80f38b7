"""A sweep, carried out: what is missing is run, the ledger kept, and the end told."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

from pipeline.base.console import console
from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT, display_path
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
from pipeline.sweep.engines import ENGINES, require
from pipeline.sweep.engines.launcher import chosen_launcher, launcher
from pipeline.sweep.entries import Entry, Task
from pipeline.sweep.execute.progress import progress
from pipeline.sweep.execute.reconcile import FINISHED, RECONCILE, ExpectedRuns
from pipeline.sweep.execute.tasks import run_and_send, run_metrics_only, run_to_folder
from pipeline.sweep.plan.plan import Plan
from pipeline.sweep.plan_file import write_plan
from pipeline.sweep.results.shard_rows import write_shards
from pipeline.sweep.results.summary import summarize

SHOWN = 20  # failures listed at the end
INTERRUPTED = 130
ENDS = ("figures", "rows")  # folders that the end writes to, and may be killed at


def sweep(plan: Plan) -> int:
    """Runs the plan into a folder of its own."""
    check(plan)
    folder = claim_sweep(ROOT / plan.config.outputs, plan.name)
    with remove_on_error(folder):
        write_plan(plan, folder)
    return carry_out(plan, folder)


def carry_out(plan: Plan, folder: Path, anyway: bool = False) -> int:
    """Runs what is missing or failed; the exit code is 1 where a run failed."""
    wanted = {point.folder: None if anyway else point.key for point in plan.points if alone(point)}
    check(plan)
    ledger = Ledger(folder / "ledger.jsonl")
    with report_disk_errors(folder), ledger.locked():  # what is finished stays
        for place in (folder, *(folder / name for name in ENDS)):
            remove_partial(place)
        done = RECONCILE[plan.config.sweep.store](wanted, folder, ledger, print_note)
        try:
            with report_disk_errors(folder):
                run_missing(plan, folder, ledger, done, len(wanted) - len(done))
        except KeyboardInterrupt:
            done = RECONCILE[plan.config.sweep.store](wanted, folder, ledger, print_note)
            write_rows(plan, folder, ledger.entries())
            counts = f"{len(done)} of {len(wanted)} runs are done"
            print_note(f"Interrupted: {counts}. To go on: {resume_command(folder)}")
            return INTERRUPTED
        except Unwritable as fault:
            raise UserError(*fault.lines, no_room(plan, folder, ledger, wanted)) from fault
        remove_partial(folder / "runs")  # of workers that died
        return conclude(plan, folder, ledger, wanted)


def check(plan: Plan) -> None:
    """A `UserError` where the sweep's engine is not there, or cannot do what is asked of it."""
    settings = plan.config.sweep
    require(settings.engine)
    if (name := chosen_launcher(plan.overrides)) and settings.results == "return":
        raise UserError(
            f"sweep.results: got 'return' with hydra/launcher={name}, whose jobs share a file "
            "system with the caller; expected shared"
        )


def no_room(plan: Plan, folder: Path, ledger: Ledger, wanted: ExpectedRuns) -> str:
    """What became of a sweep whose disk takes no more: what is there, entered or not."""
    done = FINISHED[plan.config.sweep.store](wanted, folder, ledger)
    kept = f"{len(done)} of {len(wanted)} runs are done and kept"
    return f"{kept}; to go on, once there is room: {resume_command(folder)}"


def write_rows(plan: Plan, folder: Path, entries: Mapping[str, Entry]) -> None:
    """The shards of a sweep that keeps no more than a row a run."""
    if plan.config.sweep.store == "metrics":
        write_shards(plan.points, entries, folder)


def alone(point: object) -> bool:
    """Whether a point is run for itself, and not the same as an earlier one."""
    return getattr(point, "same_as", None) is None


def run_missing(plan: Plan, folder: Path, ledger: Ledger, done: set[str], total: int) -> None:
    """Every run that is not done, `total` of them, on the engine that the config names."""
    settings, runs = plan.config.sweep, folder.resolve() / "runs"
    work = work_of(settings, runs)
    engine = ENGINES[settings.engine]
    if chosen_launcher(plan.overrides):
        jobs = folder.resolve() / f"jobs_{datetime.now():%Y-%m-%d_%H-%M-%S.%f}"
        engine = partial(launcher, overrides=plan.overrides, folder=jobs, total=total)
    with closing(engine(tasks(plan, done), work, settings)) as entries:
        for entry in progress(entries, total):
            if files := entry.pop("files", None):
                with atomic_folder(runs / entry["run"]) as beside:
                    write_contents(beside, files)
            ledger.append(entry)
            if settings.fail_fast and entry["status"] == "failed":
                return


def work_of(settings: SweepSettings, runs: Path) -> Callable[[Task], Entry]:
    """What a worker does of a run."""
    if settings.store == "metrics":
        return run_metrics_only
    return run_and_send if settings.results == "return" else partial(run_to_folder, runs=runs)


def tasks(plan: Plan, done: set[str]) -> Iterator[Task]:
    """The runs that are to be made, as plain data."""
    for point in plan.points:
        if alone(point) and point.folder not in done:
            settings = {name: value for name, value in point.settings.items() if name != "study"}
            choices = dict(point.group.composed.choices)
            how = settings, choices, point.commands
            yield Task(point.folder, point.key, *how, code_version())


def conclude(plan: Plan, folder: Path, ledger: Ledger, wanted: ExpectedRuns) -> int:
    """What the finished runs show, and what failed; all of it read from the ledger."""
    entries = {run: entry for run, entry in ledger.entries().items() if run in wanted}
    done = {run: entry for run, entry in entries.items() if entry["status"] == "done"}
    write_rows(plan, folder, entries)
    summarize(plan, folder, done)
    failures = [entry for entry in entries.values() if entry["status"] == "failed"]
    if failures:
        tell_failures(failures, folder)
    if len(entries) < len(wanted):
        left = len(wanted) - len(entries)
        console().print(f"Not run: {left} of {len(wanted)} (sweep.fail_fast)", soft_wrap=True)
    if len(done) < len(wanted):
        console().print(
            f"To run what failed or is missing: {resume_command(folder)}", soft_wrap=True
        )
    print(display_path(folder))
    return int(len(done) < len(wanted))


def tell_failures(failures: list[Entry], folder: Path) -> None:
    """Each failed run, with the place of its traceback."""
    out = console()
    for entry in failures[:SHOWN]:
        traceback = folder / "runs" / entry["run"] / "traceback.txt"
        told = f" (see {display_path(traceback)})" if traceback.exists() else ""
        out.print(f"Failed: {entry['run']}: {entry['error']}{told}", soft_wrap=True)
    if len(failures) > SHOWN:
        out.print(f"and {len(failures) - SHOWN} more; see {display_path(folder)}/ledger.jsonl")


def resume_command(folder: Path) -> str:
    """The command that runs what is missing or failed, and nothing else."""
    return f"make sweep RESUME={shlex.quote(display_path(folder))}"


def print_note(text: str) -> None:
    """A line for people, beside the results."""
    print(text, file=sys.stderr, flush=True)
