"""Sharpness: how much a row of weights settles on few keys."""

from __future__ import annotations

import numpy as np

from pipeline.metrics.jacobian import jacobian_frobenius
from pipeline.records import Array, Attended


def entropy(attended: Attended) -> Array:
    """H = −Σ_j p_j ln p_j in nats, 0 for one key and ln M for all alike, [..., N, M] → [..., N].

    >>> row = Attended(np.array([[0.5, 0.5]]), np.zeros((1, 1)), np.ones((1, 2), bool))
    >>> entropy(row).round(4).tolist()
    [0.6931]
    """
    p = attended.weights
    return np.maximum(-np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1), 0.0)


def entropy_normalized(attended: Attended) -> Array:
    """H / ln(count of allowed keys), from 0 to 1; undefined (NaN) where one key alone is allowed.

    Counting the allowed keys and not all keys is what keeps rows under a mask comparable.

    >>> row = Attended(
    ...     np.array([[0.5, 0.5, 0.0]]), np.zeros((1, 1)), np.array([[True, True, False]])
    ... )
    >>> entropy_normalized(row).tolist()
    [1.0]
    """
    count = np.broadcast_to(attended.allowed, attended.weights.shape).sum(axis=-1)
    most = np.where(count > 1, np.log(np.maximum(count, 2)), np.nan)
    return np.minimum(entropy(attended) / most, 1.0)


def effective_keys(attended: Attended) -> Array:
    """1 / Σ_j p_j², the number of equally weighted keys that would be as spread out, 1 to M.

    >>> row = Attended(np.array([[0.5, 0.5]]), np.zeros((1, 1)), np.ones((1, 2), bool))
    >>> effective_keys(row).tolist()
    [2.0]
    """
    return 1.0 / np.sum(np.square(attended.weights), axis=-1)


def max_weight(attended: Attended) -> Array:
    """max_j p_j, from 1/M to 1.

    >>> row = Attended(np.array([[0.25, 0.75]]), np.zeros((1, 1)), np.ones((1, 2), bool))
    >>> max_weight(row).tolist()
    [0.75]
    """
    return attended.weights.max(axis=-1)


def jacobian_norm(attended: Attended) -> Array:
    """‖J‖_F of the softmax Jacobian J = diag(p) − ppᵀ: how much gradient a row lets through.

    0 for a one-hot row (a saturated softmax learns nothing), √(M−1)/M for M equal keys, so ½ for
    two.

    >>> row = Attended(np.array([[0.5, 0.5]]), np.zeros((1, 1)), np.ones((1, 2), bool))
    >>> jacobian_norm(row).tolist()
    [0.5]
    """
    return jacobian_frobenius(attended.weights)
