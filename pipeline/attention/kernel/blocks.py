"""The core: the chain on blocks of whole rows, in cache, on threads.

A softmax, an entropy and a top-k read whole rows and nothing else, so the N × M matrix is never
needed at once. A block is a few hundred rows of one head or, where the problem is small, all rows
of all heads; the same functions serve both.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from pipeline.attention.kernel.chain import Chain, StageCallback, no_op
from pipeline.attention.kernel.online import (
    attend_block,
    attend_block_online,
    key_chunk,
    padded_width,
)
from pipeline.attention.kernel.tiles import Tile, cuts
from pipeline.attention.masks import Mask
from pipeline.base.records import Array, Block, Rows
from pipeline.base.threads import cores, share, single_threaded_blas

SMALL_HEAD = 1 << 18  # weights of a head up to which several make one block
HEAD_BATCH = 1 << 19  # weights that such heads make together at most, so that they stay in cache
DIRECT_WEIGHTS = 1 << 17  # weights up to which one block, on BLAS's own threads, is fastest
TINY_PRODUCT = 1 << 13  # multiplications of a product up to which BLAS uses one thread
BLAS_MULTIPLE = (
    16  # at whose multiples, of keys and of entries of a value, BLAS's own threads change no bit
)
BLAS_MULTIPLE_MAX = 128  # if there are at most so many queries, keys and entries of each
CHUNKS = 16  # parts of a head that threads draw; fixed, so that no sum depends on the threads

Observer = Callable[[Block, Rows], None]  # is shown each block's weights, once


def run_direct(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    on_stage: StageCallback = no_op,
    weights: Array | None = None,
    output: Array | None = None,
) -> tuple[Block, Array, Array]:
    """All rows of all heads as one block: that block, weights [..., N, M], output [..., N, E].

    Key and value come with as many heads as query. The two arrays are filled where they are given.
    """
    shape = query.shape[:-1]
    block = Block(None, 0, query.shape[-2], 0, key.shape[-2])
    weights = np.empty((*shape, key.shape[-2]), query.dtype) if weights is None else weights
    output = np.empty((*shape, value.shape[-1]), query.dtype) if output is None else output
    with reproducible_blas(query, key, value):
        attend_block(
            query, key, value, chain, block, out=output, weights=weights, on_stage=on_stage
        )
    on_stage("weights", weights)
    return block, weights, output


def output_directly(query: Array, key: Array, value: Array, chain: Chain) -> Array:
    """The output alone, [..., N, E], by a softmax, as one block."""
    output = np.empty((*query.shape[:-1], value.shape[-1]), query.dtype)
    block = Block(None, 0, query.shape[-2], 0, key.shape[-2])
    with reproducible_blas(query, key, value):
        attend_block_online(query, key, value, chain, block, out=output)
    return output


def reproducible_blas(query: Array, key: Array, value: Array) -> AbstractContextManager[None]:
    """BLAS on one thread, unless it rounds the products of a head alike on any number."""
    return nullcontext() if ignores_threads(query, key, value) else single_threaded_blas


def ignores_threads(query: Array, key: Array, value: Array) -> bool:
    """Whether BLAS (NumPy's own, OpenBLAS) rounds a head's products alike on however many threads.

    >>> [ignores_threads(a, a, a) for a in (np.zeros((n, n)) for n in (20, 50, 64, 256))]
    [True, False, True, False]
    """
    (queries, width), (keys, values) = query.shape[-2:], value.shape[-2:]
    if queries * keys * max(width, values) <= TINY_PRODUCT:
        return True
    is_even = keys % BLAS_MULTIPLE == 0 and values % BLAS_MULTIPLE == 0
    return is_even and queries > 1 and max(queries, keys, width, values) <= BLAS_MULTIPLE_MAX


def fits_head_batch(shape: tuple[int, ...]) -> bool:
    """Whether weights of that shape are those of many heads, none of them worth a block of its own.

    >>> (
    ...     fits_head_batch((8, 512, 512)),
    ...     fits_head_batch((8, 1024, 1024)),
    ...     fits_head_batch((128, 128)),
    ... )
    (True, False, False)
    """
    return len(shape) > 2 and math.prod(shape[-2:]) <= SMALL_HEAD


def run_head_batches(
    query: Array, key: Array, value: Array, chain: Chain, threads: int | None = None
) -> tuple[Array, Array]:
    """Many small heads, done alike: a slab of them at a time, each slab as one block.

    A thread goes from call to call but a few times in all, and seldom waits for another.
    """
    threads = threads or cores()
    queries, keys = query.shape[-2], key.shape[-2]
    weights = np.empty((*query.shape[:-1], keys), query.dtype)
    output = np.empty((*query.shape[:-1], value.shape[-1]), query.dtype)
    heads = math.prod(query.shape[:-2])
    flat = [a.reshape(heads, *a.shape[-2:]) for a in (query, key, value, weights, output)]
    slab = min(-(-heads // threads), max(1, HEAD_BATCH // (queries * keys)))

    def work(slabs: Iterator[slice]) -> None:
        for one in slabs:
            own_query, own_key, own_value, own_weights, own_output = (a[one] for a in flat)
            run_direct(own_query, own_key, own_value, chain, no_op, own_weights, own_output)

    slabs = [slice(first, first + slab) for first in range(0, heads, slab)]
    share(work, slabs, threads)
    return weights, output


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

    `weights` [..., N, M], zeros where a block has no key, is filled where it is given; `observer` is
    shown every block's weights. Key and value may have fewer heads than query where the count
    divides; none is copied.
    """
    keys, leading, tile = key.shape[-2], query.shape[:-2], chain.tile
    output = np.zeros((*query.shape[:-1], value.shape[-1]), query.dtype)
    is_softmax = chain.normalizer.unnormalized is not None
    reads_rows = observer is not None or not is_softmax
    alone = not reads_rows and weights is None
    width = key_chunk(chain, keys) if alone else keys
    rows = tile.rows * -(-min(rows or 1, query.shape[-2]) // tile.rows)

    def work(blocks: Iterator[Block]) -> None:
        scratch = np.empty(rows * padded_width(width) if is_softmax else 0, query.dtype)
        spare = np.empty(rows * keys if reads_rows and weights is None else 0, query.dtype)
        for block in blocks:
            place, near = block.part_of_head_axes or (), block.keys
            own_query, mixed = query[place][block.queries], output[place][block.queries]
            own_key, own_value = (shared_head(a, place, leading)[near] for a in (key, value))
            given = own_query, own_key, own_value, chain, block
            if alone:
                attend_block_online(*given, out=mixed, scratch=scratch)
                continue
            if weights is None:
                made = spare[: len(own_query) * len(own_key)].reshape(len(own_query), len(own_key))
            else:
                made = weights[place][block.queries, near]
            apart = scratch if is_softmax else None
            with_entropy = observer is not None
            entropy = attend_block(
                *given, out=mixed, weights=made, scratch=apart, with_entropy=with_entropy
            )
            if observer is not None:
                observer(block, chain.rows(made, block, keys, entropy))

    chunks = chunk_blocks((*query.shape[:-1], keys), rows, chain.mask, tile)
    share(lambda drawn: work(itertools.chain.from_iterable(drawn)), chunks, threads or cores())
    return output


def shared_head(array: Array, place: tuple[int, ...], leading: tuple[int, ...]) -> Array:
    """The [M, E] of a key or value that serves query's head at `place`.

    An axis of length 1 serves every place, and one that divides query's a group of places each.

    >>> shared_head(np.arange(4).reshape(2, 2, 1), place=(3,), leading=(4,)).tolist()
    [[2], [3]]
    """
    own = array.shape[:-2]
    cut = len(leading) - len(own)
    places = zip(place[cut:], own, leading[cut:], strict=True)
    return array[tuple(p * n // whole for p, n, whole in places)]


def chunk_blocks(
    shape: tuple[int, ...], rows: int, mask: Mask, tile: Tile
) -> Iterator[tuple[Block, ...]]:
    """The blocks of every head, in at most CHUNKS parts a head; each part stays on one thread.

    A block has `rows` queries, and all tiles of keys of which any of them sees one.
    """
    *leading, queries, keys = shape
    stretches = []
    for part in cuts(queries, rows):
        low, high = mask.bounding_range(part.start, part.stop, keys)
        if low < high:
            low, high = low // tile.keys * tile.keys, -(-high // tile.keys) * tile.keys
            stretches.append((part.start, part.stop, low, min(high, keys)))
    many = max(1, math.ceil(len(stretches) / CHUNKS))
    for place in np.ndindex(*leading):
        blocks = [Block(place, *each, part=i // many) for i, each in enumerate(stretches)]
        for number in range(0, len(blocks), many):
            yield tuple(blocks[number : number + many])
