"""What an observer is shown of a block: its weights, and what a metric must know of them."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from pipeline.attention.kernel.chain import MAX_FLOAT, Chain
from pipeline.base.records import Array, Block, Rows


def observed_rows(
    chain: Chain, weights: Array, block: Block, keys: int, entropy: Array | None = None
) -> Rows:
    """The rows of a block, weights [..., N', M'], of M = `keys` keys."""
    counts = chain.mask.counts(block.query_start, block.query_stop, keys)
    if block.head is not None and counts.ndim > 1:
        every_head = np.broadcast_to(counts, (*chain.leading, counts.shape[-1]))
        counts = every_head[block.head]
    is_full = chain.mask.is_full(*block.ends)
    intended = chain.intended_mask
    return Rows(
        weights,
        counts,
        block.query_start,
        block.key_start,
        entropy,
        mask=None if is_full else partial(chain.mask_block, chain.mask, block),
        intended_mask=None if intended is None else partial(chain.mask_block, intended, block),
        all_positive=entropy is not None and is_full and surely_positive(chain, weights),
    )


def surely_positive(chain: Chain, weights: Array) -> bool:
    """Whether a softmax of logits this small, none of them masked, is nowhere 0.

    The smallest weight is at least exp(−2·bound)/M.
    """
    bound = min(chain.score_bound, chain.softcap or math.inf)
    largest = 2.0 * bound + math.log(weights.shape[-1])
    return chain.bias is None and largest < 0.9 * math.log(MAX_FLOAT[weights.dtype])
