"""Heatmap: the N × M weights of every head, queries down, keys across."""

from __future__ import annotations

import numpy as np

from pipeline.plots.canvas import styled
from pipeline.plots.matrix import cell_table, matrices
from pipeline.records import Drawing, Outcome


@styled
def heatmap(outcome: Outcome, caption: str) -> Drawing:
    """The weights as colors from 0 to the largest, one panel a head, all on one scale.

    Numbers stand in the cells up to 12 tokens; ticks are thinned beyond, never shrunk away.
    A masked cell is left blank: it is no small weight, it takes no part.
    """
    weights, queries, keys = outcome.attended.weights, outcome.tokens, outcome.key_tokens
    figure = matrices(
        np.where(outcome.attended.allowed, weights, np.nan),
        queries,
        keys,
        title=f"Attention weights\n{caption}",
        unit="Attention weight",
        low=0.0,
        high=float(weights.max()),
        cmap="viridis",
    )
    return Drawing(figure, cell_table(weights, queries, keys, "weight"))
