"""Pool: the N × M weights in at most 256 bins a side, exact, from rows that are shown once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.metrics.parts import Part
from pipeline.records import Array, Pooled, Positions

BINS = 256  # along either side


def ratio(total: Array, pairs: Positions) -> Array:
    """The mean over the pairs that take part."""
    return total / np.maximum(pairs, 1)


def largest(most: Array, pairs: Positions) -> Array:
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
    for pooling in (Pooling("mean", np.add, ratio), Pooling("max", np.maximum, largest))
}


class Pool:
    """Bins of as many queries and as many keys each; only pairs that take part count in a mean.

    Each block leaves what it adds to its bins; they are put together in the order of the rows, so
    no bit depends on the threads. What is held grows with the bins, not with N·M.

    >>> pool = Pool((3, 2), POOLINGS["mean"], bins=2)
    >>> pool(
    ...     Part((), 0, 0, 0, np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]]), np.full(3, 2), None)
    ... )
    >>> pool.pooled().values.tolist(), pool.pooled().queries.tolist()
    ([[0.75, 0.25], [0.25, 0.75]], [0, 2, 3])
    """

    def __init__(self, shape: Sequence[int], pooling: Pooling, bins: int = BINS) -> None:
        self.leading, self.pooling = tuple(shape[:-2]), pooling
        self.queries, self.keys = (edges(count, bins) for count in shape[-2:])
        self.pieces: dict[tuple[tuple[int, ...], int], tuple[int, int, Array, Positions]] = {}

    def __call__(self, part: Part) -> None:
        down, rows = cuts(self.queries, part.first, part.last)
        across, columns = cuts(self.keys, part.low, part.high)
        gathered = within(self.pooling.gather, part.weights, rows, columns)
        if part.allowed is None:
            count, width = part.weights.shape
            pairs = np.outer(np.diff(rows, append=count), np.diff(columns, append=width))
        else:
            pairs = within(np.add, part.allowed.astype(np.int64), rows, columns)
        self.pieces[part.place, part.first] = (down, across, gathered, pairs)

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


def edges(count: int, bins: int) -> Positions:
    """Where bins of one size begin, and where the last one, maybe shorter, ends.

    >>> edges(5, bins=2).tolist(), edges(2, bins=9).tolist()
    ([0, 3, 5], [0, 1, 2])
    """
    size = math.ceil(count / bins)
    return np.append(np.arange(0, count, size), count)


def cuts(ends: Positions, first: int, last: int) -> tuple[int, Positions]:
    """The first bin that first ≤ i < last meets, and where in there each bin it meets begins.

    >>> cuts(np.array([0, 3, 6, 9]), 4, 8)
    (1, array([0, 2]))
    """
    begin, stop = np.searchsorted(ends, first, "right") - 1, np.searchsorted(ends, last, "left")
    return int(begin), np.maximum(ends[begin:stop] - first, 0)


def within(gather: np.ufunc, values: Any, rows: Positions, columns: Positions) -> Any:
    """`values` gathered over the bins that begin at those rows and columns."""
    return gather.reduceat(gather.reduceat(values, columns, axis=1), rows, axis=0)
