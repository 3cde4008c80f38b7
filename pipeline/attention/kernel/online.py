"""Stretches: a block's weights and output from all its keys, or its output a cacheful at a time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pipeline.attention.kernel.chain import Chain, StageCallback, no_op
from pipeline.attention.kernel.tiles import cuts, mix
from pipeline.attention.row_sums import chunk_sums, divide, ignore_underflow, sums, sums_in_order
from pipeline.base.records import Array, Block

KEY_CHUNK = 512  # keys whose weights, with as many rows, stay in the cache nearest to the core
CACHE_LINE = 16  # entries of a cache line, of float32


def attend_block(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    block: Block,
    *,
    out: Array,
    weights: Array,
    scratch: Array | None = None,
    with_entropy: bool = False,
    on_stage: StageCallback = no_op,
) -> Array | None:
    """A block's output into [..., B, E] and its weights into [..., B, M'].

    The entropy of each row of a softmax, [..., B], costs one product more, as the logits are there:

        H = ln Z − Σ_j p_j z_j,   Z = Σ_j exp(z_j).

    `scratch` is for the logits, kept apart from the weights: in cache, and with scratch between rows.
    """
    logits = weights if scratch is None else scratch_view(scratch, len(query), len(key))
    chain.logits(query, key, block, logits, on_stage)
    numerators = chain.normalizer.unnormalized
    if numerators is None:
        made = chain.normalizer.apply(logits, block.head_index)
        if made is not weights:
            weights[...] = made
        with np.errstate(over="ignore", invalid="ignore"):  # of weights that sum to anything
            mix(weights, value, chain.tile, out)
        return None
    with ignore_underflow():
        numerators(logits, weights, chain.is_bounded, chain.exp_fn)
        total = sums(weights)
        mean = masked_dot(weights, logits) if with_entropy else None
        divide(weights, total)
    mix(weights, value, chain.tile, out)
    if mean is None:
        return None
    nats = math.log(2.0) if chain.exp_fn is np.exp2 else 1.0
    total = total[..., 0].astype(mean.dtype, copy=False)
    total[total == 0.0] = 1.0  # a row without a key leaves nothing open
    return np.log(total) - nats * mean / total


def attend_block_online(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    block: Block,
    *,
    out: Array,
    scratch: Array | None = None,
) -> None:
    """A block's output alone, into [..., B, E], by a softmax.

    It needs but a stretch of keys at a time, whose numerators are mixed while they are at hand, and
    divided by their sums at the end; unless a row needs its maximum before anything else. `scratch` is
    for the numerators.
    """
    assert chain.normalizer.unnormalized is not None
    parts = []
    for part in cuts(key.shape[-2], key_chunk(chain, key.shape[-2])):
        made = (
            None if scratch is None else scratch_view(scratch, len(query), part.stop - part.start)
        )
        stretch = replace(
            block, key_start=block.key_start + part.start, key_stop=block.key_start + part.stop
        )
        made = chain.logits(query, key[..., part, :], stretch, made)
        with ignore_underflow():
            chain.normalizer.unnormalized(made, made, chain.is_bounded, chain.exp_fn)
        parts.append(chunk_sums(made))
        mix(made, value[..., part, :], chain.tile, out, adds=part.start > 0)
    with ignore_underflow():
        divide(out, sums_in_order(np.concatenate(parts, axis=-1)))


def key_chunk(chain: Chain, keys: int) -> int:
    """How many keys an output alone takes at once: all where a row's maximum must come first."""
    return min(KEY_CHUNK, chain.tile.keys, keys) if chain.is_bounded else keys


def masked_dot(weights: Array, logits: Array) -> Array:
    """Σ_j w_j z_j of each row, 0 where z_j = −∞ and so w_j = 0.

    >>> masked_dot(np.array([[0.5, 0.0]]), np.array([[2.0, -np.inf]])).tolist()
    [1.0]
    """
    with np.errstate(invalid="ignore"):
        found = np.vecdot(weights, logits)
    if np.isnan(found).any():
        found = np.vecdot(weights, np.maximum(logits, np.finfo(logits.dtype).min))
    return found


def padded_width(keys: int) -> int:
    """Entries from one row of `keys` to the next: an odd number of cache lines.

    Rows a power of two apart all fall on the same few places of a cache, and QKᵀ takes a quarter
    longer.

    >>> padded_width(1024), padded_width(1025)
    (1040, 1040)
    """
    return (-(-keys // CACHE_LINE) | 1) * CACHE_LINE


def scratch_view(scratch: Array, rows: int, keys: int) -> Array:
    """The start of `scratch` as [rows, keys], with `padded_width(keys)` entries from row to row."""
    apart = padded_width(keys)
    return scratch[: rows * apart].reshape(rows, apart)[:, :keys]
