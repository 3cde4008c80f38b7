"""Kept: whether runs hold the weights that a comparison would subtract."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.compare.read import Run

SETTING = "attention.keep"


def not_kept(runs: Sequence[Run]) -> str:
    """One line on the runs that did not keep all their weights; nothing where each did."""
    told = [
        f"{run.folder.name} has {SETTING}={run.settings[SETTING]}"
        for run in runs
        if run.settings.get(SETTING, "full") != "full"
    ]
    if not told:
        return ""
    return f"Weights not subtracted: {', '.join(told)}, and only {SETTING}=full keeps them all."
