"""Rollout: which of the first layer's tokens an embedding is made of, through all layers.

Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", §3.
"""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Flow, Rows
from pipeline.metrics.rows.sharpness import entropy


def rollout(weights: Array, below: Array | None = None, is_residual: bool = False) -> Array:
    """R_l = Â_l·R_(l−1), weights [H, N, M] of a layer and the rollout below it → [N, M].

    With a residual connection Â = A + I over the sums of its rows, the paper's ½(A + I) where the
    rows of A sum to one, A the mean over heads. The I stands for the residual, so Â = A without.
    R is Â in the first layer; its rows sum to one where all those of A do.

    >>> uniform = np.full((1, 2, 2), 0.5)
    >>> rollout(uniform, rollout(uniform, is_residual=True), is_residual=True).tolist()
    [[0.625, 0.375], [0.375, 0.625]]
    """
    mixed = weights.mean(axis=0)
    if is_residual:
        mixed = mixed + np.eye(len(mixed), dtype=mixed.dtype)
        mixed = mixed / mixed.sum(axis=-1, keepdims=True)
    return mixed if below is None else mixed @ below


def rollout_entropy(traced: Flow) -> Array:
    """−Σ_j R_ij ln R_ij in nats: 0 where an embedding is still one token's, ln M where it is all's.

    One number a query, [N], for all heads.

    >>> half, yes = np.array([[[0.5, 0.5]]]), np.ones((1, 1, 2), bool)
    >>> rollout_entropy(Flow(half, yes, half, rollout(half))).round(4).tolist()
    [0.6931]
    """
    rolled = traced.rollout
    return entropy(Rows(rolled, np.count_nonzero(rolled, axis=-1)))


def rollout_self(traced: Flow) -> Array:
    """R_ii, how much of token i is left in its own embedding, [N]; 1/N where all mix evenly.

    >>> half, yes = np.full((1, 2, 2), 0.5), np.ones((1, 2, 2), bool)
    >>> rollout_self(Flow(half, yes, half, rollout(half, is_residual=True))).tolist()
    [0.75, 0.75]
    """
    return traced.rollout.diagonal().copy()
