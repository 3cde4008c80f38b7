"""Resume: a sweep that was begun is found, planned again, and held against what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.compare.find import by_time
from pipeline.compare.shapes import BEGUN, OBJECT, fit, read_json
from pipeline.compose import kept_on_record
from pipeline.faults import Fault, shorten
from pipeline.identity import FORMAT, provenance
from pipeline.store import ROOT, shown
from pipeline.sweep.plan import Plan

LATEST = "latest"


def find_sweep(asked: str, overrides: Sequence[str]) -> Path:
    """The sweep's folder: `latest`, the one begun last, or a path from here or the repository."""
    if asked == LATEST:
        given = [o.partition("=")[2].strip("'\"") for o in overrides if o.startswith("outputs=")]
        sweeps = ROOT / (given[-1] if given else "outputs") / "sweeps"
        found = by_time(sweeps.glob("*/plan.json"))
        if not found:
            raise Fault(f"resume: no sweep in {shown(sweeps)}; make one with: make sweep")
        return found[-1].parent
    for folder in (Path(asked), ROOT / asked):
        if (folder / "plan.json").exists():
            return folder
    raise Fault(
        f"resume: {asked} is no sweep (it has no plan.json); expected a sweep's folder, or {LATEST}"
    )


def read_begun(folder: Path) -> Mapping[str, Any]:
    """The plan that a sweep was begun with, or a fault that names what is wrong with it."""
    record = read_json(folder / "plan.json", OBJECT, "resume")
    if record.get("format") != FORMAT:
        raise Fault(
            f"resume: {shown(folder)}/plan.json has format {shorten(record.get('format'))}, "
            f"expected {FORMAT}"
        )
    fit(record, BEGUN, folder / "plan.json", "resume")
    return record


def asked_again(folder: Path, overrides: Sequence[str]) -> list[str]:
    """The overrides of a sweep: those it began with, unless the command line repeats them.

    What says how and not what (`sweep.engine=inline`) may be new each time.
    """
    if kept_on_record(overrides):
        return list(overrides)
    again = {override.partition("=")[0] for override in overrides}
    recorded = read_begun(folder)["overrides"]
    return [*(o for o in recorded if o.partition("=")[0] not in again), *overrides]


def taken_up(plan: Plan, folder: Path, anyway: bool) -> Plan:
    """The plan, if its runs are those that the sweep was begun with.

    A sweep whose runs would come out otherwise today is taken up `anyway` alone: what is missing
    is then made as it would be made today, in the folders that were planned.
    """
    record = read_begun(folder)
    refuse_other_keep(record.get("keep"), plan.config.sweep.keep, folder)
    before = [(run["run"], run["key"]) for run in record["runs"]]
    if before == [(point.folder, point.key) for point in plan.points]:
        return plan
    if [run["overrides"] for run in record["runs"]] != [
        list(point.overrides) for point in plan.points
    ]:
        raise Fault(
            f"resume: {shown(folder)} was made of other runs ({len(before)}) than are asked for "
            f"({len(plan.points)}); expected no overrides, or those it was begun with"
        )
    if not anyway:
        raise Fault(
            f"resume: {shown(folder)} was begun with {what_changed(record)}, so its runs would not "
            "be the same today; expected an unchanged checkout, or --anyway to keep what is done "
            "and make the rest as of today"
        )
    return replace(plan, points=plan.points.renamed([run for run, _ in before]))


def refuse_other_keep(begun: str | None, asked: str, folder: Path) -> None:
    """A sweep has run folders or rows, not some of each; a plan of old may not say which."""
    if begun not in (None, asked):
        raise Fault(
            f"sweep.keep: got {asked!r} to resume {shown(folder)}, which was begun with "
            f"{begun!r}; expected {begun}, or a sweep of its own"
        )


def what_changed(record: Mapping[str, Any]) -> str:
    """What is not as it was when a sweep was planned."""
    now = provenance()
    if record.get("code") == now.get("code"):
        return "other input files, or other defaults in conf/"
    commits = (str(about.get("commit"))[:7] for about in (record, now))
    return "other code (commit {}, now {})".format(*commits)
