"""Kept: whether runs hold the weights that a comparison would subtract."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.compare.read import Run

KEEP = "attention.keep"


def not_kept(runs: Sequence[Run]) -> str:
    """One line on the runs that did not keep all their weights; nothing where each did."""
    lacking = [(run, why) for run in runs if (why := lack(run))]
    if not lacking:
        return ""
    told = ", ".join(f"{run.folder.name} has {why}" for run, why in lacking)
    return f"Weights not subtracted: {told}, and only {needed(runs)} keeps them all."


def needed(runs: Sequence[Run]) -> str:
    """The settings with which those runs would have kept their weights."""
    asked = {"sweep.keep=all": any(run.is_row for run in runs), f"{KEEP}=full": True}
    return " with ".join(setting for setting, needs in asked.items() if needs)


def lack(run: Run) -> str:
    """The setting for which a run has not all its weights; nothing where it has."""
    if run.is_row:
        return "sweep.keep=metrics"
    keep = run.settings.get(KEEP, "full")
    return "" if keep == "full" else f"{KEEP}={keep}"
