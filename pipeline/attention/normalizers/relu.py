"""ReLU: the positive part of each logit, over the number of keys."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.attention.row_sums import allowed_counts
from pipeline.base.records import Array


def relu() -> Normalizer:
    """p_j = max(z_j, 0) / n, with n the keys that are not masked.

    Rows are ≥ 0 and sum to anything: to ½·E|z| for logits symmetric about 0, to 0 where none is
    positive. A constant added to a row changes it.
    Wortsman et al. 2023, "Replacing softmax with ReLU in Vision Transformers".

    >>> relu().apply(np.array([[1.0, -3.0, 2.0, 0.0, -np.inf]]), None).tolist()
    [[0.25, 0.0, 0.5, 0.0, 0.0]]
    """
    return Normalizer(in_place, sums_to_one=False, shift_invariant=False)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The ReLU of every logit over n, in place."""
    count = allowed_counts(logits)
    np.maximum(logits, 0.0, out=logits)
    with np.errstate(under="ignore"):  # a weight too small to hold is zero
        return np.divide(logits, count, out=logits)
