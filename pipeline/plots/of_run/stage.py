"""Stage: the logits after one stage of the mechanism."""

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


def stage_plot(layer: LayerResult, stage: str, caption: str) -> Drawing:
    """The logits as colors, white at zero, one panel per head, all on one color scale.

    A masked cell, −∞, is left blank.
    """
    logits, queries, keys = layer.stages[stage], layer.tokens, layer.key_tokens
    finite = np.where(np.isfinite(logits), logits, np.nan)
    largest = float(np.fmax.reduce(np.abs(finite), axis=None, initial=0.0)) or 1.0
    template = matrices(
        finite,
        queries,
        keys,
        title=f"{TITLES[stage]}\n{caption}",
        unit="Logit",
        low=-largest,
        high=largest,
        cmap="PuOr_r",
    )
    return Drawing(template, cell_table(logits, queries, keys, "logit"))
