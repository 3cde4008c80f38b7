"""The end of a sweep: what its finished runs show and which failed, all read from the ledger."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from pipeline.base.console import console
from pipeline.base.paths import display_path
from pipeline.store.ledger import Ledger
from pipeline.sweep.entries import Entry
from pipeline.sweep.execute.reconcile import ExpectedRuns
from pipeline.sweep.plan.plan import Plan
from pipeline.sweep.results.shard_rows import write_shards
from pipeline.sweep.results.summary import summarize

MAX_LISTED = 20  # failures listed


def conclude(plan: Plan, folder: Path, ledger: Ledger, expected: ExpectedRuns) -> int:
    """Writes and prints the results; the exit code is 1 where a run failed or is missing."""
    entries = {run: entry for run, entry in ledger.entries().items() if run in expected}
    done = {run: entry for run, entry in entries.items() if entry["status"] == "done"}
    write_rows(plan, folder, entries)
    summarize(plan, folder, done)
    failures = [entry for entry in entries.values() if entry["status"] == "failed"]
    if failures:
        show_failures(failures, folder)
    out = console()
    if len(entries) < len(expected):
        missing = len(expected) - len(entries)
        out.print(f"Not run: {missing} of {len(expected)} (sweep.fail_fast)", soft_wrap=True)
    if len(done) < len(expected):
        out.print(f"To run what failed or is missing: {resume_command(folder)}", soft_wrap=True)
    print(display_path(folder))
    return int(len(done) < len(expected))


def write_rows(plan: Plan, folder: Path, entries: Mapping[str, Entry]) -> None:
    """The rows of a sweep that stores one row per run."""
    if plan.config.sweep.store == "metrics":
        write_shards(plan.points, entries, folder)


def show_failures(failures: list[Entry], folder: Path) -> None:
    """Each failed run, with the file of its traceback."""
    out = console()
    for entry in failures[:MAX_LISTED]:
        traceback = folder / "runs" / entry["run"] / "traceback.txt"
        see = f" (see {display_path(traceback)})" if traceback.exists() else ""
        out.print(f"Failed: {entry['run']}: {entry['error']}{see}", soft_wrap=True)
    if len(failures) > MAX_LISTED:
        out.print(f"and {len(failures) - MAX_LISTED} more; see {display_path(folder)}/ledger.jsonl")


def resume_command(folder: Path) -> str:
    """The command that makes what is missing or failed, and nothing else."""
    return f"make sweep RESUME={shlex.quote(display_path(folder))}"
