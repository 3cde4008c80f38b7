"""Rollout: which of the first layer's tokens each embedding is made of."""

from __future__ import annotations

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.parts.matrix import cell_table, matrices


def rollout(outcome: LayerResult, caption: str) -> Drawing:
    """The shares from 0 to the largest, all heads in one, from the first layer up to this one."""
    assert outcome.metrics.flow is not None
    shares, queries, keys = (
        outcome.metrics.flow.rollout[None],
        outcome.tokens,
        outcome.key_tokens,
    )
    sheet = matrices(
        shares,
        queries,
        keys,
        title=f"Attention rollout from the first layer\n{caption}",
        unit="Share of the token",
        low=0.0,
        high=float(shares.max()),
        cmap="viridis",
    )
    return Drawing(sheet, cell_table(shares, queries, keys, "share"))
