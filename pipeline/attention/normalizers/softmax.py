"""Softmax: the exponential of each logit over the sum of all."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.kinds import Normalizer, peak
from pipeline.records import Array

STRETCH = 256  # keys whose sum is taken at once
SMALL = 60.0  # of which an exponential, and the sum of 256, is well inside float32


def softmax() -> Normalizer:
    """p_j = exp(z_j) / Σ_k exp(z_k): positive, summing to 1, blind to a constant added to a row.

    Bridle 1990; Vaswani et al. 2017, eq. 1.

    >>> softmax().apply(np.array([[0.0, np.log(3.0)]]), None).round(12).tolist()
    [[0.25, 0.75]]
    """
    return Normalizer(in_place, sums_to_one=True, numerators=exponentials)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The softmax of every row, over the logits themselves."""
    total = exponentials(logits, logits)
    total[total == 0.0] = 1.0  # a row whose every key is masked
    with np.errstate(under="ignore"):  # a weight too small to hold is zero
        return np.divide(logits, total, out=logits)


def exponentials(
    logits: Array, out: Array, bounded: bool = False, power: np.ufunc = np.exp
) -> Array:
    """exp(z_j − max z) in `out`, and its sum over each row, [..., B, 1].

    Leaves z_j − max z in `logits`, unless `out` is the same. Where the logits are small, as is
    `bounded` or soon seen of short rows, the maximum is not looked for: the ratios, which are all
    that counts, are the same. `power` is the exponential to the base that the logits are in.
    """
    # further behind than a number holds is behind enough; a weight too small to hold is zero
    with np.errstate(over="ignore", under="ignore"):
        if not (bounded or (out is logits and are_small(logits))):
            np.subtract(logits, peak(logits), out=logits)
        power(logits, out=out)
    return sums(out)


def are_small(logits: Array) -> bool:
    """Whether no exponential can overflow, nor all of a row vanish; only short rows are looked at.

    >>> are_small(np.array([[3.0, -3.0]])), are_small(np.array([[3.0, -np.inf]]))
    (True, False)
    """
    short = logits.shape[-1] <= STRETCH
    return bool(short and logits.min() > -SMALL and logits.max() < SMALL)


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
