"""Softmax: the exponential of each logit over the sum of all."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer, row_max
from pipeline.attention.row_sums import divide, ignore_underflow, sums
from pipeline.base.records import Array

SHORT_ROW = 256  # keys of rows whose maxima take longer one by one than all at once
SAFE_LOGIT = (
    20.0  # of which an exponential, a sum of them and a value times that are inside float32
)


def softmax() -> Normalizer:
    """p_j = exp(z_j) / Σ_k exp(z_k): positive, summing to 1, blind to a constant added to a row.

    Bridle 1990; Vaswani et al. 2017, eq. 1.

    >>> softmax().apply(np.array([[0.0, np.log(3.0)]]), None).round(12).tolist()
    [[0.25, 0.75]]
    """
    return Normalizer(in_place, sums_to_one=True, unnormalized=exponentials)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The softmax of every row, over the logits themselves."""
    with ignore_underflow():
        exponentials(logits, logits)
        return divide(logits, sums(logits))


def exponentials(
    logits: Array, out: Array, bounded: bool = False, power: np.ufunc = np.exp
) -> None:
    """exp(z_j − s) in `out`.

    Leaves z_j − s in `logits`, unless `out` is the same. The shift s is the row's maximum where
    that is large, and 0 elsewhere, as where all logits are `bounded`: the ratios, which are all
    that counts, are the same. It is the row's own affair, so that no bit depends on the rows beside
    it. `power` is the exponential to the base that the logits are in. To be called inside of
    `ignore_underflow()`.
    """
    if not (bounded or no_shift_needed(logits)):
        shift = row_max(logits)
        shift[np.abs(shift) < SAFE_LOGIT] = 0.0
        if shift.any():
            np.subtract(logits, shift, out=logits)
    power(logits, out=out)


def no_shift_needed(logits: Array) -> bool:
    """Whether no row needs a shift, seen at once; only short rows are looked at.

    >>> no_shift_needed(np.array([[3.0, -3.0]])), no_shift_needed(np.array([[3.0, -np.inf]]))
    (True, False)
    """
    short = logits.shape[-1] <= SHORT_ROW
    return bool(short and logits.min() > -SAFE_LOGIT and logits.max() < SAFE_LOGIT)
