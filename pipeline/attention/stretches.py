"""Stretches: a block's weights and output from all its keys, or its output a cacheful at a time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pipeline.attention.chain import Capture, Chain, ignored
from pipeline.attention.normalizers.rows import (
    divide,
    stretch_sums,
    sums,
    sums_in_order,
    vanishing,
)
from pipeline.attention.tiles import cuts, mix
from pipeline.records import Array, Block

STRETCH = 512  # keys whose weights, with as many rows, stay in the cache nearest to the core
LINE = 16  # entries of a cache line, of float32


def all_keys(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    block: Block,
    *,
    out: Array,
    weights: Array,
    room: Array | None = None,
    tells_entropy: bool = False,
    capture: Capture = ignored,
) -> Array | None:
    """A block's output into [..., B, E] and its weights into [..., B, M'].

    The entropy of each row of a softmax, [..., B], costs one product more, as the logits are there:

        H = ln Z − Σ_j p_j z_j,   Z = Σ_j exp(z_j).

    `room` is for the logits, kept apart from the weights: in cache, and with room between rows.
    """
    logits = weights if room is None else shaped(room, len(query), len(key))
    chain.logits(query, key, block, logits, capture)
    numerators = chain.normalizer.numerators
    if numerators is None:
        made = chain.normalizer.apply(logits, block.head)
        if made is not weights:
            weights[...] = made
        with np.errstate(over="ignore", invalid="ignore"):  # of weights that sum to anything
            mix(weights, value, chain.tile, out)
        return None
    with vanishing():
        numerators(logits, weights, chain.is_bounded, chain.power)
        total = sums(weights)
        mean = dot(weights, logits) if tells_entropy else None
        divide(weights, total)
    mix(weights, value, chain.tile, out)
    if mean is None:
        return None
    nats = math.log(2.0) if chain.power is np.exp2 else 1.0
    total = total[..., 0].astype(mean.dtype, copy=False)
    total[total == 0.0] = 1.0  # a row without a key leaves nothing open
    return np.log(total) - nats * mean / total


def by_stretch(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    block: Block,
    *,
    out: Array,
    room: Array | None = None,
) -> None:
    """A block's output alone, into [..., B, E], by a softmax.

    It needs but a stretch of keys at a time, whose numerators are mixed while they are at hand, and
    divided by their sums at the end; unless a row needs its maximum before anything else. `room` is
    for the numerators.
    """
    assert chain.normalizer.numerators is not None
    parts = []
    for part in cuts(key.shape[-2], at_once(chain, key.shape[-2])):
        made = None if room is None else shaped(room, len(query), part.stop - part.start)
        stretch = replace(block, low=block.low + part.start, high=block.low + part.stop)
        made = chain.logits(query, key[..., part, :], stretch, made)
        with vanishing():
            chain.normalizer.numerators(made, made, chain.is_bounded, chain.power)
        parts.append(stretch_sums(made))
        mix(made, value[..., part, :], chain.tile, out, adds=part.start > 0)
    with vanishing():
        divide(out, sums_in_order(np.concatenate(parts, axis=-1)))


def at_once(chain: Chain, keys: int) -> int:
    """How many keys an output alone takes at once: all where a row's maximum must come first."""
    return min(STRETCH, chain.tile.keys, keys) if chain.is_bounded else keys


def dot(weights: Array, logits: Array) -> Array:
    """Σ_j w_j z_j of each row, 0 where z_j = −∞ and so w_j = 0.

    >>> dot(np.array([[0.5, 0.0]]), np.array([[2.0, -np.inf]])).tolist()
    [1.0]
    """
    with np.errstate(invalid="ignore"):
        found = np.vecdot(weights, logits)
    if np.isnan(found).any():
        found = np.vecdot(weights, np.maximum(logits, np.finfo(logits.dtype).min))
    return found


def padded(keys: int) -> int:
    """Entries from one row of `keys` to the next: an odd number of cache lines.

    Rows a power of two apart all fall on the same few places of a cache, and QKᵀ takes a quarter
    longer.

    >>> padded(1024), padded(1025)
    (1040, 1040)
    """
    return (-(-keys // LINE) | 1) * LINE


def shaped(room: Array, rows: int, keys: int) -> Array:
    """The start of `room` as [rows, keys], with `padded(keys)` entries from row to row."""
    apart = padded(keys)
    return room[: rows * apart].reshape(rows, apart)[:, :keys]
