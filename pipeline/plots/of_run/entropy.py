"""Entropy by token: how spread out each query's weights are, beside the largest possible value."""

from __future__ import annotations

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.parts.token_bars import BarText, token_bars

TEXT = BarText(
    title="Entropy by token",
    axis="Queries",
    unit="Entropy (nats)",
    value="entropy",
    uniform="uniform: ln(keys)",
    column="query",
)


def entropy(layer: LayerResult, caption: str) -> Drawing:
    """One bar per query, the mean over heads, each head a dot; dashes at ln(allowed keys)."""
    largest = np.log(np.maximum(layer.metrics.totals.allowed_counts, 1))
    return token_bars(layer.metrics.rows["entropy"], largest, layer.tokens, TEXT, caption)
