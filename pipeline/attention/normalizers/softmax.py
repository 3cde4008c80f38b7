"""Softmax: the exponential of each logit over the sum of all."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.kinds import Normalizer, peak
from pipeline.records import Array

SHORT = 256  # keys of a row


def softmax() -> Normalizer:
    """p_j = exp(z_j) / Σ_k exp(z_k): positive, summing to 1, blind to a constant added to a row.

    Bridle 1990; Vaswani et al. 2017, eq. 1.

    >>> softmax().apply(np.array([[0.0, np.log(3.0)]]), None).round(12).tolist()
    [[0.25, 0.75]]
    """
    return Normalizer(in_place, sums_to_one=True, numerators=exponentials)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The softmax of every row, over the logits themselves."""
    total = exponentials(logits, bounded=False)
    with np.errstate(under="ignore"):  # a weight too small to hold is zero
        return np.divide(logits, total, out=logits)


def exponentials(logits: Array, bounded: bool) -> Array:
    """exp(z_j − max z) in place, and its sum over each row, [..., B, 1]; 1 for a row of zeros.

    Where the logits are known to be small the maximum is not looked for: the ratios, which are
    all that counts, are the same.
    """
    if not bounded:
        with np.errstate(over="ignore"):  # further behind than a number holds is behind enough
            np.subtract(logits, peak(logits), out=logits)
    with np.errstate(under="ignore"):  # a weight too small to hold is zero
        np.exp(logits, out=logits)
    total = sums(logits)
    total[total == 0.0] = 1.0
    return total


def sums(rows: Array) -> Array:
    """The sum of every row, [..., B, 1]; short rows by einsum, which starts a row at less cost.

    >>> sums(np.array([[1.0, 2.0]])).tolist()
    [[3.0]]
    """
    if rows.shape[-1] > SHORT:  # long ones pairwise, which rounds less
        return rows.sum(axis=-1, keepdims=True)
    return np.einsum("...j->...", rows)[..., None]
