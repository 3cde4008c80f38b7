"""The k largest weights of every row; of tied weights the first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.records import Array, Positions, Top
from pipeline.metrics.streaming.per_head import HeadBlock


class TopK:
    """Gathers `keys` and `weights`, [..., N, k], row by row, in the order of the keys.

    Masked keys are never among them: a row with fewer than k allowed keys ends in −1 and 0.

    >>> largest, weights = TopK((2, 3), 2), np.array([[0.2, 0.5, 0.3], [0.5, 0.25, 0.25]])
    >>> largest(HeadBlock((), 0, 0, 0, weights, np.full(2, 3), None))
    >>> largest.top().keys.tolist()
    [[1, 2], [0, 1]]
    """

    def __init__(self, shape: Sequence[int], count: int) -> None:
        self.count = min(count, shape[-1])
        self.keys = np.full((*shape[:-1], self.count), -1)
        self.weights = np.zeros((*shape[:-1], self.count))

    def __call__(self, block: HeadBlock) -> None:
        weights = block.weights
        if block.mask is not None:
            weights = np.where(block.mask, weights, -1.0)
        keys = top_k_keys(weights, min(self.count, weights.shape[1]))
        largest = np.take_along_axis(weights, keys, axis=1)
        masked_last = np.argsort(largest < 0.0, axis=1, kind="stable")
        keys = np.take_along_axis(keys, masked_last, axis=1)
        largest = np.take_along_axis(largest, masked_last, axis=1)
        rows = np.s_[block.query_start : block.query_stop, : keys.shape[1]]
        self.keys[block.head][rows] = np.where(largest < 0.0, -1, keys + block.key_start)
        self.weights[block.head][rows] = np.maximum(largest, 0.0)

    def top(self) -> Top:
        """All rows gathered so far."""
        return Top(self.keys, self.weights)


def top_k_keys(values: Array, count: int) -> Positions:
    """The columns of the `count` largest of every row, ascending; of tied values the first.

    >>> top_k_keys(np.array([[0.0, 2.0, 1.0, 1.0, 1.0]]), 3).tolist()
    [[1, 2, 3]]
    """
    width = values.shape[1]
    smallest = np.partition(values, width - count, axis=1)[:, width - count, None]
    above, tied = values > smallest, values == smallest
    ties_taken = count - np.count_nonzero(above, axis=1)
    crowded = np.flatnonzero(np.count_nonzero(tied, axis=1) > ties_taken)
    tied[crowded] &= tied[crowded].cumsum(axis=1) <= ties_taken[crowded, None]
    return np.nonzero(above | tied)[1].reshape(len(values), count)
