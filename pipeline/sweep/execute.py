"""A sweep, carried out: what is missing is run, the ledger kept, and the end told."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

from pipeline.config import Sweeping
from pipeline.faults import Fault
from pipeline.identity import code_version
from pipeline.ledger import Ledger
from pipeline.store import (
    ROOT,
    Unwritable,
    appearing,
    claim_sweep,
    clear_parts,
    shown,
    whole_or_gone,
    write_contents,
    writing,
)
from pipeline.sweep.engines import ENGINES, require
from pipeline.sweep.engines.launcher import chosen, launcher
from pipeline.sweep.plan import Plan
from pipeline.sweep.progress import progress
from pipeline.sweep.record import write_plan
from pipeline.sweep.settle import SETTLED, THERE, Wanted
from pipeline.sweep.shards import write_shards
from pipeline.sweep.summary import summarize
from pipeline.sweep.work import Entry, Task, into_folder, measured, returned
from pipeline.terminal import console

SHOWN = 20  # failures listed at the end
INTERRUPTED = 130
ENDS = ("figures", "rows")  # folders that the end writes to, and may be killed at


def sweep(plan: Plan) -> int:
    """Runs the plan into a folder of its own."""
    check(plan)
    folder = claim_sweep(ROOT / plan.config.outputs, plan.name)
    with whole_or_gone(folder):
        write_plan(plan, folder)
    return carry_out(plan, folder)


def carry_out(plan: Plan, folder: Path, anyway: bool = False) -> int:
    """Runs what is missing or failed; the exit code is 1 where a run failed."""
    wanted = {point.folder: None if anyway else point.key for point in plan.points if alone(point)}
    check(plan)
    ledger = Ledger(folder / "ledger.jsonl")
    with writing(folder), ledger.held():  # what is finished stays
        for place in (folder, *(folder / name for name in ENDS)):
            clear_parts(place)
        done = SETTLED[plan.config.sweep.keep](wanted, folder, ledger, tell)
        try:
            with writing(folder):
                run_missing(plan, folder, ledger, done, len(wanted) - len(done))
        except KeyboardInterrupt:
            done = SETTLED[plan.config.sweep.keep](wanted, folder, ledger, tell)
            write_rows(plan, folder, ledger.entries())
            counts = f"{len(done)} of {len(wanted)} runs are done"
            tell(f"Interrupted: {counts}. To go on: {again(folder)}")
            return INTERRUPTED
        except Unwritable as fault:
            raise Fault(*fault.lines, no_room(plan, folder, ledger, wanted)) from fault
        clear_parts(folder / "runs")  # of workers that died
        return conclude(plan, folder, ledger, wanted)


def check(plan: Plan) -> None:
    """A `Fault` where the sweep's engine is not there, or cannot do what is asked of it."""
    settings = plan.config.sweep
    require(settings.engine)
    if (name := chosen(plan.overrides)) and settings.results == "return":
        raise Fault(
            f"sweep.results: got 'return' with hydra/launcher={name}, whose jobs share a file "
            "system with the caller; expected shared"
        )


def no_room(plan: Plan, folder: Path, ledger: Ledger, wanted: Wanted) -> str:
    """What became of a sweep whose disk takes no more: what is there, entered or not."""
    done = THERE[plan.config.sweep.keep](wanted, folder, ledger)
    kept = f"{len(done)} of {len(wanted)} runs are done and kept"
    return f"{kept}; to go on, once there is room: {again(folder)}"


def write_rows(plan: Plan, folder: Path, entries: Mapping[str, Entry]) -> None:
    """The shards of a sweep that keeps no more than a row a run."""
    if plan.config.sweep.keep == "metrics":
        write_shards(plan.points, entries, folder)


def alone(point: object) -> bool:
    """Whether a point is run for itself, and not the same as an earlier one."""
    return getattr(point, "same_as", None) is None


def run_missing(plan: Plan, folder: Path, ledger: Ledger, done: set[str], total: int) -> None:
    """Every run that is not done, `total` of them, on the engine that the config names."""
    settings, runs = plan.config.sweep, folder.resolve() / "runs"
    work = work_of(settings, runs)
    engine = ENGINES[settings.engine]
    if chosen(plan.overrides):
        jobs = folder.resolve() / f"jobs_{datetime.now():%Y-%m-%d_%H-%M-%S.%f}"
        engine = partial(launcher, overrides=plan.overrides, folder=jobs, total=total)
    with closing(engine(tasks(plan, done), work, settings)) as entries:
        for entry in progress(entries, total):
            if files := entry.pop("files", None):
                with appearing(runs / entry["run"]) as beside:
                    write_contents(beside, files)
            ledger.append(entry)
            if settings.fail_fast and entry["status"] == "failed":
                return


def work_of(settings: Sweeping, runs: Path) -> Callable[[Task], Entry]:
    """What a worker does of a run."""
    if settings.keep == "metrics":
        return measured
    return returned if settings.results == "return" else partial(into_folder, runs=runs)


def tasks(plan: Plan, done: set[str]) -> Iterator[Task]:
    """The runs that are to be made, as plain data."""
    for point in plan.points:
        if alone(point) and point.folder not in done:
            settings = {name: value for name, value in point.settings.items() if name != "study"}
            choices = dict(point.base.composed.choices)
            how = settings, choices, point.commands
            yield Task(point.folder, point.key, *how, code_version())


def conclude(plan: Plan, folder: Path, ledger: Ledger, wanted: Wanted) -> int:
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
        console().print(f"To run what failed or is missing: {again(folder)}", soft_wrap=True)
    print(shown(folder))
    return int(len(done) < len(wanted))


def tell_failures(failures: list[Entry], folder: Path) -> None:
    """Each failed run, with the place of its traceback."""
    out = console()
    for entry in failures[:SHOWN]:
        traceback = folder / "runs" / entry["run"] / "traceback.txt"
        told = f" (see {shown(traceback)})" if traceback.exists() else ""
        out.print(f"Failed: {entry['run']}: {entry['error']}{told}", soft_wrap=True)
    if len(failures) > SHOWN:
        out.print(f"and {len(failures) - SHOWN} more; see {shown(folder)}/ledger.jsonl")


def again(folder: Path) -> str:
    """The command that runs what is missing or failed, and nothing else."""
    return f"make sweep RESUME={shlex.quote(shown(folder))}"


def tell(text: str) -> None:
    """A line for people, beside the results."""
    print(text, file=sys.stderr, flush=True)
