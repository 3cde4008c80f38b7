"""One block: query, key and value → weights and output, all keys of a row at once."""

from __future__ import annotations

import numpy as np

from pipeline.attention.kernel.chain import Chain
from pipeline.attention.kernel.stages import StageCallback, no_op
from pipeline.attention.kernel.tiles import mix
from pipeline.attention.row_sums import divide, ignore_underflow, sums
from pipeline.base.records import Array, Block


def attend_block(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    block: Block,
    *,
    output: Array,
    weights: Array,
    logits: Array | None = None,
    with_entropy: bool = False,
    on_stage: StageCallback = no_op,
) -> Array | None:
    """Fills a block's output [..., N', E] and weights [..., N', M']; its entropy [..., N'] or None.

    The entropy of a softmax's rows costs only one more product here, where the logits are at hand:

        H = ln Z − Σ_j p_j z_j,   Z = Σ_j exp(z_j).

    `logits` [..., N', M'] is scratch space (`weights` itself where left out); the entropy needs it.
    """
    logits = chain.logits(query, key, block, weights if logits is None else logits, on_stage)
    unnormalized = chain.normalizer.unnormalized
    if unnormalized is None:
        normalized = chain.normalizer.apply(logits, block.head_index)
        if normalized is not weights:
            weights[...] = normalized
        with np.errstate(over="ignore", invalid="ignore"):  # `attend` reports it
            mix(weights, value, chain.tile, output)
        return None
    with ignore_underflow():
        unnormalized(logits, weights, chain.is_bounded)
        total = sums(weights)
        mean = row_dot(weights, logits) if with_entropy else None
        divide(weights, total)
    mix(weights, value, chain.tile, output)
    if mean is None:
        return None
    total = total[..., 0].astype(mean.dtype, copy=False)
    total[total == 0.0] = 1.0  # the entropy of a fully masked row is 0
    return np.log(total) - mean / total


def row_dot(weights: Array, logits: Array) -> Array:
    """Σ_j w_j z_j of each row, with 0 where z_j = −∞ and so w_j = 0.

    >>> row_dot(np.array([[0.5, 0.0]]), np.array([[2.0, -np.inf]])).tolist()
    [1.0]
    """
    with np.errstate(invalid="ignore"):
        products = np.vecdot(weights, logits)
    if np.isnan(products).any():
        products = np.vecdot(weights, np.maximum(logits, np.finfo(logits.dtype).min))
    return products
