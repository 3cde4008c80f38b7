"""Sweeps: plan → engine → ledger → summary."""

from __future__ import annotations

from pathlib import Path

from pipeline.store import ROOT, claim_sweep, shown, whole_or_gone, writing
from pipeline.sweep.engine import run_all
from pipeline.sweep.ledger import Ledger
from pipeline.sweep.plan import Plan
from pipeline.sweep.progress import progress
from pipeline.sweep.record import write_plan
from pipeline.sweep.summary import summarize
from pipeline.terminal import console


def sweep(plan: Plan) -> int:
    """Runs the plan into a folder of its own; the exit code is 1 where a run failed."""
    folder = claim_sweep(ROOT / plan.config.outputs, plan.name)
    with whole_or_gone(folder):
        write_plan(plan, folder)
    with writing(folder):  # from here on, what is finished stays
        return execute(plan, folder)


def execute(plan: Plan, folder: Path) -> int:
    """The runs of a plan into its folder, a ledger line each, and what they show."""
    ledger = Ledger(folder / "ledger.jsonl")
    for entry in progress(run_all(plan, folder), len(plan.points)):
        ledger.append(entry)
    entries = ledger.entries()
    summarize(plan, folder, {run for run, entry in entries.items() if entry["status"] == "done"})
    failed = [entry for entry in entries.values() if entry["status"] == "failed"]
    for entry in failed:
        told = f"{shown(folder)}/runs/{entry['run']}/traceback.txt"
        console().print(f"Failed: {entry['run']}: {entry['error']} (see {told})", soft_wrap=True)
    print(shown(folder))
    return 1 if failed else 0
