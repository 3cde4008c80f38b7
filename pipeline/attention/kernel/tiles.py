"""Tiles: products are computed one tile at a time, so results are bit-identical for any block size.

BLAS adds in an order that follows from the shape of a product: it rounds 40 rows differently from
400, and the last columns differently from those before. So the tiles follow from the number of
queries, the number of keys and the mask alone. A block is a whole number of tiles; whatever its
size and thread, its products are the same calls to BLAS. A tile of keys that a mask leaves out
would only add zeros to the sum of a row, which runs from tile to tile.
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
TILE_KEYS = CHUNK_KEYS  # keys of a tile under a mask; more where rows are long:
WIDE, MAX_TILE_KEYS = 16, 4 * TILE_KEYS  # from WIDE tiles per row on, up to MAX_TILE_KEYS
COPY_BELOW = 64  # keys so few that BLAS multiplies by a transpose at half its speed


class Tile(NamedTuple):
    """How many queries and keys a product takes at a time, the last of them fewer."""

    rows: int
    keys: int


def choose_tile(queries: int, keys: int, mask: Mask) -> Tile:
    """The tiles of a problem: all keys at once, or few enough for blocks to leave many tiles out.

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
    """A length in slices of `step`, the last of them shorter.

    >>> cuts(5, 3)
    (slice(0, 3, None), slice(3, 5, None))
    """
    return tuple(slice(start, min(start + step, length)) for start in range(0, length, step))


def scores(query: Array, key: Array, tile: Tile, out: Array) -> Array:
    """QKᵀ, [..., N', D] and [..., M', D] → [..., N', M'], in `out`."""
    if is_single_tile(out, tile):
        return np.matmul(query, transposed(key), out=out)
    for keys in cuts(key.shape[-2], tile.keys):
        key_tile = transposed(key[..., keys, :])
        for rows in cuts(query.shape[-2], tile.rows):
            np.matmul(query[..., rows, :], key_tile, out=out[..., rows, keys])
    return out


def mix(weights: Array, value: Array, tile: Tile, out: Array) -> Array:
    """A·V, [..., N', M'] and [..., M', E] → [..., N', E], in `out`."""
    if is_single_tile(weights, tile):
        return np.matmul(weights, value, out=out)
    for keys in cuts(value.shape[-2], tile.keys):
        value_tile = value[..., keys, :]
        for rows in cuts(out.shape[-2], tile.rows):
            if keys.start > 0:
                out[..., rows, :] += weights[..., rows, keys] @ value_tile
            else:
                np.matmul(weights[..., rows, keys], value_tile, out=out[..., rows, :])
    return out


def is_single_tile(weights: Array, tile: Tile) -> bool:
    """Whether weights [..., N', M'] are those of a single tile."""
    rows, keys = weights.shape[-2:]
    return rows <= tile.rows and keys <= tile.keys


def transposed(key: Array) -> Array:
    """[..., M', D] → [..., D, M'], laid out as BLAS is fast with it."""
    view = key.swapaxes(-1, -2)
    return view.copy() if view.shape[-1] <= COPY_BELOW else view
