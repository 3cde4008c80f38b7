"""Top-k: the softmax over the k largest logits of a row."""

from __future__ import annotations

from functools import partial

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.attention.normalizers.softmax import in_place as softmax_in_place
from pipeline.base.records import Array
from pipeline.base.specs import whole


def top_k(k: int = 8) -> Normalizer:
    """p_j = exp(z_j) / Σ_{i in S} exp(z_i) for j in S, the k largest logits of the row; else 0.

    Rows are ≥ 0 and sum to 1; exactly k keys are kept, the first of those that tie for the k-th
    place, or all where no more than k are not masked (the plain softmax). A constant added to a row
    changes nothing. Gupta et al. 2021, "Memory-efficient Transformers via Top-k Attention".

    >>> top_k(2).apply(np.array([[0.0, 1.0, 0.0, 0.0]]), None).round(4).tolist()
    [[0.2689, 0.7311, 0.0, 0.0]]
    """
    whole(k, "top_k.k", least=1)
    return Normalizer(partial(in_place, k=int(k)), sums_to_one=True)


def in_place(logits: Array, head: int | None = None, *, k: int) -> Array:
    """The softmax of every row's k largest logits, in place."""
    return softmax_in_place(mask_beyond(logits, k) if k < logits.shape[-1] else logits)


def mask_beyond(logits: Array, k: int) -> Array:
    """Sets every logit but the k largest of its row to −∞, in place; k < M.

    >>> mask_beyond(np.array([[3.0, 1.0, 2.0, 2.0]]), 2).tolist()
    [[3.0, -inf, 2.0, -inf]]
    """
    negated = -logits  # many −∞ at the end that is searched would make the partition slow
    negated.partition(k - 1, axis=-1)
    kth = -negated[..., k - 1 : k]
    np.copyto(logits, -np.inf, where=logits < kth)
    has_ties = np.count_nonzero(logits > -np.inf, axis=-1) > k
    if has_ties.any():
        drop_extra_ties(logits, kth, has_ties, k)
    return logits


def drop_extra_ties(logits: Array, kth: Array, has_ties: Array, k: int) -> None:
    """In rows with more than k logits at or above `kth`, drops the last of those equal to it.

    >>> rows = np.array([[1.0, 5.0, 1.0, 1.0]])
    >>> drop_extra_ties(rows, np.array([[1.0]]), np.array([True]), 2)
    >>> rows.tolist()
    [[1.0, 5.0, -inf, -inf]]
    """
    rows, threshold = logits[has_ties], kth[has_ties]
    equal = rows == threshold
    remaining = k - np.count_nonzero(rows > threshold, axis=-1, keepdims=True)
    rows[equal & (equal.cumsum(axis=-1) > remaining)] = -np.inf
    logits[has_ties] = rows
