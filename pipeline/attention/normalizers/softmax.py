"""Softmax: the exponential of each logit over the sum of all."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.kinds import Normalizer, peak
from pipeline.attention.normalizers.rows import divide, sums, vanishing
from pipeline.records import Array

SHORT = 256  # keys of rows whose maxima take longer one by one than all at once
SMALL = 20.0  # of which an exponential, a sum of them and a value times that are inside float32


def softmax() -> Normalizer:
    """p_j = exp(z_j) / Σ_k exp(z_k): positive, summing to 1, blind to a constant added to a row.

    Bridle 1990; Vaswani et al. 2017, eq. 1.

    >>> softmax().apply(np.array([[0.0, np.log(3.0)]]), None).round(12).tolist()
    [[0.25, 0.75]]
    """
    return Normalizer(in_place, sums_to_one=True, numerators=exponentials)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The softmax of every row, over the logits themselves."""
    with vanishing():
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
    `vanishing()`.
    """
    if not (bounded or are_small(logits)):
        shift = peak(logits)
        shift[np.abs(shift) < SMALL] = 0.0
        if shift.any():
            np.subtract(logits, shift, out=logits)
    power(logits, out=out)


def are_small(logits: Array) -> bool:
    """Whether no row needs a shift, seen at once; only short rows are looked at.

    >>> are_small(np.array([[3.0, -3.0]])), are_small(np.array([[3.0, -np.inf]]))
    (True, False)
    """
    short = logits.shape[-1] <= SHORT
    return bool(short and logits.min() > -SMALL and logits.max() < SMALL)
