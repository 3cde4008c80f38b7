"""Norm-weighted attention beside attention: what is passed on, and what is looked at."""

from __future__ import annotations

import itertools

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array, LayerResult
from pipeline.base.tables import Table
from pipeline.plots.parts.matrix import matrices


def norm_weighted(outcome: LayerResult, caption: str) -> Drawing:
    """For each head its weights α, and beside them ‖αv‖ as shares of their row: one scale for both.

    The table holds ‖αv‖ itself too. A masked cell is left blank.
    """
    traced = outcome.metrics.flow
    assert traced is not None
    sums = traced.weighted.sum(axis=-1, keepdims=True)
    shares = traced.weighted / np.where(sums > 0, sums, 1.0)
    pairs = np.stack([traced.weights, shares], axis=1).reshape(-1, *shares.shape[1:])
    allowed = np.broadcast_to(traced.allowed, shares.shape).repeat(2, axis=0)
    heads = [f"head {head}: " if len(shares) > 1 else "" for head in range(len(shares))]
    sheet = matrices(
        np.where(allowed, pairs, np.nan),
        outcome.tokens,
        outcome.key_tokens,
        title=f"Attention weights α, and the norms ‖αv‖ of what they pass on\n{caption}",
        unit="Share of the row",
        low=0.0,
        high=float(pairs.max()),
        cmap="viridis",
        panels=[head + what for head, what in itertools.product(heads, ("α", "‖αv‖"))],
        columns=2 if len(shares) <= 4 else 4,
    )
    return Drawing(sheet, table(outcome, traced.weights, traced.weighted, shares))


def table(outcome: LayerResult, weights: Array, weighted: Array, shares: Array) -> Table:
    """A row a cell: α, ‖αv‖, and the latter as a share of its row."""
    columns = ("head", "query_position", "query", "key_position", "key", "weight", "norm", "share")
    numbers = np.stack([weights, weighted, shares], axis=-1).reshape(-1, 3).tolist()
    queries, keys = outcome.tokens, outcome.key_tokens
    rows = [
        (head, i, queries[i], j, keys[j], *three)
        for (head, i, j), three in zip(np.ndindex(weights.shape), numbers, strict=True)
    ]
    return Table(columns, rows)
