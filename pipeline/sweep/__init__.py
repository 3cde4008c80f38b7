"""Sweeps: plan → engine → ledger → summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.identity import FORMAT, provenance
from pipeline.store import ROOT, claim_sweep, shown, whole_or_gone, write_json, writing
from pipeline.sweep.engine import run_all
from pipeline.sweep.ledger import Ledger
from pipeline.sweep.plan import Plan
from pipeline.sweep.progress import progress
from pipeline.sweep.summary import summarize
from pipeline.terminal import console


def sweep(plan: Plan) -> int:
    """Runs the plan into a folder of its own; the exit code is 1 where a run failed."""
    folder = claim_sweep(ROOT / plan.config.outputs, plan.name)
    with whole_or_gone(folder):
        write_json(folder / "plan.json", as_record(plan))
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


def as_record(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: what is asked, what varies, and every run that will be made."""
    return {
        "format": FORMAT,
        "name": plan.name,
        "overrides": list(plan.overrides),
        "study": plan.study.model_dump(mode="json") if plan.study else None,
        "axes": [{"settings": axis.keys, "values": axis.values} for axis in plan.axes],
        "runs": [
            {
                "run": point.folder,
                "key": point.key,
                "varied": dict(point.varied),
                "overrides": point.job.overrides,
            }
            for point in plan.points
        ],
        **provenance(),
    }
