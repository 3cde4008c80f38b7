"""Stretches: a softmax of a block of rows, all its keys at once or a cacheful at a time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pipeline.attention.chain import Chain
from pipeline.attention.normalizers.rows import divide
from pipeline.records import Array, Block

LINE = 16  # entries of a cache line, of float32
STRETCH = 512  # keys whose weights, with as many rows, stay in the cache nearest to the core


def at_once(chain: Chain, keys: int, dtype: np.dtype, alone: bool) -> int:
    """How many keys are taken at once: all where their weights are wanted, or a maximum first."""
    return min(STRETCH, keys) if alone and chain.bounded(dtype) else keys


def by_row(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    block: Block,
    room: Array,
    *,
    out: Array,
    weights: Array,
    tells_entropy: bool,
) -> Array | None:
    """A block's output into [B, E] and its weights into [B, M'], all keys at once.

    The entropy of each row, [B], costs one product more, as the logits are there:

        H = ln Z − Σ_j p_j z_j,   Z = Σ_j exp(z_j).

    `room` is for the logits, kept apart from the weights: in cache, and with room between rows.
    """
    assert chain.normalizer.numerators is not None
    bounded = chain.bounded(query.dtype)
    logits = shaped(room, len(query), len(key))
    chain.logits(query, key, block, logits)
    total = chain.normalizer.numerators(logits, weights, bounded, chain.power)
    mean = dot(weights, logits) if tells_entropy else None
    divide(weights, total)
    np.matmul(weights, value, out=out)
    if mean is None:
        return None
    nats = math.log(2.0) if chain.power is np.exp2 else 1.0
    return np.log(total[:, 0]) - nats * mean / total[:, 0]


def by_stretch(
    query: Array, key: Array, value: Array, chain: Chain, block: Block, room: Array, *, out: Array
) -> None:
    """A block's output alone, into zeros [B, E].

    It needs but a stretch of keys at a time, whose numerators are mixed while they are at hand, and
    divided by their sums at the end; unless a row needs its maximum before anything else. `room` is
    for the numerators.
    """
    assert chain.normalizer.numerators is not None
    bounded = chain.bounded(query.dtype)
    step = at_once(chain, len(key), query.dtype, alone=True)
    total = np.zeros((len(query), 1), query.dtype)
    for low in range(0, len(key), step):
        part = slice(low, min(low + step, len(key)))
        made = shaped(room, len(query), part.stop - low)
        stretch = replace(block, low=block.low + low, high=block.low + part.stop)
        chain.logits(query, key[part], stretch, made)
        total += chain.normalizer.numerators(made, made, bounded, chain.power)
        if low == 0:
            np.matmul(made, value[part], out=out)
        else:
            out += made @ value[part]
    divide(out, total)


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
