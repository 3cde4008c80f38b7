"""Stage: what the chain holds at one of its stages, logits that may have either sign."""

from __future__ import annotations

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.parts.matrix import cell_table, matrices

TITLES = {
    "scores": "Scores QKᵀ",
    "scaled": "Logits after scale and temperature",
    "capped": "Logits after the soft-cap",
    "biased": "Logits after the bias",
    "masked": "Logits after the mask",
}


def stage_plot(outcome: LayerResult, stage: str, caption: str) -> Drawing:
    """The logits as colors, white at zero, one panel a head, all on one scale.

    A masked cell, −∞, is left blank.
    """
    logits, queries, keys = outcome.stages[stage], outcome.tokens, outcome.key_tokens
    shown = np.where(np.isfinite(logits), logits, np.nan)
    largest = float(np.fmax.reduce(np.abs(shown), axis=None, initial=0.0)) or 1.0
    sheet = matrices(
        shown,
        queries,
        keys,
        title=f"{TITLES[stage]}\n{caption}",
        unit="Logit",
        low=-largest,
        high=largest,
        cmap="PuOr_r",
    )
    return Drawing(sheet, cell_table(logits, queries, keys, "logit"))
