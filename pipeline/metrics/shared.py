"""What several metrics read off the same rows, worked out once for each block of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from pipeline.metrics.strips import strips
from pipeline.records import Array, Rows

Places = npt.NDArray[np.integer[Any]]
Found = TypeVar("Found")


def once(worked_out: Callable[[Rows], Found]) -> Callable[[Rows], Found]:
    """The same function, which finds what it gave for these rows before; not to be written to.

    >>> calls = []
    >>> total = once(lambda rows: calls.append(1) or rows.weights.sum(axis=-1))
    >>> rows = Rows(np.array([[0.25, 0.75]]), np.array([2]))
    >>> [total(rows).tolist(), total(rows).tolist(), len(calls)]
    [[1.0], [1.0], 1]
    """

    @wraps(worked_out)
    def found(rows: Rows) -> Found:
        if found not in rows.found:
            rows.found[found] = worked_out(rows)
        return cast(Found, rows.found[found])

    return found


@once
def best(rows: Rows) -> Places:
    """Which key of the block has each row's largest weight, [..., B, M'] → [..., B].

    >>> best(Rows(np.array([[0.25, 0.75]]), np.array([2]))).tolist()
    [1]
    """
    return rows.weights.argmax(axis=-1)


@once
def total(rows: Rows) -> Array:
    """Σ_j p_j, [..., B, M'] → [..., B]: 1 for a softmax.

    >>> total(Rows(np.array([[0.5, 0.25]]), np.array([2]))).tolist()
    [0.75]
    """
    if rows.entropy is not None:  # a softmax
        return np.ones(rows.weights.shape[:-1], rows.weights.dtype)
    return rows.weights.sum(axis=-1)


@once
def log_counts(rows: Rows) -> Array:
    """ln n of the n keys that each query may attend to, [..., B]; 0 where there is none.

    >>> log_counts(Rows(np.array([[0.5, 0.5]]), np.array([1]))).tolist()
    [0.0]
    """
    return np.log(np.maximum(rows.counts, 1))


@once
def sum_of_squares(rows: Rows) -> Array:
    """Σ_j p_j², [..., B, M'] → [..., B].

    >>> sum_of_squares(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [0.5]
    """
    return np.vecdot(rows.weights, rows.weights)


@once
def sum_of_cubes(rows: Rows) -> Array:
    """Σ_j p_j³, [..., B, M'] → [..., B].

    >>> sum_of_cubes(Rows(np.array([[0.5, 0.5]]), np.array([2]))).tolist()
    [0.25]
    """
    weights = rows.weights.reshape(-1, rows.weights.shape[-1])
    cubes = np.empty(len(weights), weights.dtype)
    for part in strips(*weights.shape):
        with np.errstate(under="ignore"):  # a square too small to hold is zero
            np.vecdot(np.square(weights[part]), weights[part], out=cubes[part])
    return cubes.reshape(rows.weights.shape[:-1])
