"""Softmax: the exponential of each logit over their sum."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer, row_max
from pipeline.attention.row_sums import divide, ignore_underflow, sums
from pipeline.base.records import Array

SHORT_ROW = 256  # keys up to which one maximum of all rows is cheaper than one per row
SAFE_LOGIT = 20.0  # its exponential, and a sum of those, are well within float32


def softmax() -> Normalizer:
    """p_j = exp(z_j) / Σ_k exp(z_k): positive, sums to 1, unchanged by a constant added to a row.

    Bridle 1990; Vaswani et al. 2017, eq. 1.

    >>> softmax().apply(np.array([[0.0, np.log(3.0)]]), None).round(12).tolist()
    [[0.25, 0.75]]
    """
    return Normalizer(in_place, sums_to_one=True, unnormalized=exponentials)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The softmax of every row, in place."""
    with ignore_underflow():
        exponentials(logits, logits)
        return divide(logits, sums(logits))


def exponentials(logits: Array, out: Array, bounded: bool = False) -> None:
    """exp(z_j − s) in `out`; leaves z_j − s in `logits`, unless `out` is the same array.

    The shift s is the maximum of the row if large, otherwise 0, as it is for `bounded` logits; only
    the ratios count, and they do not depend on s. It follows from the row alone, so results
    are bit-identical whatever rows are computed together. Call it within `ignore_underflow()`.
    """
    if not (bounded or no_shift_needed(logits)):
        shift = row_max(logits)
        shift[np.abs(shift) < SAFE_LOGIT] = 0.0
        if shift.any():
            np.subtract(logits, shift, out=logits)
    np.exp(logits, out=out)


def no_shift_needed(logits: Array) -> bool:
    """Whether no row needs a shift, by one pass over all; False for long rows, which it skips.

    >>> no_shift_needed(np.array([[3.0, -3.0]])), no_shift_needed(np.array([[3.0, -np.inf]]))
    (True, False)
    """
    short = logits.shape[-1] <= SHORT_ROW
    return bool(short and logits.min() > -SAFE_LOGIT and logits.max() < SAFE_LOGIT)
