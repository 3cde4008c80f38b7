"""Whether runs have kept the weights that a comparison would subtract."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.store.read.run import Run

RETAIN_SETTING = "attention.retain"


def missing_weights(runs: Sequence[Run]) -> str:
    """One line on the runs that did not keep all their weights; nothing where each did."""
    lacking = [(run, why) for run in runs if (why := why_not_retained(run))]
    if not lacking:
        return ""
    reasons = ", ".join(f"{run.folder.name} has {why}" for run, why in lacking)
    return f"Weights not subtracted: {reasons}, and only {retaining_settings(runs)} keeps them all."


def retaining_settings(runs: Sequence[Run]) -> str:
    """The settings with which those runs would have kept their weights."""
    stores = ["sweep.store=all"] if any(run.from_table for run in runs) else []
    return " with ".join([*stores, f"{RETAIN_SETTING}=full"])


def why_not_retained(run: Run) -> str:
    """The setting because of which a run lacks weights; nothing where it has all."""
    if run.from_table:
        return "sweep.store=metrics"
    retained = run.settings.get(RETAIN_SETTING, "full")
    return "" if retained == "full" else f"{RETAIN_SETTING}={retained}"
