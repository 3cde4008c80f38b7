"""Sparsemax: the nearest point of the simplex."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer, row_max
from pipeline.attention.row_sums import divide_by_sum, near_max_sorted, sums_in_order
from pipeline.base.records import Array


def sparsemax() -> Normalizer:
    """p = argmin ‖p − z‖² over the simplex, p_j = max(z_j − τ, 0) with τ such that Σ_j p_j = 1.

    Rows are ≥ 0 and sum to 1, and keys far enough behind the best get exactly 0; a constant
    added to a row changes nothing. Exact, by sorting the logits within 1 of the largest.
    Martins & Astudillo 2016, "From Softmax to Sparsemax", alg. 1.

    >>> sparsemax().apply(np.array([[-2.0, 0.0, 0.5]]), None).tolist()
    [[0.0, 0.25, 0.75]]
    """
    return Normalizer(in_place, sums_to_one=True)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The sparsemax of every row, over the logits themselves."""
    with np.errstate(over="ignore"):  # too far below the peak: −inf
        np.subtract(logits, row_max(logits), out=logits)
    best = near_max_sorted(logits, reach=1.0)  # τ ≥ −1: no weight from there on
    np.subtract(logits, newton_step(best, threshold(best)), out=logits)
    return divide_by_sum(np.maximum(logits, 0.0, out=logits))


def threshold(best: Array) -> Array:
    """τ, [..., B, 1], from gaps to the peak in falling order: (Σ_{j≤k} g_j − 1)/k, k the support.

    >>> threshold(np.array([[0.0, -0.5, -1.0]])).tolist()
    [[-0.75]]
    """
    rank = np.arange(1, best.shape[-1] + 1, dtype=best.dtype)
    total = best.cumsum(axis=-1)
    support = np.count_nonzero(rank * best > total - 1.0, axis=-1, keepdims=True)
    kept = np.take_along_axis(total, support - 1, axis=-1)
    return (kept - 1.0) / support.astype(best.dtype)


def newton_step(best: Array, tau: Array) -> Array:
    """τ after a step of Newton on Σ_j max(g_j − τ, 0) = 1, which undoes the running sum's rounding.

    >>> newton_step(np.array([[0.0, -0.5, -1.0]]), np.array([[-0.7]])).round(12).tolist()
    [[-0.75]]
    """
    gaps = np.maximum(best - tau, 0.0)
    support = np.count_nonzero(gaps, axis=-1, keepdims=True).astype(best.dtype)
    return tau + ((sums_in_order(gaps) - 1.0) / np.maximum(support, 1.0)).astype(tau.dtype)
