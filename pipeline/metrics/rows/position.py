"""Where in the sentence a row's weight lies, relative to its query."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Rows


def weight_at_offset(rows: Rows, offset: int) -> Array:
    """p_{i, i+offset}, [..., N', M'] → [..., N']; NaN where i + offset < 0, 0 beyond the block.

    >>> weight_at_offset(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2])), -1).tolist()
    [nan, 0.4]
    """
    count, width = rows.weights.shape[-2:]
    column = rows.query_start + offset - rows.key_start  # of the first query's key in the block
    start, stop = max(0, -column), max(0, min(count, width - column))
    result = np.zeros(rows.weights.shape[:-1], rows.weights.dtype)
    result[..., : max(0, -rows.query_start - offset)] = np.nan
    if start < stop:
        inside = rows.weights[..., start:stop, column + start :]
        result[..., start:stop] = inside.diagonal(axis1=-2, axis2=-1)
    return result


def self_weight(rows: Rows) -> Array:
    """p_ii, the weight a token gives itself in self-attention, [..., N', M'] → [..., N'].

    >>> self_weight(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [0.9, 0.6]
    """
    return weight_at_offset(rows, 0)


def previous_token(rows: Rows) -> Array:
    """p_{i, i−1}, the weight on the token just before; undefined (NaN) for the first.

    High in a previous-token head (Elhage et al. 2021); 1/n where attention is uniform over n keys.

    >>> previous_token(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [nan, 0.4]
    """
    return weight_at_offset(rows, -1)


def duplicate_token(rows: Rows) -> Array:
    """Σ_j p_ij over the other positions j of the query's token; NaN where it occurs only once.

    High in a duplicate-token head (Wang et al. 2022, "Interpretability in the Wild", §3). Also NaN
    where the tokens are unknown, as in `attend` alone.

    >>> token_ids = (np.array([7, 8, 7]), np.array([7, 8, 7]))
    >>> rows = Rows(np.full((3, 3), 0.25), np.full(3, 3), token_ids=token_ids)
    >>> duplicate_token(rows).tolist()
    [0.25, nan, 0.25]
    """
    weights, result = rows.weights, np.full(rows.weights.shape[:-1], np.nan)
    if rows.token_ids is None:
        return result
    (count, width), (query_ids, key_ids) = weights.shape[-2:], rows.token_ids
    token = query_ids[rows.query_start : rows.query_start + count, None]
    position = np.arange(rows.query_start, rows.query_start + count)
    repeated = np.count_nonzero(key_ids == token, axis=-1) > 1
    same = key_ids[rows.key_start : rows.key_start + width] == token
    inside = (position >= rows.key_start) & (position < rows.key_start + width)
    same[np.flatnonzero(inside), position[inside] - rows.key_start] = False
    result[..., repeated] = np.vecdot(
        weights[..., repeated, :], same[repeated].astype(weights.dtype)
    )
    return result


def sink_mass(rows: Rows) -> Array:
    """p_i0, the weight on the first token, where trained models put attention they do not need.

    Xiao et al. 2023. Uniform causal attention gives it H_n/n on average, the harmonic number over
    n: 0.41 for 6 tokens, so a high value in a short sentence is not a sink.

    >>> sink_mass(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [0.9, 0.4]
    """
    if rows.key_start > 0:
        return np.zeros(rows.weights.shape[:-1])
    return rows.weights[..., 0].copy()


def mean_distance(rows: Rows) -> Array:
    """Σ_j p_ij·|i − j|, the mean distance in tokens from a query to its keys.

    >>> mean_distance(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [0.1, 0.4]
    """
    count, width = rows.weights.shape[-2:]
    start = rows.key_start - rows.query_start
    return np.vecdot(rows.weights, token_distances(count, width, start, rows.weights.dtype))


def token_distances(count: int, width: int, start: int, dtype: np.dtype) -> Array:
    """|i − j| for i = 0 … count − 1 and `width` keys j from `start` on; a read-only view.

    >>> token_distances(2, 3, 0, np.dtype(float)).tolist()
    [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]]
    """
    offsets = np.abs(np.arange(start - count + 1, start + width)).astype(dtype)
    step = offsets.itemsize  # query i's row of `offsets` starts one entry before that of i − 1
    return np.ndarray((count, width), dtype, offsets, (count - 1) * step, (-step, step))
