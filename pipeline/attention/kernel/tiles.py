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
from pipeline.attention.row_sums import CHUNK_KEYS
from pipeline.base.records import Array

TILE_ROWS = 512  # queries of a tile, fewer where as many whole rows would not fit the cache
MIN_ROWS = 48
CACHE_WEIGHTS = 1 << 21  # weights of a block that stay in the cache
TILE_KEYS = CHUNK_KEYS  # keys of a tile under a mask, or a few times as many where rows are long:
WIDE, MAX_TILE_KEYS = 16, 4 * TILE_KEYS  # from so many tiles a row on, up to so many keys
COPY_BELOW = 64  # keys so few that BLAS multiplies by a transpose at half its speed


class Tile(NamedTuple):
    """How many queries and keys a product takes at a time, the last of them fewer."""

    rows: int
    keys: int


def choose_tile(queries: int, keys: int, mask: Mask) -> Tile:
    """The tiles of a problem: all keys at once, or so few that blocks can leave out many.

    >>> everything, window = Mask(), Mask(lambda queries: (queries - 128, queries + 1))
    >>> choose_tile(1024, 1024, everything), choose_tile(65536, 65536, everything)
    (Tile(rows=512, keys=1024), Tile(rows=48, keys=65536))
    >>> choose_tile(8192, 8192, window), choose_tile(8192, 8192, window | everything)
    (Tile(rows=256, keys=256), Tile(rows=256, keys=1024))
    """
    rows = min(TILE_ROWS, max(MIN_ROWS, CACHE_WEIGHTS // keys))
    if mask.is_everything:
        return Tile(rows, keys)
    widest = mask.widest(queries, keys) if keys >= WIDE * TILE_KEYS else keys
    if widest < WIDE * TILE_KEYS:
        return Tile(min(rows, TILE_ROWS // 2), TILE_KEYS)
    return Tile(rows, min(MAX_TILE_KEYS, widest // (WIDE * TILE_KEYS) * 2 * TILE_KEYS))


@lru_cache
def cuts(length: int, step: int) -> tuple[slice, ...]:
    """A length in parts of `step`, the last of them shorter.

    >>> cuts(5, 3)
    (slice(0, 3, None), slice(3, 5, None))
    """
    return tuple(slice(first, min(first + step, length)) for first in range(0, length, step))


def scores(query: Array, key: Array, tile: Tile, out: Array) -> Array:
    """QKᵀ, [..., B, D] and [..., M', D] → [..., B, M'], in `out`."""
    if is_single_tile(out, tile):
        return np.matmul(query, transposed(key), out=out)
    for keys in cuts(key.shape[-2], tile.keys):
        other = transposed(key[..., keys, :])
        for rows in cuts(query.shape[-2], tile.rows):
            np.matmul(query[..., rows, :], other, out=out[..., rows, keys])
    return out


def mix(weights: Array, value: Array, tile: Tile, out: Array, adds: bool = False) -> Array:
    """A·V, [..., B, M'] and [..., M', E] → [..., B, E], in `out` or added to it."""
    if is_single_tile(weights, tile) and not adds:
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


def is_single_tile(weights: Array, tile: Tile) -> bool:
    """Whether weights [..., B, M'] are those of a single tile."""
    rows, keys = weights.shape[-2:]
    return rows <= tile.rows and keys <= tile.keys


def transposed(key: Array) -> Array:
    """[..., M', D] → [..., D, M'], as BLAS likes it."""
    other = key.swapaxes(-1, -2)
    return other.copy() if other.shape[-1] <= COPY_BELOW else other
