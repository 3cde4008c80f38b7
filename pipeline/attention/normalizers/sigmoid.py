"""Sigmoid: each key weighed independently of the others."""

from __future__ import annotations

from functools import partial

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.attention.row_sums import allowed_counts
from pipeline.base.errors import UserError, shorten
from pipeline.base.records import Array
from pipeline.base.specs import fits_float32


def sigmoid(bias: float | None = None) -> Normalizer:
    """p_j = 1 / (1 + exp(−z_j − b)), with b = −ln n by default, n the keys that are not masked.

    Each weight is in [0, 1] and independent of the others: rows do not sum to 1 (with the default
    bias and N(0, 1) logits their sums tend to √e), and a constant added to a row changes it.
    Ramapuram et al. 2024, "Theory, Analysis, and Best Practices for Sigmoid Self-Attention".

    >>> sigmoid().apply(np.zeros((1, 3)), None).round(12).tolist()
    [[0.25, 0.25, 0.25]]
    """
    if bias is not None and not fits_float32(bias):
        raise UserError(
            f"sigmoid.bias: got {shorten(bias)}, expected a finite number or null (−ln n)"
        )
    number = None if bias is None else float(bias)
    return Normalizer(partial(in_place, bias=number), sums_to_one=False, shift_invariant=False)


def in_place(logits: Array, head: int | None = None, *, bias: float | None) -> Array:
    """The sigmoid of every logit, in place."""
    threshold = np.log(allowed_counts(logits)) if bias is None else -bias
    with np.errstate(over="ignore", under="ignore"):  # exp too large to hold: a weight of zero
        np.subtract(threshold, logits, out=logits)
        np.exp(logits, out=logits)
        logits += 1.0
        return np.reciprocal(logits, out=logits)
