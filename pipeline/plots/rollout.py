"""Rollout: which of the first layer's tokens each embedding is made of."""

from __future__ import annotations

from pipeline.plots.matrix import cell_table, matrices
from pipeline.records import Drawing, Outcome


def rollout(outcome: Outcome, caption: str) -> Drawing:
    """The shares from 0 to the largest, all heads in one, from the first layer up to this one."""
    assert outcome.measured.traced is not None
    shares, queries, keys = (
        outcome.measured.traced.rollout[None],
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
