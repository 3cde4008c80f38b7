"""Place: where in the sentence a row's weight lies, relative to its query."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Rows


def at_offset(rows: Rows, offset: int) -> Array:
    """p_{i, i+offset}, [..., B, M'] → [..., B]; 0 where that key gets nothing, NaN where none is.

    >>> at_offset(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2])), -1).tolist()
    [nan, 0.4]
    """
    count, width = rows.weights.shape[-2:]
    start = (
        rows.query_start + offset - rows.key_start
    )  # where the first query's key stands in the block
    first, last = max(0, -start), max(0, min(count, width - start))
    taken = np.zeros(rows.weights.shape[:-1], rows.weights.dtype)
    taken[..., : max(0, -rows.query_start - offset)] = np.nan
    if first < last:
        inside = rows.weights[..., first:last, start + first :]
        taken[..., first:last] = inside.diagonal(axis1=-2, axis2=-1)
    return taken


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


def duplicate_token(rows: Rows) -> Array:
    """Σ_j p_ij over the other places j where the query's token stands; NaN where there is none.

    What a duplicate-token head is known by (Wang et al. 2022, "Interpretability in the Wild", §3).
    Also NaN where the tokens are not known, as to `attend` alone.

    >>> numbers = (np.array([7, 8, 7]), np.array([7, 8, 7]))
    >>> rows = Rows(np.full((3, 3), 0.25), np.full(3, 3), numbers=numbers)
    >>> duplicate_token(rows).tolist()
    [0.25, nan, 0.25]
    """
    weights, found = rows.weights, np.full(rows.weights.shape[:-1], np.nan)
    if rows.token_ids is None:
        return found
    (count, width), (queries, keys) = weights.shape[-2:], rows.token_ids
    own = queries[rows.query_start : rows.query_start + count, None]
    here = np.arange(rows.query_start, rows.query_start + count)
    twice = np.count_nonzero(keys == own, axis=-1) > 1
    same = keys[rows.key_start : rows.key_start + width] == own
    inside = (here >= rows.key_start) & (here < rows.key_start + width)
    same[np.flatnonzero(inside), here[inside] - rows.key_start] = False
    found[..., twice] = np.vecdot(weights[..., twice, :], same[twice].astype(weights.dtype))
    return found


def sink_mass(rows: Rows) -> Array:
    """p_i0, the weight on the very first token, where trained models park what they do not need.

    Xiao et al. 2023. Uniform causal attention gives it H_n/n on average, the harmonic number over
    n: 0.41 for 6 tokens, so a high value in a short sentence is no sink.

    >>> sink_mass(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [0.9, 0.4]
    """
    if rows.key_start > 0:
        return np.zeros(rows.weights.shape[:-1])
    return rows.weights[..., 0].copy()


def mean_distance(rows: Rows) -> Array:
    """Σ_j p_ij·|i − j|, in tokens: how far away a query looks on average.

    >>> mean_distance(Rows(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([2, 2]))).tolist()
    [0.1, 0.4]
    """
    count, width = rows.weights.shape[-2:]
    return np.vecdot(
        rows.weights,
        token_distances(count, width, rows.key_start - rows.query_start, rows.weights.dtype),
    )


def token_distances(count: int, width: int, start: int, dtype: np.dtype) -> Array:
    """|i − j| for i = 0 … count − 1 and `width` keys j from `start` on; a view, not to write.

    >>> token_distances(2, 3, 0, np.dtype(float)).tolist()
    [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]]
    """
    offsets = np.abs(np.arange(start - count + 1, start + width)).astype(dtype)
    step = offsets.itemsize  # the row of query i is the stretch one entry before that of i − 1
    return np.ndarray((count, width), dtype, offsets, (count - 1) * step, (-step, step))
