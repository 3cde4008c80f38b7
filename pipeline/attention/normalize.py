"""Normalize: rows of logits → rows of weights. Masked keys come in as −inf."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.records import Array


def softmax(logits: Array) -> Array:
    """p_j = exp(z_j − max z) / Σ_k exp(z_k − max z) along the last axis, [..., N, M] → [..., N, M].

    Rows are ≥ 0 and sum to 1; adding a constant to a row changes nothing; a row that is all −inf
    (every key masked) gives zeros. Computed in place: `logits` is overwritten and returned.

    >>> softmax(np.array([[0.0, np.log(3.0)]])).round(12).tolist()
    [[0.25, 0.75]]
    """
    peak = logits.max(axis=-1, keepdims=True)
    peak[peak == -np.inf] = 0.0
    with np.errstate(under="ignore"):  # a weight too small to hold is zero
        np.subtract(logits, peak, out=logits)
        np.exp(logits, out=logits)
        total = logits.sum(axis=-1, keepdims=True)
        total[total == 0.0] = 1.0
        np.divide(logits, total, out=logits)
    return logits


NORMALIZERS: dict[str, Callable[[Array], Array]] = {"softmax": softmax}
