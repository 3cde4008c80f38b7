"""The N × M weights in at most 256 × 256 bins, exact, from rows that arrive once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.base.records import Array, Pooled, Positions
from pipeline.metrics.streaming.per_head import HeadBlock

MAX_BINS = 256  # per axis


def mean_of_pairs(total: Array, pairs: Positions) -> Array:
    """The mean over the allowed pairs."""
    return total / np.maximum(pairs, 1)


def keep_value(largest: Array, pairs: Positions) -> Array:
    """The largest weight as it is."""
    return largest


@dataclass(frozen=True, eq=False)
class Pooling:
    """How the weights of a bin become one number."""

    kind: str  # its name
    gather: np.ufunc  # combines two weights
    finish: Callable[[Array, Positions], Array]  # combined weights, allowed pairs → the number


POOLINGS: dict[str, Pooling] = {
    pooling.kind: pooling
    for pooling in (Pooling("mean", np.add, mean_of_pairs), Pooling("max", np.maximum, keep_value))
}


class Pool:
    """Bins of equally many queries and equally many keys; a mean is over the allowed pairs.

    Each block's contribution is kept until the end and added in the order of the rows, so results
    are bit-identical for any number of threads. Memory grows with the bins, not with N·M.

    >>> pool = Pool((3, 2), POOLINGS["mean"], bins=2)
    >>> weights = np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]])
    >>> pool(HeadBlock((), 0, 0, 0, weights, np.full(3, 2), None))
    >>> pool.pooled().values.tolist(), pool.pooled().queries.tolist()
    ([[0.75, 0.25], [0.25, 0.75]], [0, 2, 3])
    """

    def __init__(self, shape: Sequence[int], pooling: Pooling, bins: int = MAX_BINS) -> None:
        self.leading, self.pooling = tuple(shape[:-2]), pooling
        self.query_edges, self.key_edges = (bin_edges(count, bins) for count in shape[-2:])
        self.by_block: dict[tuple[tuple[int, ...], int], tuple[int, int, Array, Positions]] = {}

    def __call__(self, block: HeadBlock) -> None:
        first_row, rows = bin_starts(self.query_edges, block.query_start, block.query_stop)
        first_column, columns = bin_starts(self.key_edges, block.key_start, block.key_stop)
        gathered = reduce_bins(self.pooling.gather, block.weights, rows, columns)
        if block.mask is None:
            count, width = block.weights.shape
            pairs = np.outer(np.diff(rows, append=count), np.diff(columns, append=width))
        else:
            pairs = reduce_bins(np.add, block.mask.astype(np.int64), rows, columns)
        self.by_block[block.head, block.query_start] = (first_row, first_column, gathered, pairs)

    def pooled(self) -> Pooled:
        """The value of every bin; NaN where no pair of a bin is allowed."""
        shape = (*self.leading, len(self.query_edges) - 1, len(self.key_edges) - 1)
        total, pairs = np.zeros(shape), np.zeros(shape, np.int64)
        for head, query_start in sorted(self.by_block):
            row, column, gathered, block_pairs = self.by_block[head, query_start]
            height, width = block_pairs.shape
            bins = np.s_[row : row + height, column : column + width]
            block_total = total[head][bins]
            self.pooling.gather(block_total, gathered, out=block_total)
            pairs[head][bins] += block_pairs
        values = np.where(pairs > 0, self.pooling.finish(total, pairs), np.nan)
        return Pooled(values, self.query_edges, self.key_edges, self.pooling.kind)


def bin_edges(count: int, bins: int) -> Positions:
    """Where at most `bins` bins of one size start, and where the last, maybe shorter, ends.

    >>> bin_edges(5, bins=2).tolist(), bin_edges(2, bins=9).tolist()
    ([0, 3, 5], [0, 1, 2])
    """
    size = math.ceil(count / bins)
    return np.append(np.arange(0, count, size), count)


def bin_starts(edges: Positions, start: int, stop: int) -> tuple[int, Positions]:
    """The first bin that meets start ≤ i < stop, and where in there each bin it meets starts.

    >>> bin_starts(np.array([0, 3, 6, 9]), 4, 8)
    (1, array([0, 2]))
    """
    first, last = np.searchsorted(edges, start, "right") - 1, np.searchsorted(edges, stop, "left")
    return int(first), np.maximum(edges[first:last] - start, 0)


def reduce_bins(gather: np.ufunc, values: Any, rows: Positions, columns: Positions) -> Any:
    """`values` [N', M'] combined over the bins that start at those rows and columns."""
    return gather.reduceat(gather.reduceat(values, columns, axis=1), rows, axis=0)
