"""Norm-weighted attention: what a key adds to an output, its weight times its value's length."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Flow, Mask

TIE_DIGITS = 12  # numbers of a row are tied if equal to this many digits of its largest


def norm_rank(flow: Flow) -> Array:
    """Spearman's ρ of α_ij and ‖α_ij v_j‖ over the allowed keys of each row, → [H, N].

    1 where the lengths of the values change no key's rank, lower where a large weight falls on a
    short value: what receives attention is then not what is passed on (Kobayashi et al. 2020,
    "Attention is not only a weight"). Tied numbers share their mean rank. Undefined (NaN) where
    either is constant, as over one key.

    >>> weights, lengths = np.array([[[0.5, 0.3, 0.2]]]), np.array([1.0, 1.0, 10.0])
    >>> flow = Flow(weights, np.ones((1, 1, 3), bool), weights * lengths, weights[0])
    >>> norm_rank(flow).tolist()
    [[-0.5]]
    """
    allowed = np.broadcast_to(flow.allowed, flow.weights.shape)
    x, y = (center(ranks(array, allowed), allowed) for array in (flow.weights, flow.weighted))
    norms = np.sqrt(np.sum(x * x, axis=-1) * np.sum(y * y, axis=-1))
    with np.errstate(invalid="ignore"):
        return np.clip(np.sum(x * y, axis=-1) / np.where(norms > 0, norms, np.nan), -1.0, 1.0)


def center(values: Array, allowed: Mask) -> Array:
    """Each allowed value minus their mean over its row; 0 elsewhere."""
    counts = np.maximum(allowed.sum(axis=-1, keepdims=True), 1)
    sums = np.where(allowed, values, 0.0).sum(axis=-1, keepdims=True)
    return np.where(allowed, values - sums / counts, 0.0)


def ranks(values: Array, allowed: Mask) -> Array:
    """The rank from 0 of each number ≥ 0 among the allowed ones of its row, [..., M] → [..., M].

    Tied numbers share their mean rank; those not allowed come last.

    >>> ranks(np.array([0.3, 0.1, 0.3, 0.2]), np.array([True, True, True, True])).tolist()
    [2.5, 0.0, 2.5, 1.0]
    """
    largest = np.max(values, axis=-1, keepdims=True)
    rounded = np.round(values / np.where(largest > 0, largest, 1.0), TIE_DIGITS)
    rounded = np.where(allowed, rounded, np.inf)
    order = np.argsort(rounded, axis=-1, kind="stable")
    in_order = np.take_along_axis(rounded, order, axis=-1)
    # Each run of tied numbers starts and ends at some position of `in_order`.
    is_new = in_order[..., 1:] != in_order[..., :-1]
    edge = np.ones_like(in_order[..., :1], bool)
    starts, ends = np.concatenate([edge, is_new], axis=-1), np.concatenate([is_new, edge], axis=-1)
    position = np.broadcast_to(np.arange(in_order.shape[-1]), in_order.shape)
    first = np.maximum.accumulate(np.where(starts, position, 0), axis=-1)
    next_end = np.where(ends, position, in_order.shape[-1])[..., ::-1]
    last = np.minimum.accumulate(next_end, axis=-1)[..., ::-1]
    result = np.empty(in_order.shape)
    np.put_along_axis(result, order, (first + last) / 2, axis=-1)
    return result
