"""Norm-weighted attention: what a key adds to an output, its weight times its value's length."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Flow, Mask

TIE_DIGITS = 12  # of a row's largest number, to which numbers that are alike are equal


def norm_rank(traced: Flow) -> Array:
    """Spearman's ρ of α_ij and ‖α_ij v_j‖ over the allowed keys of each row, [H, N].

    1 where the lengths change no key's rank, below where a large weight falls on a short value:
    what gets attention is then not what is passed on (Kobayashi et al. 2020, "Attention is not
    only a weight"). Equal numbers share their mean rank. Undefined (NaN) where either is constant,
    as over one key.

    >>> weights, lengths = np.array([[[0.5, 0.3, 0.2]]]), np.array([1.0, 1.0, 10.0])
    >>> traced = Flow(weights, np.ones((1, 1, 3), bool), weights * lengths, weights[0])
    >>> norm_rank(traced).tolist()
    [[-0.5]]
    """
    taking = np.broadcast_to(traced.allowed, traced.weights.shape)
    counts = np.maximum(taking.sum(axis=-1, keepdims=True), 1)
    both = (traced.weights, traced.weighted)
    one, two = (center(ranks(array, taking), taking, counts) for array in both)
    sizes = np.sqrt(np.sum(one * one, axis=-1) * np.sum(two * two, axis=-1))
    with np.errstate(invalid="ignore"):
        return np.clip(np.sum(one * two, axis=-1) / np.where(sizes > 0, sizes, np.nan), -1.0, 1.0)


def center(values: Array, taking: Mask, counts: Array) -> Array:
    """`values` less their mean over what takes part; 0 elsewhere."""
    kept = np.where(taking, values, 0.0)
    return np.where(taking, kept - kept.sum(axis=-1, keepdims=True) / counts, 0.0)


def ranks(values: Array, taking: Mask) -> Array:
    """The rank of each number ≥ 0 in its row, from 0, [..., M]; what takes no part comes last.

    >>> ranks(np.array([0.3, 0.1, 0.3, 0.2]), np.array([True, True, True, True])).tolist()
    [2.5, 0.0, 2.5, 1.0]
    """
    top = np.max(values, axis=-1, keepdims=True)
    alike = np.round(values / np.where(top > 0, top, 1.0), TIE_DIGITS)
    shown = np.where(taking, alike, np.inf)
    order = np.argsort(shown, axis=-1, kind="stable")
    line = np.take_along_axis(shown, order, axis=-1)
    places = np.broadcast_to(np.arange(line.shape[-1]), line.shape)
    starts = np.concatenate(
        [np.ones_like(line[..., :1], bool), line[..., 1:] != line[..., :-1]], -1
    )
    ends = np.concatenate([starts[..., 1:], np.ones_like(starts[..., :1])], axis=-1)
    first = np.maximum.accumulate(np.where(starts, places, 0), axis=-1)
    later = np.where(ends, places, line.shape[-1])[..., ::-1]
    last = np.minimum.accumulate(later, axis=-1)[..., ::-1]
    found = np.empty(line.shape)
    np.put_along_axis(found, order, (first + last) / 2, axis=-1)
    return found
