"""Sums over rows, and what else several normalizers do with a block of them."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array

CHUNK_KEYS = 256  # keys that are summed at once; blocks begin and end at its multiples
SMALLEST = {np.dtype(kind): np.finfo(kind).smallest_subnormal for kind in (np.float32, np.float64)}


def ignore_underflow() -> np.errstate:
    """A context in which a gap too large to hold becomes −∞, and a weight too small to hold 0."""
    return np.errstate(over="ignore", under="ignore")


def sums(rows: Array) -> Array:
    """The sum of every row, [..., N', 1]: of chunks of 256 keys, one after the other.

    Chunks of zeros at either end change no bit.

    >>> sums(np.ones((1, 600)))
    array([[600.]])
    """
    parts = chunk_sums(rows)
    return parts if parts.shape[-1] == 1 else sums_in_order(parts)


def chunk_sums(rows: Array) -> Array:
    """The sums of each row's chunks of 256 keys, [..., N', S]; einsum adds in several lanes.

    >>> chunk_sums(np.ones((1, 600)))
    array([[256., 256.,  88.]])
    """
    keys = rows.shape[-1]
    if keys <= CHUNK_KEYS:
        return np.einsum("...j->...", rows)[..., None]
    whole = keys // CHUNK_KEYS * CHUNK_KEYS
    parts = np.einsum("...j->...", rows[..., :whole].reshape(*rows.shape[:-1], -1, CHUNK_KEYS))
    if whole == keys:
        return parts
    return np.concatenate((parts, np.einsum("...j->...", rows[..., whole:])[..., None]), axis=-1)


def sums_in_order(rows: Array) -> Array:
    """The sum of every row, [..., N', 1], in float64, entry by entry: trailing zeros change no bit.

    >>> sums_in_order(np.array([[2.0, 1.0, 0.0]]))
    array([[3.]])
    """
    return np.add.accumulate(rows, axis=-1, dtype=np.float64)[..., -1:]


def allowed_counts(logits: Array) -> Array:
    """How many keys of each row are not masked, at least 1, [..., N', 1], in the logits' type.

    >>> allowed_counts(np.array([[0.0, 2.0, -np.inf], [-np.inf, -np.inf, -np.inf]])).tolist()
    [[2.0], [1.0]]
    """
    count = np.count_nonzero(logits > -np.inf, axis=-1, keepdims=True)
    return np.maximum(count, 1).astype(logits.dtype)


def divide(numerators: Array, total: Array) -> Array:
    """Each row of numerators over its total, [..., N', 1], in place; a row of zeros stays zeros.

    Call it within `ignore_underflow()`.
    """
    if total.dtype != numerators.dtype:
        total = total.astype(numerators.dtype)
    total = np.maximum(total, SMALLEST[numerators.dtype])
    return np.divide(numerators, total, out=numerators)


def divide_by_sum(weights: Array) -> Array:
    """Every row over its sum, in place; a row of zeros stays zeros.

    >>> divide_by_sum(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    with ignore_underflow():
        return divide(weights, sums(weights))


def near_max(gaps: Array, reach: float) -> Array:
    """The values of each row above −`reach`, in order, padded with −∞, [..., N', K].

    The others are too far below the maximum of the row (0) to get any weight: no need to sort them.

    >>> near_max(np.array([[-3.0, 0.0, -0.5], [0.0, -7.0, -2.0]]), reach=1.0).tolist()
    [[0.0, -0.5], [0.0, -inf]]
    """
    is_near = gaps > -reach
    count = np.count_nonzero(is_near, axis=-1, keepdims=True)
    most = max(int(count.max()), 1)
    if most == gaps.shape[-1]:
        return gaps
    best = np.full((*gaps.shape[:-1], most), -np.inf, dtype=gaps.dtype)
    best[np.arange(most) < count] = gaps[is_near]
    return best


def near_max_sorted(gaps: Array, reach: float) -> Array:
    """The same sorted in descending order, a copy, with −`reach` for anything below it.

    >>> near_max_sorted(np.array([[-3.0, -0.5, 0.0], [0.0, -7.0, -2.0]]), reach=1.0).tolist()
    [[0.0, -0.5], [0.0, -1.0]]
    """
    best = np.sort(near_max(gaps, reach), axis=-1)[..., ::-1]
    return np.maximum(best, -reach, out=best)
