"""Sparsemax: the Euclidean projection onto the simplex."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer, row_max
from pipeline.attention.row_sums import divide_by_sum, near_max_sorted, sums_in_order
from pipeline.base.records import Array


def sparsemax() -> Normalizer:
    """p = argmin ‖p − z‖² over the simplex, p_j = max(z_j − τ, 0) with τ such that Σ_j p_j = 1.

    Rows are ≥ 0 and sum to 1, and keys far enough below the maximum get exactly 0; a constant
    added to a row changes nothing. Exact, by sorting the logits within 1 of the largest.
    Martins & Astudillo 2016, "From Softmax to Sparsemax", alg. 1.

    >>> sparsemax().apply(np.array([[-2.0, 0.0, 0.5]]), None).tolist()
    [[0.0, 0.25, 0.75]]
    """
    return Normalizer(in_place, sums_to_one=True)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The sparsemax of every row, in place."""
    with np.errstate(over="ignore"):  # too far below the maximum: −∞
        np.subtract(logits, row_max(logits), out=logits)
    nearest = near_max_sorted(logits, reach=1.0)  # τ ≥ −1: no weight below
    np.subtract(logits, newton_step(nearest, threshold(nearest)), out=logits)
    return divide_by_sum(np.maximum(logits, 0.0, out=logits))


def threshold(nearest: Array) -> Array:
    """τ, [..., N', 1], from gaps to the maximum, descending: (Σ_{j≤k} g_j − 1)/k, k the support.

    >>> threshold(np.array([[0.0, -0.5, -1.0]])).tolist()
    [[-0.75]]
    """
    rank = np.arange(1, nearest.shape[-1] + 1, dtype=nearest.dtype)
    total = nearest.cumsum(axis=-1)
    support = np.count_nonzero(rank * nearest > total - 1.0, axis=-1, keepdims=True)
    kept = np.take_along_axis(total, support - 1, axis=-1)
    return (kept - 1.0) / support.astype(nearest.dtype)


def newton_step(nearest: Array, tau: Array) -> Array:
    """τ after a Newton step on Σ_j max(g_j − τ, 0) = 1, which corrects the rounding of cumsum.

    >>> newton_step(np.array([[0.0, -0.5, -1.0]]), np.array([[-0.7]])).round(12).tolist()
    [[-0.75]]
    """
    gaps = np.maximum(nearest - tau, 0.0)
    support = np.count_nonzero(gaps, axis=-1, keepdims=True).astype(nearest.dtype)
    return tau + ((sums_in_order(gaps) - 1.0) / np.maximum(support, 1.0)).astype(tau.dtype)
