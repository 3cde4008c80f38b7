"""Pool: the N × M weights in at most 256 bins a side, exact, from rows that are shown once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.base.records import Array, Pooled, Positions
from pipeline.metrics.streaming.per_head import HeadBlock

MAX_BINS = 256  # along either side


def mean_of_pairs(total: Array, pairs: Positions) -> Array:
    """The mean over the pairs that take part."""
    return total / np.maximum(pairs, 1)


def identity(most: Array, pairs: Positions) -> Array:
    """The largest as it is."""
    return most


@dataclass(frozen=True, eq=False)
class Pooling:
    """What a bin shows of its weights: gathered over its pairs, then finished with their count."""

    kind: str
    gather: np.ufunc
    finish: Callable[[Array, Positions], Array]


POOLINGS: dict[str, Pooling] = {
    pooling.kind: pooling
    for pooling in (Pooling("mean", np.add, mean_of_pairs), Pooling("max", np.maximum, identity))
}


class Pool:
    """Bins of as many queries and as many keys each; only pairs that take part count in a mean.

    Each block leaves what it adds to its bins; they are put together in the order of the rows, so
    no bit depends on the threads. What is held grows with the bins, not with N·M.

    >>> pool = Pool((3, 2), POOLINGS["mean"], bins=2)
    >>> pool(
    ...     HeadBlock(
    ...         (), 0, 0, 0, np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]]), np.full(3, 2), None
    ...     )
    ... )
    >>> pool.pooled().values.tolist(), pool.pooled().queries.tolist()
    ([[0.75, 0.25], [0.25, 0.75]], [0, 2, 3])
    """

    def __init__(self, shape: Sequence[int], pooling: Pooling, bins: int = MAX_BINS) -> None:
        self.leading, self.pooling = tuple(shape[:-2]), pooling
        self.queries, self.keys = (bin_edges(count, bins) for count in shape[-2:])
        self.pieces: dict[tuple[tuple[int, ...], int], tuple[int, int, Array, Positions]] = {}

    def __call__(self, part: HeadBlock) -> None:
        down, rows = bin_starts(self.queries, part.query_start, part.query_stop)
        across, columns = bin_starts(self.keys, part.key_start, part.key_stop)
        gathered = reduce_bins(self.pooling.gather, part.weights, rows, columns)
        if part.mask is None:
            count, width = part.weights.shape
            pairs = np.outer(np.diff(rows, append=count), np.diff(columns, append=width))
        else:
            pairs = reduce_bins(np.add, part.mask.astype(np.int64), rows, columns)
        self.pieces[part.head, part.query_start] = (down, across, gathered, pairs)

    def pooled(self) -> Pooled:
        """What the bins hold; NaN where no pair of a bin takes part."""
        shape = (*self.leading, len(self.queries) - 1, len(self.keys) - 1)
        total, pairs = np.zeros(shape), np.zeros(shape, np.int64)
        for place, first in sorted(self.pieces):
            down, across, gathered, counted = self.pieces[place, first]
            many, wide = counted.shape
            bins = np.s_[down : down + many, across : across + wide]
            mine = total[place][bins]
            self.pooling.gather(mine, gathered, out=mine)
            pairs[place][bins] += counted
        values = np.where(pairs > 0, self.pooling.finish(total, pairs), np.nan)
        return Pooled(values, self.queries, self.keys, self.pooling.kind)


def bin_edges(count: int, bins: int) -> Positions:
    """Where bins of one size begin, and where the last one, maybe shorter, ends.

    >>> bin_edges(5, bins=2).tolist(), bin_edges(2, bins=9).tolist()
    ([0, 3, 5], [0, 1, 2])
    """
    size = math.ceil(count / bins)
    return np.append(np.arange(0, count, size), count)


def bin_starts(ends: Positions, first: int, last: int) -> tuple[int, Positions]:
    """The first bin that first ≤ i < last meets, and where in there each bin it meets begins.

    >>> bin_starts(np.array([0, 3, 6, 9]), 4, 8)
    (1, array([0, 2]))
    """
    begin, stop = np.searchsorted(ends, first, "right") - 1, np.searchsorted(ends, last, "left")
    return int(begin), np.maximum(ends[begin:stop] - first, 0)


def reduce_bins(gather: np.ufunc, values: Any, rows: Positions, columns: Positions) -> Any:
    """`values` gathered over the bins that begin at those rows and columns."""
    return gather.reduceat(gather.reduceat(values, columns, axis=1), rows, axis=0)
