"""The core: the chain on blocks of whole rows, in cache, on threads.

A softmax, an entropy and a top-k read whole rows and nothing else, so the N × M matrix is never
needed at once. A block is a few hundred rows of one head or, where the problem is small, all rows
of all heads; the same functions serve both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from pipeline.attention.chain import Capture, Chain, ignored
from pipeline.attention.masks import Mask
from pipeline.attention.threads import cores, share
from pipeline.records import Array, Block, Rows

DIRECT = 1 << 18  # weights up to which one block on one thread is fastest
ROWS = 256  # rows of a block, fewer where they would not fit the cache
CACHED = 1 << 21  # weights of a block that stay in the cache
CHUNKS = 16  # parts of a head that threads draw; fixed, so that no sum depends on the threads

Observer = Callable[[Block, Rows], None]  # is shown each block's weights, once


def run_direct(
    query: Array, key: Array, value: Array, chain: Chain, capture: Capture = ignored
) -> tuple[Block, Array, Array]:
    """All rows of all heads as one block: that block, weights [..., N, M], output [..., N, E].

    Key and value come with as many heads as query.
    """
    block = Block(None, 0, query.shape[-2], 0, key.shape[-2])
    weights = chain.weights(chain.logits(query, key, block, None, capture), block)
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

    `weights` [..., N, M], zeros, is filled where it is given; `see` is shown every block's weights.
    Key and value may have fewer heads than query where the count divides; none is copied.
    """
    rows = rows or max(16, min(ROWS, CACHED // key.shape[-2]))
    output = np.zeros((*query.shape[:-1], value.shape[-1]), query.dtype)

    def work(chunks: Iterator[tuple[Block, ...]]) -> None:
        scratch = np.empty(0 if weights is not None else rows * key.shape[-2], query.dtype)
        for chunk in chunks:
            for block in chunk:
                place, part = block.place or (), slice(block.first, block.last)
                near, mixed = slice(block.low, block.high), output[place][part]
                own_key, own_value = (
                    own_part(a, place, query.shape[:-2])[near] for a in (key, value)
                )
                shape = (block.last - block.first, block.high - block.low)
                out = (
                    scratch[: math.prod(shape)].reshape(shape)
                    if weights is None
                    else weights[place][part, near]
                )
                logits = chain.logits(query[place][part], own_key, block, out)
                if see is None and weights is None and chain.normalizer.numerators:
                    total = chain.normalizer.numerators(logits, chain.bounded(logits.dtype))
                    np.matmul(logits, own_value, out=mixed)
                    np.divide(mixed, total, out=mixed)
                    continue
                made = chain.weights(logits, block)
                if made is not out:
                    out[...] = made
                np.matmul(made, own_value, out=mixed)
                if see is not None:
                    see(block, chain.rows(made, block, key.shape[-2]))

    shape = (*query.shape[:-1], key.shape[-2])
    share(work, chunks_of(shape, rows, chain.mask), threads or cores())
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
