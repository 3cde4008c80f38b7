"""Blocks: the chain on all rows at once where they are few, else block by block on threads.

A softmax, an entropy and a top-k read whole rows and nothing else, so the N × M matrix is never
needed at once. A block is a few hundred whole rows of one head.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from pipeline.attention.kernel.attend_block import attend_block
from pipeline.attention.kernel.chain import Chain
from pipeline.attention.kernel.heads import shared_head
from pipeline.attention.kernel.rows import observed_rows
from pipeline.attention.kernel.stages import StageCallback, no_op
from pipeline.attention.kernel.tiles import Tile, cuts
from pipeline.attention.masks import Mask
from pipeline.base.records import Array, Block, Rows
from pipeline.base.threads import cores, share, single_threaded_blas

DIRECT_WEIGHTS = 1 << 17  # weights up to which one block, on BLAS's own threads, is fastest
TINY_PRODUCT = 1 << 13  # multiplications of a product up to which BLAS uses one thread
# At multiples of 16, of keys and of entries of a value, BLAS's own threads change no bit, with at
# most 128 queries, keys and entries.
BLAS_MULTIPLE, BLAS_MULTIPLE_MAX = 16, 128
CHUNKS = 16  # parts of a head that threads draw; fixed, so that no sum depends on the threads

Observer = Callable[[Block, Rows], None]  # is shown each block's weights, once


def run_direct(
    query: Array, key: Array, value: Array, chain: Chain, on_stage: StageCallback = no_op
) -> tuple[Block, Array, Array]:
    """All rows of all heads as one block: the block, weights [..., N, M], output [..., N, E].

    Key and value have as many heads as query.
    """
    block = Block(None, 0, query.shape[-2], 0, key.shape[-2])
    weights = np.empty((*query.shape[:-1], key.shape[-2]), query.dtype)
    output = np.empty((*query.shape[:-1], value.shape[-1]), query.dtype)
    with reproducible_blas(query, key, value):
        attend_block(
            query, key, value, chain, block, output=output, weights=weights, on_stage=on_stage
        )
    on_stage("weights", weights)
    return block, weights, output


def reproducible_blas(query: Array, key: Array, value: Array) -> AbstractContextManager[None]:
    """BLAS on one thread, unless the count of its threads changes no bit of these products."""
    return nullcontext() if ignores_threads(query, key, value) else single_threaded_blas


def ignores_threads(query: Array, key: Array, value: Array) -> bool:
    """Whether OpenBLAS, which NumPy brings, rounds a head's products alike on any thread count.

    >>> [ignores_threads(a, a, a) for a in (np.zeros((n, n)) for n in (20, 50, 64, 256))]
    [True, False, True, False]
    """
    (queries, width), (keys, values) = query.shape[-2:], value.shape[-2:]
    if queries * keys * max(width, values) <= TINY_PRODUCT:
        return True
    is_even = keys % BLAS_MULTIPLE == 0 and values % BLAS_MULTIPLE == 0
    return is_even and queries > 1 and max(queries, keys, width, values) <= BLAS_MULTIPLE_MAX


def run_blocks(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    observer: Observer | None = None,
    weights: Array | None = None,
    *,
    rows: int | None = None,
    threads: int | None = None,
) -> Array:
    """Block by block on threads; the output, [..., N, E].

    `weights` [..., N, M], zeros where no block comes, is filled where it is given; `observer` is
    called with every block. Key and value may have fewer heads than query where the count divides;
    none is copied.
    """
    keys, leading = key.shape[-2], query.shape[:-2]
    output = np.zeros((*query.shape[:-1], value.shape[-1]), query.dtype)
    rows = chain.tile.rows * -(-min(rows or 1, query.shape[-2]) // chain.tile.rows)
    # Logits apart from the weights stay in cache, and the entropy needs both.
    apart = chain.normalizer.unnormalized is not None and not (weights is None and observer is None)

    def work(blocks: Iterator[Block]) -> None:
        logits_space = np.empty(rows * keys if apart else 0, query.dtype)
        weights_space = np.empty(rows * keys if weights is None else 0, query.dtype)
        for block in blocks:
            head = block.head or ()
            block_key, block_value = (
                shared_head(a, head, leading)[block.keys] for a in (key, value)
            )
            block_query = query[head][block.queries]
            shape = len(block_query), len(block_key)
            if weights is None:
                block_weights = weights_space[: math.prod(shape)].reshape(shape)
            else:
                block_weights = weights[head][block.queries, block.keys]
            entropy = attend_block(
                block_query, block_key, block_value, chain, block,
                output=output[head][block.queries],
                weights=block_weights,
                logits=logits_space[: math.prod(shape)].reshape(shape) if apart else None,
                with_entropy=observer is not None,
            )  # fmt: skip
            if observer is not None:
                observer(block, observed_rows(chain, block_weights, block, keys, entropy))

    chunks = chunk_blocks((*query.shape[:-1], keys), rows, chain.mask, chain.tile)
    share(lambda drawn: work(itertools.chain.from_iterable(drawn)), chunks, threads or cores())
    return output


def chunk_blocks(
    shape: tuple[int, ...], rows: int, mask: Mask, tile: Tile
) -> Iterator[tuple[Block, ...]]:
    """The blocks of every head, in at most CHUNKS chunks a head; a chunk stays on one thread.

    A block has `rows` queries, and all tiles of keys that any of them may attend to.
    """
    *leading, queries, keys = shape
    ranges = []
    for part in cuts(queries, rows):
        low, high = mask.bounding_range(part.start, part.stop, keys)
        if low < high:
            low, high = low // tile.keys * tile.keys, -(-high // tile.keys) * tile.keys
            ranges.append((part.start, part.stop, low, min(high, keys)))
    length = max(1, math.ceil(len(ranges) / CHUNKS))
    for head in np.ndindex(*leading):
        blocks = [Block(head, *ends, part=i // length) for i, ends in enumerate(ranges)]
        for start in range(0, len(blocks), length):
            yield tuple(blocks[start : start + length])
