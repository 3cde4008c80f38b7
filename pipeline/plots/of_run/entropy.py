"""Entropy by token: how undecided each query is, beside the most it could be."""

from __future__ import annotations

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.parts.token_bars import BarText, token_bars

WORDS = BarText(
    title="Entropy by token",
    axis="Queries",
    unit="Entropy (nats)",
    value="entropy",
    uniform="uniform: ln(keys)",
    column="query",
)


def entropy(outcome: LayerResult, caption: str) -> Drawing:
    """A bar a query, the mean over heads, with each head a dot; dashes mark ln(allowed keys)."""
    most = np.log(np.maximum(outcome.metrics.totals.allowed_counts, 1))
    return token_bars(outcome.metrics.rows["entropy"], most, outcome.tokens, WORDS, caption)
