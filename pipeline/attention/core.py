"""The core: the chain on blocks of whole rows, in cache, on threads.

A softmax, an entropy and a top-k read whole rows and nothing else, so the N × M matrix is never
needed at once. A block is a few hundred rows of one head or, where the problem is small, all rows
of all heads; the same functions serve both.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from pipeline.attention.chain import Capture, Chain, divide, ignored
from pipeline.attention.masks import Mask
from pipeline.attention.threads import cores, share
from pipeline.records import Array, Block, Rows

DIRECT = 1 << 16  # weights up to which one block on one thread is fastest
ROWS = 256  # rows of a block, fewer where they would not fit the cache
CACHED = 1 << 21  # weights of a block that stay in the cache
STRETCH = 512  # keys whose weights, with those rows, stay in the nearest cache
CHUNKS = 16  # parts of a head that threads draw; fixed, so that no sum depends on the threads

Observer = Callable[[Block, Rows], None]  # is shown each block's weights, once


def run_direct(
    query: Array, key: Array, value: Array, chain: Chain, capture: Capture = ignored
) -> tuple[Block, Array, Array]:
    """All rows of all heads as one block: that block, weights [..., N, M], output [..., N, E].

    Key and value come with as many heads as query.
    """
    block = Block(None, 0, query.shape[-2], 0, key.shape[-2])
    weights = chain.logits(query, key, block, None, capture)
    chain.weigh(weights, block, out=weights)
    capture("weights", weights)
    return block, weights, weights @ value


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
    rows = rows or max(16, min(ROWS, CACHED // keys))
    output = np.zeros((*query.shape[:-1], value.shape[-1]), query.dtype)
    has_numerators = chain.normalizer.numerators is not None
    alone = has_numerators and see is None and weights is None
    apart = has_numerators and see is not None  # the logits, which tell the entropy, are left whole

    def work(blocks: Iterator[Block]) -> None:
        scratch = np.empty(((weights is None) + apart, rows * keys), query.dtype)
        for block in blocks:
            place, near = block.place or (), block.keys
            own_query, mixed = query[place][block.queries], output[place][block.queries]
            own_key, own_value = (own_part(a, place, leading)[near] for a in (key, value))
            if alone:
                mix(own_query, own_key, own_value, chain, block, scratch[0], out=mixed)
                continue
            spare = [shaped(room, mixed, own_key) for room in scratch]
            made = spare[0] if weights is None else weights[place][block.queries, near]
            logits = spare[-1] if apart else made
            chain.logits(own_query, own_key, block, logits)
            chain.weigh(logits, block, out=made)
            np.matmul(made, own_value, out=mixed)
            if see is not None:
                see(block, chain.rows(made, block, keys, logits if apart else None))

    chunks = chunks_of((*query.shape[:-1], keys), rows, chain.mask)
    share(lambda drawn: work(itertools.chain.from_iterable(drawn)), chunks, threads or cores())
    return output


def mix(
    query: Array, key: Array, value: Array, chain: Chain, block: Block, room: Array, out: Array
) -> None:
    """The output alone, into zeros [B, E]: numerators mixed, and divided by their sum at the end.

    Where no exponential can overflow no row needs its maximum first, so the keys are taken a
    stretch at a time, which stays in the cache nearest to the core.
    """
    assert chain.normalizer.numerators is not None
    bounded = chain.bounded(query.dtype)
    step = STRETCH if bounded else len(key)
    total = np.zeros((len(query), 1), query.dtype)
    for low in range(0, len(key), step):
        part = slice(low, low + step)
        logits = shaped(room, query, key[part])
        stretch = replace(block, low=block.low + low, high=min(block.low + low + step, block.high))
        chain.logits(query, key[part], stretch, logits)
        total += chain.normalizer.numerators(logits, logits, bounded)
        out += logits @ value[part]
    divide(out, total)


def shaped(room: Array, queries: Array, keys: Array) -> Array:
    """The start of `room` as weights [B, M'] of those queries and keys."""
    return room[: len(queries) * len(keys)].reshape(len(queries), len(keys))


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
    ends = [(first, min(first + rows, queries)) for first in range(0, queries, rows)]
    stretches = [(*end, *mask.span(*end, keys)) for end in ends]
    seeing = [stretch for stretch in stretches if stretch[2] < stretch[3]]
    many = max(1, math.ceil(len(seeing) / CHUNKS))
    for place in np.ndindex(*leading):
        blocks = [Block(place, *each, chunk=i // many) for i, each in enumerate(seeing)]
        for number in range(0, len(blocks), many):
            yield tuple(blocks[number : number + many])
