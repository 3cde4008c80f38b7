"""Resume: a sweep that was begun is found, planned again, and held against what it was."""

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
from pipeline.store.schema import BEGUN, FORMAT, OBJECT, check_shape, read_json
from pipeline.sweep.plan.plan import Plan

LATEST = "latest"


def find_sweep(asked: str, overrides: Sequence[str]) -> Path:
    """The sweep's folder: `latest`, the one begun last, or a path from here or the repository."""
    if asked == LATEST:
        given = [o.partition("=")[2].strip("'\"") for o in overrides if o.startswith("outputs=")]
        sweeps = ROOT / (given[-1] if given else "outputs") / "sweeps"
        found = by_time(sweeps.glob("*/plan.json"))
        if not found:
            raise UserError(
                f"resume: no sweep in {display_path(sweeps)}; make one with: make sweep"
            )
        return found[-1].parent
    for folder in (Path(asked), ROOT / asked):
        if (folder / "plan.json").exists():
            return folder
    raise UserError(
        f"resume: {asked} is no sweep (it has no plan.json); expected a sweep's folder, or {LATEST}"
    )


def read_plan(folder: Path) -> Mapping[str, Any]:
    """The plan that a sweep was begun with, or a fault that names what is wrong with it."""
    record = read_json(folder / "plan.json", OBJECT, "resume")
    if record.get("format") != FORMAT:
        raise UserError(
            f"resume: {display_path(folder)}/plan.json has format {shorten(record.get('format'))}, "
            f"expected {FORMAT}"
        )
    check_shape(record, BEGUN, folder / "plan.json", "resume")
    return record


def resumed_overrides(folder: Path, overrides: Sequence[str]) -> list[str]:
    """The overrides of a sweep: those it began with, unless the command line repeats them.

    What says how and not what (`sweep.engine=inline`) may be new each time.
    """
    if recorded_overrides(overrides):
        return list(overrides)
    again = {override.partition("=")[0] for override in overrides}
    recorded = read_plan(folder)["overrides"]
    return [*(o for o in recorded if o.partition("=")[0] not in again), *overrides]


def resumed_plan(plan: Plan, folder: Path, anyway: bool) -> Plan:
    """The plan, if its runs are those that the sweep was begun with.

    A sweep whose runs would come out otherwise today is taken up `anyway` alone: what is missing
    is then made as it would be made today, in the folders that were planned.
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
            f"resume: {display_path(folder)} was made of other runs ({len(before)}) than are asked for "
            f"({len(plan.points)}); expected no overrides, or those it was begun with"
        )
    if not anyway:
        raise UserError(
            f"resume: {display_path(folder)} was begun with {changes_since(record)}, so its runs would not "
            "be the same today; expected an unchanged checkout, or --anyway to keep what is done "
            "and make the rest as of today"
        )
    return replace(plan, points=plan.points.renamed([run for run, _ in before]))


def check_same_store(begun: str | None, asked: str, folder: Path) -> None:
    """A sweep has run folders or rows, not some of each; a plan of old may not say which."""
    if begun not in (None, asked):
        raise UserError(
            f"sweep.store: got {asked!r} to resume {display_path(folder)}, which was begun with "
            f"{begun!r}; expected {begun}, or a sweep of its own"
        )


def changes_since(record: Mapping[str, Any]) -> str:
    """What is not as it was when a sweep was planned."""
    now = provenance()
    if record.get("code") == now.get("code"):
        return "other input files, or other defaults in conf/"
    commits = (str(about.get("commit"))[:7] for about in (record, now))
    return "other code (commit {}, now {})".format(*commits)
