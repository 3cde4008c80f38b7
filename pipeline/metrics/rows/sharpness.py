"""How sharp a row of weights is: how much it concentrates on few keys."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Rows
from pipeline.metrics.rows.jacobian import frobenius_from_sums, spectral_from_sums
from pipeline.metrics.rows.memo import (
    argmax_key,
    log_counts,
    memoize,
    row_sum,
    sum_of_cubes,
    sum_of_squares,
)


@memoize
def entropy(rows: Rows) -> Array:
    """H = −Σ_j p_j ln p_j in nats, 0 for one key and ln M for M equal, [..., N', M'] → [..., N'].

    Softmax computes it along with the weights, from its logits.

    >>> entropy(Rows(np.array([[0.5, 0.5]]), np.array([2]))).round(4).tolist()
    [0.6931]
    """
    if rows.entropy is not None:
        return np.maximum(rows.entropy, 0.0)
    return shannon_entropy(rows.weights)


def shannon_entropy(p: Array) -> Array:
    """−Σ_j p_j ln p_j in nats of rows ≥ 0, with 0·ln 0 = 0, [..., M] → [...].

    >>> shannon_entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(4).tolist()
    [0.6931, 0.0]
    """
    logs = np.maximum(p, np.finfo(p.dtype).tiny)
    np.log(logs, out=logs)
    return np.maximum(-np.vecdot(p, logs), 0.0)


def entropy_normalized(rows: Rows) -> Array:
    """H / ln n of the n allowed keys, from 0 to 1; undefined (NaN) where n = 1.

    Counting the allowed keys instead of all keys makes rows under a mask comparable.

    >>> entropy_normalized(Rows(np.array([[0.5, 0.5, 0.0]]), np.array([2]))).tolist()
    [1.0]
    """
    most = np.where(rows.allowed_counts > 1, log_counts(rows), np.nan)
    return np.minimum(entropy(rows) / most, 1.0)


def kl_uniform(rows: Rows) -> Array:
    """Σ_j p_j ln(p_j·n) = ln n − H in nats, n the allowed keys: 0 for a uniform row, at most ln n.

    The Kullback-Leibler divergence from the uniform row, where the row sums to 1.

    >>> kl_uniform(Rows(np.array([[1.0, 0.0]]), np.array([2]))).round(4).tolist()
    [0.6931]
    """
    return row_sum(rows) * log_counts(rows) - entropy(rows)


def effective_keys(rows: Rows) -> Array:
    """1 / Σ_j p_j², the number of equally weighted keys that give the same sum, from 1 to M.

    >>> effective_keys(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [2.0]
    """
    return 1.0 / sum_of_squares(rows)


def support_size(rows: Rows) -> Array:
    """The number of keys with a weight above 0: all allowed under softmax, few under sparsemax.

    >>> support_size(Rows(np.array([[0.5, 0.5, 0.0]]), np.array([3]))).tolist()
    [2.0]
    """
    p = rows.weights
    if rows.all_positive or p.min() > 0.0:  # as under a softmax without a mask: no need to count
        return np.full(p.shape[:-1], float(p.shape[-1]))
    return np.bitwise_count(np.packbits(p != 0.0, axis=-1)).sum(axis=-1, dtype=float)


def max_weight(rows: Rows) -> Array:
    """max_j p_j, from 1/M to 1.

    >>> max_weight(Rows(np.array([[0.25, 0.75]]), np.array([2]))).tolist()
    [0.75]
    """
    return np.take_along_axis(rows.weights, argmax_key(rows)[..., None], axis=-1)[..., 0]


def jacobian_norm(rows: Rows) -> Array:
    """‖J‖_F of the softmax Jacobian J = diag(p) − ppᵀ: how much gradient passes through a row.

    0 for a one-hot row (a saturated softmax does not learn), √(M−1)/M for M equal keys.

    >>> jacobian_norm(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [0.5]
    """
    return frobenius_from_sums(sum_of_squares(rows), sum_of_cubes(rows))


def jacobian_spectral(rows: Rows) -> Array:
    """‖J‖₂, the largest factor by which a gradient passes through a row, [..., N', M'] → [..., N'].

    1/M for M equal keys, at most ½. Defined for rows that sum to at most 1.

    >>> jacobian_spectral(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [0.5]
    """
    p = rows.weights
    if not (p.flags.writeable and p.flags.c_contiguous):
        p = p.copy()
    return spectral_from_sums(p, argmax_key(rows), sum_of_squares(rows), sum_of_cubes(rows))
