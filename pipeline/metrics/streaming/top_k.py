"""Largest: the k largest weights of every row, ties to the first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.records import Array, Positions, Top
from pipeline.metrics.streaming.per_head import HeadBlock


class TopK:
    """Fills `keys` and `weights`, [..., N, k], row by row, keys in the order of their positions.

    Keys that take no part are never among them: a row with fewer than k that do ends in −1 and 0.

    >>> largest = TopK((2, 3), 2)
    >>> largest(
    ...     HeadBlock(
    ...         (), 0, 0, 0, np.array([[0.2, 0.5, 0.3], [0.5, 0.25, 0.25]]), np.full(2, 3), None
    ...     )
    ... )
    >>> largest.top().keys.tolist()
    [[1, 2], [0, 1]]
    """

    def __init__(self, shape: Sequence[int], count: int) -> None:
        self.count = min(count, shape[-1])
        self.keys = np.full((*shape[:-1], self.count), -1)
        self.weights = np.zeros((*shape[:-1], self.count))

    def __call__(self, part: HeadBlock) -> None:
        masked = part.weights
        if part.mask is not None:
            masked = np.where(part.mask, masked, -1.0)
        keys = top_k_keys(masked, min(self.count, masked.shape[1]))
        found = np.take_along_axis(masked, keys, axis=1)
        last = np.argsort(found < 0.0, axis=1, kind="stable")  # what takes no part to the end
        keys = np.take_along_axis(keys, last, axis=1)
        found = np.take_along_axis(found, last, axis=1)
        mine = np.s_[part.query_start : part.query_stop, : keys.shape[1]]
        self.keys[part.head][mine] = np.where(found < 0.0, -1, keys + part.key_start)
        self.weights[part.head][mine] = np.maximum(found, 0.0)

    def top(self) -> Top:
        """What was found."""
        return Top(self.keys, self.weights)


def top_k_keys(values: Array, count: int) -> Positions:
    """Where the `count` largest of every row stand, ascending; of equals the first.

    >>> top_k_keys(np.array([[0.0, 2.0, 1.0, 1.0, 1.0]]), 3).tolist()
    [[1, 2, 3]]
    """
    width = values.shape[1]
    smallest = np.partition(values, width - count, axis=1)[:, width - count, None]
    above, level = values > smallest, values == smallest
    wanted = count - np.count_nonzero(above, axis=1)
    tied = np.flatnonzero(np.count_nonzero(level, axis=1) > wanted)
    level[tied] &= level[tied].cumsum(axis=1) <= wanted[tied, None]
    return np.nonzero(above | level)[1].reshape(len(values), count)
