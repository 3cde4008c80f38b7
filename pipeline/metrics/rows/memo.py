"""What several metrics read off the same rows, worked out once for each block of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from pipeline.base.records import Array, Rows
from pipeline.metrics.rows.chunks import row_chunks

Places = npt.NDArray[np.integer[Any]]
Found = TypeVar("Found")


def memoize(worked_out: Callable[[Rows], Found]) -> Callable[[Rows], Found]:
    """The same function, which finds what it gave for these rows before; not to be written to.

    >>> calls = []
    >>> row_sum = memoize(lambda rows: calls.append(1) or rows.weights.sum(axis=-1))
    >>> rows = Rows(np.array([[0.25, 0.75]]), np.array([2]))
    >>> [row_sum(rows).tolist(), row_sum(rows).tolist(), len(calls)]
    [[1.0], [1.0], 1]
    """

    @wraps(worked_out)
    def found(rows: Rows) -> Found:
        if found not in rows.memo:
            rows.memo[found] = worked_out(rows)
        return cast(Found, rows.memo[found])

    return found


@memoize
def argmax_key(rows: Rows) -> Places:
    """Which key of the block has each row's largest weight, [..., B, M'] → [..., B].

    >>> argmax_key(Rows(np.array([[0.25, 0.75]]), np.array([2]))).tolist()
    [1]
    """
    return rows.weights.argmax(axis=-1)


@memoize
def row_sum(rows: Rows) -> Array:
    """Σ_j p_j, [..., B, M'] → [..., B]: 1 for a softmax.

    >>> row_sum(Rows(np.array([[0.5, 0.25]]), np.array([2]))).tolist()
    [0.75]
    """
    if rows.entropy is not None:  # a softmax
        return np.ones(rows.weights.shape[:-1], rows.weights.dtype)
    return rows.weights.sum(axis=-1)


@memoize
def log_counts(rows: Rows) -> Array:
    """ln n of the n keys that each query may attend to, [..., B]; 0 where there is none.

    >>> log_counts(Rows(np.array([[0.5, 0.5]]), np.array([1]))).tolist()
    [0.0]
    """
    return np.log(np.maximum(rows.allowed_counts, 1))


@memoize
def sum_of_squares(rows: Rows) -> Array:
    """Σ_j p_j², [..., B, M'] → [..., B].

    >>> sum_of_squares(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [0.5]
    """
    return np.vecdot(rows.weights, rows.weights)


@memoize
def sum_of_cubes(rows: Rows) -> Array:
    """Σ_j p_j³, [..., B, M'] → [..., B].

    >>> sum_of_cubes(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [0.25]
    """
    weights = rows.weights.reshape(-1, rows.weights.shape[-1])
    cubes = np.empty(len(weights), weights.dtype)
    for part in row_chunks(*weights.shape):
        with np.errstate(under="ignore"):  # a square too small to hold is zero
            np.vecdot(np.square(weights[part]), weights[part], out=cubes[part])
    return cubes.reshape(rows.weights.shape[:-1])
