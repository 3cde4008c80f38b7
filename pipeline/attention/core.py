"""The core: the chain on blocks of whole rows, in cache, on threads.

A softmax, an entropy and a top-k read whole rows and nothing else, so the N × M matrix is never
needed at once. A block is a few hundred rows of one head or, where the problem is small, all rows
of all heads; the same functions serve both.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np

from pipeline.attention.chain import Capture, Chain, ignored
from pipeline.attention.masks import Mask
from pipeline.attention.stretches import at_once, by_row, by_stretch, padded
from pipeline.attention.threads import cores, share, single_threaded_blas
from pipeline.records import Array, Block, Rows

SMALL = 1 << 18  # weights of a head up to which several make one block
DIRECT = 1 << 17  # weights up to which one block, on BLAS's own threads, is fastest
EVEN = 48  # rows that BLAS multiplies alike, wherever they stand: blocks are whole multiples
ROWS = 21 * EVEN  # rows of a block, fewer where they would not fit the cache
CACHED = 1 << 21  # weights of a block that stay in the cache
BLAS_THREADS = 128  # queries and keys up to which the threads of BLAS's own change no bit
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
    block = Block(None, 0, query.shape[-2], 0, key.shape[-2])
    alike = max(block.last, block.high) <= BLAS_THREADS
    with nullcontext() if alike else single_threaded_blas():
        weights = chain.logits(query, key, block, weights, capture)
        chain.weigh(weights, block)
        capture("weights", weights)
        with np.errstate(over="ignore", invalid="ignore"):  # of weights that sum to anything
            output = np.matmul(weights, value, out=output)
    return block, weights, output


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
    slab = min(-(-heads // threads), max(1, CACHED // (queries * keys)))

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
    keys, leading = key.shape[-2], query.shape[:-2]
    output = np.zeros((*query.shape[:-1], value.shape[-1]), query.dtype)
    is_softmax = chain.normalizer.numerators is not None
    reads_rows = see is not None or not is_softmax
    alone = not reads_rows and weights is None
    width = at_once(chain, keys, query.dtype, alone)
    if rows is None:
        rows = rows_at_once(math.prod(query.shape[:-1]), width, chain.mask.is_everything)
    elif rows > EVEN:
        rows = -(-rows // EVEN) * EVEN

    def work(blocks: Iterator[Block]) -> None:
        most = rows + EVEN  # the last block may have a few more
        room = np.empty(most * padded(width) if is_softmax else 0, query.dtype)
        spare = np.empty(most * keys if reads_rows and weights is None else 0, query.dtype)
        for block in blocks:
            place, near = block.place or (), block.keys
            own_query, mixed = query[place][block.queries], output[place][block.queries]
            own_key, own_value = (own_part(a, place, leading)[near] for a in (key, value))
            given = own_query, own_key, own_value, chain, block
            made = None if weights is None else weights[place][block.queries, near]
            if made is None and reads_rows:
                made = spare[: len(own_query) * len(own_key)].reshape(len(own_query), len(own_key))
            entropy = None
            if made is None:
                by_stretch(*given, room, out=mixed)
            elif is_softmax:
                tells = see is not None
                entropy = by_row(*given, room, out=mixed, weights=made, tells_entropy=tells)
            else:
                whole_rows(*given, out=mixed, weights=made)
            if see is not None and made is not None:
                see(block, chain.rows(made, block, keys, entropy))

    chunks = chunks_of((*query.shape[:-1], keys), rows, chain.mask)
    share(lambda drawn: work(itertools.chain.from_iterable(drawn)), chunks, threads or cores())
    return output


def rows_at_once(rows: int, width: int, sees_all: bool) -> int:
    """How many of all the rows make a block, whose weights are `width` wide at a time.

    Half as many where there are too few for several threads, or where a mask leaves out parts.

    >>> [rows_at_once(8192, *given) for given in ((1024, True), (1024, False), (8192, True))]
    [1008, 480, 240]
    """
    most = ROWS if sees_all and rows >= 8 * ROWS else ROWS // 2
    return max(EVEN, min(most, CACHED // width) // EVEN * EVEN)


def whole_rows(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    block: Block,
    *,
    out: Array,
    weights: Array,
) -> None:
    """A block's output, [B, E], and its weights, [B, M'], by any normalizer."""
    chain.logits(query, key, block, weights)
    chain.weigh(weights, block)
    with np.errstate(over="ignore", invalid="ignore"):  # of weights that sum to anything
        np.matmul(weights, value, out=out)


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


def chunks_of(shape: tuple[int, ...], rows: int, mask: Mask) -> Iterator[tuple[Block, ...]]:
    """The blocks of every head, in at most CHUNKS parts a head; each part stays on one thread."""
    *leading, queries, keys = shape
    firsts = list(range(0, queries, rows))
    if len(firsts) > 1 and queries - firsts[-1] < EVEN <= rows:
        firsts.pop()  # too few for a block of their own, in which BLAS would round otherwise
    ends = list(itertools.pairwise((*firsts, queries)))
    stretches = [(*end, *mask.span(*end, keys)) for end in ends]
    seeing = [stretch for stretch in stretches if stretch[2] < stretch[3]]
    many = max(1, math.ceil(len(seeing) / CHUNKS))
    for place in np.ndindex(*leading):
        blocks = [Block(place, *each, chunk=i // many) for i, each in enumerate(seeing)]
        for number in range(0, len(blocks), many):
            yield tuple(blocks[number : number + many])
