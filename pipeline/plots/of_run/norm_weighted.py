"""Norm-weighted attention: what each key passes on, beside how much it is attended to.

Kobayashi, Kuribayashi, Yokoi and Inui (2020), Attention is Not Only a Weight.
"""

from __future__ import annotations

import itertools

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array, LayerResult
from pipeline.base.tables import Table
from pipeline.plots.parts.matrix import matrices


def norm_weighted(layer: LayerResult, caption: str) -> Drawing:
    """For each head its weights α, and beside them ‖αv‖ as shares of its row, on one color scale.

    The table also has ‖αv‖ itself. A masked cell is left blank.
    """
    flow = layer.metrics.flow
    assert flow is not None, "a metric that needs the flow is among the plot's needs"
    sums = flow.weighted.sum(axis=-1, keepdims=True)
    shares = flow.weighted / np.where(sums > 0, sums, 1.0)
    pairs = np.stack([flow.weights, shares], axis=1).reshape(-1, *shares.shape[1:])
    allowed = np.broadcast_to(flow.allowed, shares.shape).repeat(2, axis=0)
    heads = [f"head {head}: " if len(shares) > 1 else "" for head in range(len(shares))]
    template = matrices(
        np.where(allowed, pairs, np.nan),
        layer.tokens,
        layer.key_tokens,
        title=f"Attention weights α, and the norms ‖αv‖ of what they pass on\n{caption}",
        unit="Share of the row",
        low=0.0,
        high=float(pairs.max()),
        cmap="viridis",
        panels=[head + symbol for head, symbol in itertools.product(heads, ("α", "‖αv‖"))],
        columns=2 if len(shares) <= 4 else 4,
    )
    return Drawing(template, norms_table(layer, flow.weights, flow.weighted, shares))


def norms_table(layer: LayerResult, weights: Array, norms: Array, shares: Array) -> Table:
    """One row per cell: α, ‖αv‖, and the latter as a share of its row."""
    columns = ("head", "query_position", "query", "key_position", "key", "weight", "norm", "share")
    numbers = np.stack([weights, norms, shares], axis=-1).reshape(-1, 3).tolist()
    queries, keys = layer.tokens, layer.key_tokens
    rows = [
        (head, i, queries[i], j, keys[j], *cell)
        for (head, i, j), cell in zip(np.ndindex(weights.shape), numbers, strict=True)
    ]
    return Table(columns, rows)
