"""Intermediate results that several metrics share, computed once per block of rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

import numpy as np

from pipeline.base.records import Array, Positions, Rows
from pipeline.metrics.rows.chunks import row_chunks

T = TypeVar("T")


def memoize(function: Callable[[Rows], T]) -> Callable[[Rows], T]:
    """`function`, computed once for the same rows; its result must not be written to.

    >>> calls = []
    >>> row_sum = memoize(lambda rows: calls.append(1) or rows.weights.sum(axis=-1))
    >>> rows = Rows(np.array([[0.25, 0.75]]), np.array([2]))
    >>> [row_sum(rows).tolist(), row_sum(rows).tolist(), len(calls)]
    [[1.0], [1.0], 1]
    """

    @wraps(function)
    def memoized(rows: Rows) -> T:
        if memoized not in rows.memo:
            rows.memo[memoized] = function(rows)
        return cast(T, rows.memo[memoized])

    return memoized


@memoize
def argmax_key(rows: Rows) -> Positions:
    """The key of each row's largest weight, counted from key_start, [..., N', M'] → [..., N'].

    >>> argmax_key(Rows(np.array([[0.25, 0.75]]), np.array([2]))).tolist()
    [1]
    """
    return rows.weights.argmax(axis=-1)


@memoize
def row_sum(rows: Rows) -> Array:
    """Σ_j p_j, [..., N', M'] → [..., N']: 1 for a softmax.

    >>> row_sum(Rows(np.array([[0.5, 0.25]]), np.array([2]))).tolist()
    [0.75]
    """
    if rows.entropy is not None:  # a softmax
        return np.ones(rows.weights.shape[:-1], rows.weights.dtype)
    return rows.weights.sum(axis=-1)


@memoize
def log_counts(rows: Rows) -> Array:
    """ln n of the n keys that each query may attend to, [..., N']; 0 where n = 0.

    >>> log_counts(Rows(np.array([[0.5, 0.5]]), np.array([1]))).tolist()
    [0.0]
    """
    return np.log(np.maximum(rows.allowed_counts, 1))


@memoize
def sum_of_squares(rows: Rows) -> Array:
    """Σ_j p_j², [..., N', M'] → [..., N'].

    >>> sum_of_squares(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [0.5]
    """
    return np.vecdot(rows.weights, rows.weights)


@memoize
def sum_of_cubes(rows: Rows) -> Array:
    """Σ_j p_j³, [..., N', M'] → [..., N'].

    >>> sum_of_cubes(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [0.25]
    """
    weights = rows.weights.reshape(-1, rows.weights.shape[-1])
    cubes = np.empty(len(weights), weights.dtype)
    for chunk in row_chunks(*weights.shape):
        with np.errstate(under="ignore"):  # a square that underflows is 0
            np.vecdot(np.square(weights[chunk]), weights[chunk], out=cubes[chunk])
    return cubes.reshape(rows.weights.shape[:-1])
