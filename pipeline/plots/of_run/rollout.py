"""Rollout: which of the first layer's tokens each embedding is made of."""

from __future__ import annotations

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.parts.matrix import cell_table, matrices


def rollout(layer: LayerResult, caption: str) -> Drawing:
    """Each token's shares, over all heads, from the first layer up to this one."""
    flow = layer.metrics.flow
    assert flow is not None, "a metric that needs the flow is among the plot's needs"
    shares, queries, keys = flow.rollout[None], layer.tokens, layer.key_tokens
    template = matrices(
        shares,
        queries,
        keys,
        title=f"Attention rollout from the first layer\n{caption}",
        unit="Share of the token",
        low=0.0,
        high=float(shares.max()),
        cmap="viridis",
    )
    return Drawing(template, cell_table(shares, queries, keys, "share"))
