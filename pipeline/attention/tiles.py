"""Tiles: every product is made a part at a time, so that its bits do not depend on who asks.

BLAS adds in an order that follows from the shape of a product: it rounds 40 rows otherwise than
400, and the last columns otherwise than those before. So what tiles there are follows from the
numbers of queries and keys and from the mask alone. A block is some whole tiles; however many, and
whichever thread has it, its products are the very calls that the whole problem would make. A tile
of keys that a mask leaves out would only add zeros to a row's sums, which run from tile to tile.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pipeline.attention.masks import Mask
from pipeline.attention.normalizers.rows import SUMMED
from pipeline.records import Array

ROWS = 512  # queries of a tile, fewer where as many whole rows would not fit the cache
FEWEST = 48
CACHED = 1 << 21  # weights of a block that stay in the cache
KEYS = SUMMED  # keys of a tile under a mask, or a few times as many where rows are long:
WIDE, MOST_KEYS = 16, 4 * KEYS  # from so many tiles a row on, up to so many keys
COPIED = 64  # keys so few that BLAS multiplies by a transpose at half its speed


class Tile(NamedTuple):
    """How many queries and keys a product takes at a time, the last of them fewer."""

    rows: int
    keys: int


def tile_of(queries: int, keys: int, mask: Mask) -> Tile:
    """The tiles of a problem: all keys at once, or so few that blocks can leave out many.

    >>> everything, window = Mask(), Mask(lambda queries: (queries - 128, queries + 1))
    >>> tile_of(1024, 1024, everything), tile_of(65536, 65536, everything)
    (Tile(rows=512, keys=1024), Tile(rows=48, keys=65536))
    >>> tile_of(8192, 8192, window), tile_of(8192, 8192, window | everything)
    (Tile(rows=256, keys=256), Tile(rows=256, keys=1024))
    """
    rows = min(ROWS, max(FEWEST, CACHED // keys))
    if mask.is_everything:
        return Tile(rows, keys)
    widest = mask.widest(queries, keys) if keys >= WIDE * KEYS else keys
    if widest < WIDE * KEYS:
        return Tile(min(rows, ROWS // 2), KEYS)
    return Tile(rows, min(MOST_KEYS, widest // (WIDE * KEYS) * 2 * KEYS))


@lru_cache
def cuts(length: int, step: int) -> tuple[slice, ...]:
    """A length in parts of `step`, the last of them shorter.

    >>> cuts(5, 3)
    (slice(0, 3, None), slice(3, 5, None))
    """
    return tuple(slice(first, min(first + step, length)) for first in range(0, length, step))


def scores(query: Array, key: Array, tile: Tile, out: Array) -> Array:
    """QKᵀ, [..., B, D] and [..., M', D] → [..., B, M'], in `out`."""
    if is_one(out, tile):
        return np.matmul(query, turned(key), out=out)
    for keys in cuts(key.shape[-2], tile.keys):
        other = turned(key[..., keys, :])
        for rows in cuts(query.shape[-2], tile.rows):
            np.matmul(query[..., rows, :], other, out=out[..., rows, keys])
    return out


def mix(weights: Array, value: Array, tile: Tile, out: Array, adds: bool = False) -> Array:
    """A·V, [..., B, M'] and [..., M', E] → [..., B, E], in `out` or added to it."""
    if is_one(weights, tile) and not adds:
        return np.matmul(weights, value, out=out)
    for keys in cuts(value.shape[-2], tile.keys):
        own = value[..., keys, :]
        for rows in cuts(out.shape[-2], tile.rows):
            into = out[..., rows, :]
            if adds or keys.start > 0:
                into += weights[..., rows, keys] @ own
            else:
                np.matmul(weights[..., rows, keys], own, out=into)
    return out


def is_one(weights: Array, tile: Tile) -> bool:
    """Whether weights [..., B, M'] are those of a single tile."""
    rows, keys = weights.shape[-2:]
    return rows <= tile.rows and keys <= tile.keys


def turned(key: Array) -> Array:
    """[..., M', D] → [..., D, M'], as BLAS likes it."""
    other = key.swapaxes(-1, -2)
    return other.copy() if other.shape[-1] <= COPIED else other
