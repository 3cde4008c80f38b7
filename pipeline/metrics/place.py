"""Place: where in the sentence a row's weight lies, relative to its query."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.records import Array, Rows


def at_offset(rows: Rows, offset: int) -> Array:
    """p_{i, i+offset}, [..., B, M'] → [..., B]; 0 where that key gets nothing, NaN where none is.

    >>> at_offset(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2])), -1).tolist()
    [nan, 0.4]
    """
    count, width = rows.weights.shape[-2:]
    keys = np.arange(rows.first, rows.first + count) + offset
    here = keys - rows.low
    inside = (here >= 0) & (here < width)
    taken = rows.weights[..., np.arange(count), np.where(inside, here, 0)]
    return np.where(keys < 0, np.nan, np.where(inside, taken, 0.0))


def self_weight(rows: Rows) -> Array:
    """p_ii, the weight a token gives itself (self-attention: N = M), [..., B, M'] → [..., B].

    >>> self_weight(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [0.9, 0.6]
    """
    return at_offset(rows, 0)


def previous_token(rows: Rows) -> Array:
    """p_{i, i−1}, the weight on the token just before; undefined (NaN) for the first.

    What a previous-token head is known by (Elhage et al. 2021); 1/n where attention is uniform.

    >>> previous_token(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [nan, 0.4]
    """
    return at_offset(rows, -1)


def sink_mass(rows: Rows) -> Array:
    """p_i0, the weight on the very first token, where trained models park what they do not need.

    Xiao et al. 2023. Uniform causal attention gives it H_n/n on average, the harmonic number over
    n: 0.41 for 6 tokens, so a high value in a short sentence is no sink.

    >>> sink_mass(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [0.9, 0.4]
    """
    if rows.low > 0:
        return np.zeros(rows.weights.shape[:-1])
    return rows.weights[..., 0].copy()


def mean_distance(rows: Rows) -> Array:
    """Σ_j p_ij·|i − j|, in tokens: how far away a query looks on average.

    >>> mean_distance(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [0.1, 0.4]
    """
    count, width = rows.weights.shape[-2:]
    last = rows.first + count - 1
    offsets = np.abs(np.arange(rows.low - last, rows.low + width - rows.first))
    # the row of query i is the window of these that ends one earlier than that of query i − 1
    distance = sliding_window_view(offsets.astype(rows.weights.dtype), width)[::-1]
    return np.einsum("...ij,ij->...i", rows.weights, distance)
