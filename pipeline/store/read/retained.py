"""Kept: whether runs hold the weights that a comparison would subtract."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.store.read.run import Run

RETAIN_SETTING = "attention.retain"


def missing_weights(runs: Sequence[Run]) -> str:
    """One line on the runs that did not keep all their weights; nothing where each did."""
    lacking = [(run, why) for run in runs if (why := why_not_retained(run))]
    if not lacking:
        return ""
    told = ", ".join(f"{run.folder.name} has {why}" for run, why in lacking)
    return f"Weights not subtracted: {told}, and only {retaining_settings(runs)} keeps them all."


def retaining_settings(runs: Sequence[Run]) -> str:
    """The settings with which those runs would have kept their weights."""
    asked = {"sweep.store=all": any(run.from_table for run in runs), f"{RETAIN_SETTING}=full": True}
    return " with ".join(setting for setting, needs in asked.items() if needs)


def why_not_retained(run: Run) -> str:
    """The setting for which a run has not all its weights; nothing where it has."""
    if run.from_table:
        return "sweep.store=metrics"
    keep = run.settings.get(RETAIN_SETTING, "full")
    return "" if keep == "full" else f"{RETAIN_SETTING}={keep}"
