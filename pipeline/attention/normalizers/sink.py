"""Sink: a softmax with one extra logit, whose weight goes to no key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer, row_max
from pipeline.attention.row_sums import divide, ignore_underflow, sums
from pipeline.base.errors import UserError, shorten
from pipeline.base.records import Array
from pipeline.base.specs import fits_float32


def sink(logit: float | Sequence[float] | Array = 0.0) -> Normalizer:
    """p_j = exp(z_j) / (exp(s) + Σ_k exp(z_k)), s the sink logit, a number or one per head, [H].

    Rows are ≥ 0 and sum to less than 1: the rest goes to the sink, so a head may attend to nothing.
    A constant added to a row moves its logits relative to the sink, and so changes the weights.
    Xiao et al. 2023, "Efficient Streaming Language Models with Attention Sinks", §3.3; learned,
    one per head, in gpt-oss (2025).

    >>> sink(np.log(2.0)).apply(np.zeros((1, 2)), None).round(12).tolist()
    [[0.25, 0.25]]
    """
    plain: object = logit.tolist() if isinstance(logit, np.ndarray) else logit
    per_head = isinstance(plain, Sequence) and not isinstance(plain, str)
    numbers = list(plain) if isinstance(plain, Sequence) and per_head else [plain]
    if not numbers or not all(map(fits_float32, numbers)):
        raise UserError(
            f"sink.logit: got {shorten(logit)}, expected a finite number, or one for each head"
        )
    sinks = np.array(numbers, dtype=np.float64)
    return Normalizer(
        partial(in_place, sinks=sinks if per_head else sinks[0]),
        sums_to_one=False,
        shift_invariant=False,
    )


def off_by_one() -> Normalizer:
    """p_j = exp(z_j) / (1 + Σ_k exp(z_k)): the softmax with a sink whose logit is 0.

    Rows are ≥ 0 and sum to less than 1: n/(n+1) where n logits are 0, and 0 where all → −∞.
    Miller 2023, "Attention Is Off By One".

    >>> off_by_one().apply(np.zeros((1, 3)), None).tolist()
    [[0.25, 0.25, 0.25]]
    """
    return sink(0.0)


def in_place(logits: Array, head: int | None = None, *, sinks: Array) -> Array:
    """The softmax of every row and its sink, in place."""
    extra = for_block(sinks, logits, head)
    largest = np.maximum(row_max(logits), extra)
    with ignore_underflow():
        np.subtract(logits, largest, out=logits)
        np.exp(logits, out=logits)
        return divide(logits, sums(logits) + np.exp(extra - largest))


def for_block(sinks: Array, logits: Array, head: int | None) -> Array:
    """The sink logits of a block, in its type: one, or [H, 1, 1] for a block of all heads.

    >>> for_block(np.array([1.0, 2.0]), np.zeros((2, 5, 4), np.float32), None).shape
    (2, 1, 1)
    >>> float(for_block(np.array([1.0, 2.0]), np.zeros((5, 4)), 1))
    2.0
    """
    if sinks.ndim == 0:
        return sinks.astype(logits.dtype)
    heads = logits.shape[-3] if logits.ndim > 2 else 1
    if len(sinks) != heads if head is None else head >= len(sinks):
        expected = f"one for each of {heads} heads" if head is None else f"one for head {head} too"
        raise UserError(f"sink.logit: got {len(sinks)} numbers, expected {expected}")
    if head is None and logits.ndim > 2:
        return sinks.astype(logits.dtype)[:, None, None]
    return sinks[head or 0].astype(logits.dtype)
