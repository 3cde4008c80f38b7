"""Entropy by token: how undecided each query is, beside the most it could be."""

from __future__ import annotations

import numpy as np

from pipeline.plots.along import Words, along
from pipeline.records import Drawing, Outcome

WORDS = Words(
    title="Entropy by token",
    axis="Queries",
    unit="Entropy (nats)",
    value="entropy",
    uniform="uniform: ln(keys)",
    column="query",
)


def entropy(outcome: Outcome, caption: str) -> Drawing:
    """A bar a query, the mean over heads, with each head a dot; dashes mark ln(allowed keys)."""
    most = np.log(np.maximum(outcome.measured.seen.counts, 1))
    return along(outcome.measured.rows["entropy"], most, outcome.tokens, WORDS, caption)
