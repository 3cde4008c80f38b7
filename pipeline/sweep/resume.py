"""Resume: an earlier sweep is found, planned again, and compared with its plan.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.base.errors import UserError, shorten
from pipeline.base.paths import ROOT, display_path
from pipeline.config.compose import recorded_overrides
from pipeline.store.provenance import provenance
from pipeline.store.read.find import by_time
from pipeline.store.read.json import AnyObject, ResumablePlan, check_record, read_json
from pipeline.store.schema import FORMAT, FORMATS
from pipeline.sweep.plan.plan import Plan

LATEST = "latest"


def find_sweep(name: str, overrides: Sequence[str]) -> Path:
    """The sweep's folder: the newest for `latest`, or a path from here or the repository."""
    if name == LATEST:
        outputs = [o.partition("=")[2].strip("'\"") for o in overrides if o.startswith("outputs=")]
        sweeps = ROOT / (outputs[-1] if outputs else "outputs") / "sweeps"
        plans = by_time(sweeps.glob("*/plan.json"))
        if not plans:
            raise UserError(
                f"resume: no sweep in {display_path(sweeps)}; make one with: make sweep"
            )
        return plans[-1].parent
    for folder in (Path(name), ROOT / name):
        if (folder / "plan.json").exists():
            return folder
    raise UserError(
        f"resume: {name} is not a sweep (it has no plan.json); expected a sweep's folder, "
        f"or {LATEST}"
    )


def read_plan(folder: Path) -> Mapping[str, Any]:
    """The plan that a sweep was begun with; a `UserError` where it cannot be resumed."""
    record = read_json(folder / "plan.json", AnyObject, "resume")
    recorded = record.get("format")
    if recorded != FORMAT:
        older = "; make compare reads it, but it cannot be resumed" if recorded in FORMATS else ""
        raise UserError(
            f"resume: {display_path(folder)}/plan.json has format {shorten(recorded)}, "
            f"expected {FORMAT}{older}"
        )
    check_record(record, ResumablePlan, folder / "plan.json", "resume")
    return record


def resumed_overrides(folder: Path, overrides: Sequence[str]) -> list[str]:
    """The overrides of a sweep: those it was begun with, unless the command line repeats them.

    Overrides of how runs are made, such as `sweep.engine=inline`, may be new each time.
    """
    recorded = read_plan(folder)["overrides"]
    if recorded_overrides(overrides):
        return list(overrides)
    overridden = {override.partition("=")[0] for override in overrides}
    return [*(o for o in recorded if o.partition("=")[0] not in overridden), *overrides]


def resumed_plan(plan: Plan, folder: Path, anyway: bool) -> Plan:
    """The plan, if its runs are those that the sweep was begun with.

    A sweep whose runs would differ today is resumed only with `anyway`: missing runs are then
    made as of today, in the folders that were planned.
    """
    record = read_plan(folder)
    check_same_store(record.get("store"), plan.config.sweep.store, folder)
    before = [(run["run"], run["key"]) for run in record["runs"]]
    if before == [(point.folder, point.key) for point in plan.points]:
        return plan
    if [run["overrides"] for run in record["runs"]] != [
        list(point.overrides) for point in plan.points
    ]:
        raise UserError(
            f"resume: {display_path(folder)} was made of other runs ({len(before)}) than are asked "
            f"for ({len(plan.points)}); expected no overrides, or those it was begun with"
        )
    if not anyway:
        raise UserError(
            f"resume: {display_path(folder)} was begun with {changes_since(record)}, so its runs "
            "would not be the same today; expected an unchanged checkout, or --anyway to keep "
            "what is done and make the rest as of today"
        )
    return replace(plan, points=plan.points.renamed([run for run, _ in before]))


def check_same_store(before: str | None, now: str, folder: Path) -> None:
    """A `UserError` where a sweep would have run folders and rows, some of each."""
    if before not in (None, now):
        raise UserError(
            f"sweep.store: got {now!r} to resume {display_path(folder)}, which was begun with "
            f"{before!r}; expected {before}, or a sweep of its own"
        )


def changes_since(record: Mapping[str, Any]) -> str:
    """What has changed since a sweep was planned."""
    now = provenance()
    if record.get("code") == now.get("code"):
        return "other input files, or other defaults in conf/"
    commits = (str(made_by.get("commit"))[:7] for made_by in (record, now))
    return "other code (commit {}, now {})".format(*commits)
