"""What several normalizers do with a block of rows."""

from __future__ import annotations

import numpy as np

from pipeline.records import Array

STRETCH = 256  # keys whose sum is taken at once


def sums(rows: Array) -> Array:
    """The sum of every row, [..., B, 1]: of stretches of 256 keys, then of what they gave.

    Fast in the stretches, where einsum adds in several lanes at once, and no less exact over long
    rows than a sum by halves.

    >>> sums(np.ones((1, 600)))
    array([[600.]])
    """
    if rows.shape[-1] <= STRETCH:
        return np.einsum("...j->...", rows)[..., None]
    whole = rows.shape[-1] // STRETCH * STRETCH
    stretches = rows[..., :whole].reshape(*rows.shape[:-1], -1, STRETCH)
    total = np.einsum("...j->...", stretches).sum(axis=-1, keepdims=True)
    total[..., 0] += np.einsum("...j->...", rows[..., whole:])
    return total


def allowed(logits: Array) -> Array:
    """How many keys each row has left, [..., B, 1], in the type of the logits; 1 for none.

    >>> allowed(np.array([[0.0, 2.0, -np.inf], [-np.inf, -np.inf, -np.inf]])).tolist()
    [[2.0], [1.0]]
    """
    count = np.count_nonzero(logits > -np.inf, axis=-1, keepdims=True)
    return np.maximum(count, 1).astype(logits.dtype)


def divide(numerators: Array, total: Array) -> Array:
    """Each row of numerators over its total, [..., B, 1], in place; a row of zeros stays zeros."""
    total[total == 0.0] = 1.0
    with np.errstate(under="ignore"):  # what is too small to hold is zero
        return np.divide(numerators, total, out=numerators)


def divide_by_sum(weights: Array) -> Array:
    """Every row over its sum, in place; a row of zeros stays zeros.

    >>> divide_by_sum(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    return divide(weights, sums(weights))


def contenders(gaps: Array, reach: float) -> Array:
    """The values of each row above −`reach`, in their order, filled up with −inf, [..., B, some].

    A row's others are too far behind its peak (0) to get any weight, so only these are sorted.

    >>> contenders(np.array([[-3.0, 0.0, -0.5], [0.0, -7.0, -2.0]]), reach=1.0).tolist()
    [[0.0, -0.5], [0.0, -inf]]
    """
    within = gaps > -reach
    count = np.count_nonzero(within, axis=-1, keepdims=True)
    most = max(int(count.max()), 1)
    if most == gaps.shape[-1]:
        return gaps
    best = np.full((*gaps.shape[:-1], most), -np.inf, dtype=gaps.dtype)
    best[np.arange(most) < count] = gaps[within]
    return best


def descending(gaps: Array, reach: float) -> Array:
    """The same in falling order, a copy, and nothing below −`reach`.

    >>> descending(np.array([[-3.0, -0.5, 0.0], [0.0, -7.0, -2.0]]), reach=1.0).tolist()
    [[0.0, -0.5], [0.0, -1.0]]
    """
    best = np.sort(contenders(gaps, reach), axis=-1)[..., ::-1]
    return np.maximum(best, -reach, out=best)
