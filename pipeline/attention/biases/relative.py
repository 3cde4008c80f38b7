"""Relative: one number for each head and each bucket of distances, as in T5."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from pipeline.attention.biases.bias import Bias, Positions, by_offset
from pipeline.attention.matrix_input import real_matrix
from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.rng import generator
from pipeline.base.specs import whole

SETTING = "attention.bias.relative"


def relative(
    heads: int,
    seed: int = 0,
    *,
    num_buckets: int = 32,
    max_distance: int = 128,
    bidirectional: bool = True,
    table: npt.ArrayLike | None = None,
) -> Bias:
    """b_h(i, j) = table[h, bucket(j − i)], table [H, num_buckets].

    Raffel et al. 2020, "Exploring the Limits of Transfer Learning" (T5), §2.1. There the table is
    learned; here it is given, or drawn N(0, 1) from the master seed, one stream per head.

    >>> table = [[0.0, -1.0, -2.0, -3.0]]
    >>> bias = relative(1, num_buckets=4, max_distance=4, bidirectional=False, table=table)
    >>> bias.block(0, 5, 6, 0, 6).tolist()
    [[-3.0, -3.0, -3.0, -2.0, -1.0, 0.0]]
    """
    edges = bucket_edges(num_buckets, max_distance, bidirectional)
    rows = (
        random_table(heads, seed, num_buckets)
        if table is None
        else checked_table(table, heads, num_buckets)
    )

    def numbers(head: int | None, offsets: Positions) -> Array:
        return (rows if head is None else rows[head])[..., buckets(offsets, edges, bidirectional)]

    return Bias(by_offset(numbers))


def random_table(heads: int, seed: int, num_buckets: int) -> Array:
    """A table of independent N(0, 1) numbers, [H, num_buckets], one stream per head."""
    streams = [generator(seed, "attention", "bias", "relative", head) for head in range(heads)]
    return np.stack([stream.standard_normal(num_buckets) for stream in streams])


def checked_table(table: npt.ArrayLike, heads: int, num_buckets: int) -> Array:
    """The user's table, [H, num_buckets], of finite numbers."""
    rows = real_matrix(table, f"{SETTING}.table")
    if rows.shape != (heads, num_buckets):
        shape = f"[H, num_buckets] = {(heads, num_buckets)}"
        raise UserError(f"{SETTING}.table: got shape {rows.shape}, expected {shape}")
    return rows


def buckets(offsets: Positions, edges: Positions, bidirectional: bool) -> Positions:
    """The bucket of each offset j − i, same shape, given the distances at which a bucket starts.

    Bidirectional: the past has the first half of the buckets, the future the second. Else the
    future, which a causal mask hides, shares bucket 0 with the present.

    >>> buckets(np.array([-1, 0, 1]), bucket_edges(32, 128, True), True).tolist()
    [1, 0, 17]
    """
    if not bidirectional:
        return np.searchsorted(edges, -offsets, side="right")
    side = np.searchsorted(edges, np.abs(offsets), side="right")
    return side + (len(edges) + 1) * (offsets > 0)


def bucket_edges(num_buckets: int, max_distance: int, bidirectional: bool) -> Positions:
    """The distance at which each bucket but the first starts, ascending.

    With n buckets (half of `num_buckets` if bidirectional) and e = n // 2, distance r is in bucket
    r where r < e, else in e + ⌊(n − e)·ln(r/e)/ln(max_distance/e)⌋, at most n − 1. The floor is
    computed in integers, as the first r with r^(n−e) ≥ e^(n−e−k)·max_distance^k for step k: no
    rounding moves a distance to the next bucket.

    >>> bucket_edges(8, 16, False).tolist()
    [1, 2, 3, 4, 6, 8, 12]
    """
    sides = 2 if bidirectional else 1
    if whole(num_buckets, f"{SETTING}.num_buckets", 2 * sides, 1024) % sides:
        raise UserError(
            f"{SETTING}.num_buckets: got {num_buckets}, expected an even number, half per direction"
        )
    count = num_buckets // sides
    exact = count // 2
    whole(max_distance, f"{SETTING}.max_distance", exact + 1)
    steps = count - exact
    powers = [exact ** (steps - k) * max_distance**k for k in range(steps)]
    distances = range(max_distance + 1)
    return np.array(
        [
            *range(1, exact),
            *(bisect_left(distances, power, key=lambda r: r**steps) for power in powers),
        ]
    )
