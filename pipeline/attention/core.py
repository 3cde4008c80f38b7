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

from pipeline.attention.chain import Capture, Chain, ignored
from pipeline.attention.masks import Mask
from pipeline.attention.stretches import all_keys, at_once, by_stretch, padded
from pipeline.attention.threads import cores, share, single_threaded_blas
from pipeline.attention.tiles import Tile, cuts
from pipeline.records import Array, Block, Rows

SMALL = 1 << 18  # weights of a head up to which several make one block
SLAB = 1 << 19  # weights that such heads make together at most, so that they stay in cache
DIRECT = 1 << 17  # weights up to which one block, on BLAS's own threads, is fastest
TINY = 1 << 13  # multiplications of a product up to which BLAS uses one thread
EVEN = 16  # at whose multiples, of keys and of entries of a value, BLAS's own threads change no bit
EVEN_UP_TO = 128  # if there are at most so many queries, keys and entries of each
CHUNKS = 16  # parts of a head that threads draw; fixed, so that no sum depends on the threads

Observer = Callable[[Block, Rows], None]  # is shown each block's weights, once


def run_direct(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    capture: Capture = ignored,
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
    with alike_on_any_threads(query, key, value):
        all_keys(query, key, value, chain, block, out=output, weights=weights, capture=capture)
    capture("weights", weights)
    return block, weights, output


def output_directly(query: Array, key: Array, value: Array, chain: Chain) -> Array:
    """The output alone, [..., N, E], by a softmax, as one block."""
    output = np.empty((*query.shape[:-1], value.shape[-1]), query.dtype)
    block = Block(None, 0, query.shape[-2], 0, key.shape[-2])
    with alike_on_any_threads(query, key, value):
        by_stretch(query, key, value, chain, block, out=output)
    return output


def alike_on_any_threads(query: Array, key: Array, value: Array) -> AbstractContextManager[None]:
    """BLAS on one thread, unless it rounds the products of a head alike on any number."""
    return nullcontext() if is_blind_to_threads(query, key, value) else single_threaded_blas


def is_blind_to_threads(query: Array, key: Array, value: Array) -> bool:
    """Whether BLAS (NumPy's own, OpenBLAS) rounds a head's products alike on however many threads.

    >>> [is_blind_to_threads(a, a, a) for a in (np.zeros((n, n)) for n in (20, 50, 64, 256))]
    [True, False, True, False]
    """
    (queries, width), (keys, values) = query.shape[-2:], value.shape[-2:]
    if queries * keys * max(width, values) <= TINY:
        return True
    is_even = keys % EVEN == 0 and values % EVEN == 0
    return is_even and queries > 1 and max(queries, keys, width, values) <= EVEN_UP_TO


def are_small(shape: tuple[int, ...]) -> bool:
    """Whether weights of that shape are those of many heads, none of them worth a block of its own.

    >>> are_small((8, 512, 512)), are_small((8, 1024, 1024)), are_small((128, 128))
    (True, False, False)
    """
    return len(shape) > 2 and math.prod(shape[-2:]) <= SMALL


def run_slabs(
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
    slab = min(-(-heads // threads), max(1, SLAB // (queries * keys)))

    def work(slabs: Iterator[slice]) -> None:
        for one in slabs:
            own_query, own_key, own_value, own_weights, own_output = (a[one] for a in flat)
            run_direct(own_query, own_key, own_value, chain, ignored, own_weights, own_output)

    slabs = [slice(first, first + slab) for first in range(0, heads, slab)]
    share(work, slabs, threads)
    return weights, output


def run_blocks(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    see: Observer | None = None,
    weights: Array | None = None,
    *,
    rows: int | None = None,
    threads: int | None = None,
) -> Array:
    """Block by block on threads; the output, [..., N, E].

    `weights` [..., N, M], zeros where a block has no key, is filled where it is given; `see` is
    shown every block's weights. Key and value may have fewer heads than query where the count
    divides; none is copied.
    """
    keys, leading, tile = key.shape[-2], query.shape[:-2], chain.tile
    output = np.zeros((*query.shape[:-1], value.shape[-1]), query.dtype)
    is_softmax = chain.normalizer.numerators is not None
    reads_rows = see is not None or not is_softmax
    alone = not reads_rows and weights is None
    width = at_once(chain, keys) if alone else keys
    rows = tile.rows * -(-min(rows or 1, query.shape[-2]) // tile.rows)

    def work(blocks: Iterator[Block]) -> None:
        room = np.empty(rows * padded(width) if is_softmax else 0, query.dtype)
        spare = np.empty(rows * keys if reads_rows and weights is None else 0, query.dtype)
        for block in blocks:
            place, near = block.place or (), block.keys
            own_query, mixed = query[place][block.queries], output[place][block.queries]
            own_key, own_value = (own_part(a, place, leading)[near] for a in (key, value))
            given = own_query, own_key, own_value, chain, block
            if alone:
                by_stretch(*given, out=mixed, room=room)
                continue
            if weights is None:
                made = spare[: len(own_query) * len(own_key)].reshape(len(own_query), len(own_key))
            else:
                made = weights[place][block.queries, near]
            apart = room if is_softmax else None
            tells = see is not None
            entropy = all_keys(*given, out=mixed, weights=made, room=apart, tells_entropy=tells)
            if see is not None:
                see(block, chain.rows(made, block, keys, entropy))

    chunks = chunks_of((*query.shape[:-1], keys), rows, chain.mask, tile)
    share(lambda drawn: work(itertools.chain.from_iterable(drawn)), chunks, threads or cores())
    return output


def own_part(array: Array, place: tuple[int, ...], leading: tuple[int, ...]) -> Array:
    """The [M, E] of a key or value that serves query's head at `place`.

    An axis of length 1 serves every place, and one that divides query's a group of places each.

    >>> own_part(np.arange(4).reshape(2, 2, 1), place=(3,), leading=(4,)).tolist()
    [[2], [3]]
    """
    own = array.shape[:-2]
    cut = len(leading) - len(own)
    places = zip(place[cut:], own, leading[cut:], strict=True)
    return array[tuple(p * n // whole for p, n, whole in places)]


def chunks_of(
    shape: tuple[int, ...], rows: int, mask: Mask, tile: Tile
) -> Iterator[tuple[Block, ...]]:
    """The blocks of every head, in at most CHUNKS parts a head; each part stays on one thread.

    A block has `rows` queries, and all tiles of keys of which any of them sees one.
    """
    *leading, queries, keys = shape
    stretches = []
    for part in cuts(queries, rows):
        low, high = mask.span(part.start, part.stop, keys)
        if low < high:
            low, high = low // tile.keys * tile.keys, -(-high // tile.keys) * tile.keys
            stretches.append((part.start, part.stop, low, min(high, keys)))
    many = max(1, math.ceil(len(stretches) / CHUNKS))
    for place in np.ndindex(*leading):
        blocks = [Block(place, *each, chunk=i // many) for i, each in enumerate(stretches)]
        for number in range(0, len(blocks), many):
            yield tuple(blocks[number : number + many])
