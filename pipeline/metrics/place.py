"""Place: where in the sentence a row's weight lies, relative to its query."""

from __future__ import annotations

import numpy as np

from pipeline.records import Array, Attended


def self_weight(attended: Attended) -> Array:
    """p_ii, the weight a token gives itself (self-attention: N = M), [..., N, N] → [..., N].

    >>> rows = Attended(np.array([[0.9, 0.1], [0.4, 0.6]]), np.zeros((2, 1)), np.ones((2, 2), bool))
    >>> self_weight(rows).tolist()
    [0.9, 0.6]
    """
    return np.diagonal(attended.weights, axis1=-2, axis2=-1).copy()


def mean_distance(attended: Attended) -> Array:
    """Σ_j p_ij·|i − j|, in tokens: how far away a query looks on average.

    >>> rows = Attended(np.array([[0.9, 0.1], [0.4, 0.6]]), np.zeros((2, 1)), np.ones((2, 2), bool))
    >>> mean_distance(rows).tolist()
    [0.1, 0.4]
    """
    queries, keys = attended.weights.shape[-2:]
    distance = np.abs(np.arange(queries)[:, None] - np.arange(keys))
    return np.sum(attended.weights * distance, axis=-1)
