"""Rollout: the share of each of the first layer's tokens in an embedding, through all layers.

Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", §3.
"""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Flow
from pipeline.metrics.rows.sharpness import shannon_entropy


def rollout(weights: Array, below: Array | None = None, is_residual: bool = False) -> Array:
    """R_l = Â_l·R_(l−1), from a layer's weights [H, N, M] and the rollout [N, M] below it → [N, M].

    A is the mean over heads. With a residual connection Â is A + I divided by its row sums, the
    paper's ½(A + I) where the rows of A sum to 1; without one Â = A. In the first layer R = Â. The
    rows of R sum to 1 where those of every A do.

    >>> uniform = np.full((1, 2, 2), 0.5)
    >>> rollout(uniform, rollout(uniform, is_residual=True), is_residual=True).tolist()
    [[0.625, 0.375], [0.375, 0.625]]
    """
    mean = weights.mean(axis=0)
    if is_residual:
        mean = mean + np.eye(len(mean), dtype=mean.dtype)
        mean = mean / mean.sum(axis=-1, keepdims=True)
    return mean if below is None else mean @ below


def rollout_entropy(flow: Flow) -> Array:
    """−Σ_j R_ij ln R_ij in nats, → [N]: 0 for an embedding made of one token, ln M of all alike.

    >>> half, allowed = np.array([[[0.5, 0.5]]]), np.ones((1, 1, 2), bool)
    >>> rollout_entropy(Flow(half, allowed, half, rollout(half))).round(4).tolist()
    [0.6931]
    """
    return shannon_entropy(flow.rollout)


def rollout_self(flow: Flow) -> Array:
    """R_ii, the share of token i in its own embedding, → [N]; 1/N where all tokens mix evenly.

    >>> half, allowed = np.full((1, 2, 2), 0.5), np.ones((1, 2, 2), bool)
    >>> rollout_self(Flow(half, allowed, half, rollout(half, is_residual=True))).tolist()
    [0.75, 0.75]
    """
    return flow.rollout.diagonal().copy()
