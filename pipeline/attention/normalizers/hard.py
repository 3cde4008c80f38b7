"""Hard: all the weight on the best key."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.base.records import Array


def hard() -> Normalizer:
    """p_j = 1 for the largest logit of the row, the first of equals, and 0 for the others.

    Rows are ≥ 0 and sum to 1; a constant added to a row changes nothing. The limit T → 0 of the
    softmax; Xu et al. 2015, "Show, Attend and Tell", §4.1 (hard attention, here without sampling).

    >>> hard().apply(np.array([[0.0, 2.0, 2.0]]), None).tolist()
    [[0.0, 1.0, 0.0]]
    """
    return Normalizer(in_place, sums_to_one=True)


def in_place(logits: Array, head: int | None = None) -> Array:
    """The one-hot of every row's first maximum, in place."""
    best = logits.argmax(axis=-1, keepdims=True)
    weight = (np.take_along_axis(logits, best, axis=-1) > -np.inf).astype(logits.dtype)
    logits.fill(0.0)
    np.put_along_axis(logits, best, weight, axis=-1)
    return logits
