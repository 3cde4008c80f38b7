"""A bias: what is added to the score of query i and key j, computed one block at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.base.records import Array

Positions = npt.NDArray[np.int64]
BiasFunction = Callable[[int | None, Positions, Positions], Array]


@dataclass(frozen=True, eq=False)
class Bias:
    """b_h(i, j), added to the scaled and capped score of query i and key j in head h.

    `function(head, queries, keys)` takes consecutive positions [N', 1] and [1, M'] and returns what
    broadcasts to [N', M'] for the head numbered `head`, or to [H, N', M'] for all heads (None).

    >>> distance = Bias(lambda head, queries, keys: 1.0 * (keys - queries))
    >>> (distance + distance).block(None, 1, 3, 0, 3).tolist()
    [[-2.0, 0.0, 2.0], [-4.0, -2.0, 0.0]]
    """

    function: BiasFunction
    check: Callable[[tuple[int, ...]], object] = lambda shape: (
        None
    )  # a `UserError` if it cannot fit

    def block(self, head: int | None, first: int, last: int, lo: int, hi: int) -> Array:
        """b of queries first ≤ i < last and keys lo ≤ j < hi: broadcasts to [N', hi − lo].

        For `head` None: to [H, N', hi − lo]. It may be a read-only view.
        """
        return self.function(head, np.arange(first, last)[:, None], np.arange(lo, hi)[None])

    def __add__(self, other: Bias) -> Bias:
        """The sum of two biases."""
        return Bias(
            lambda *block: self.function(*block) + other.function(*block),
            lambda shape: (self.check(shape), other.check(shape)),
        )


def by_offset(numbers: Callable[[int | None, Positions], Array]) -> BiasFunction:
    """The function of a bias that depends on the offset j − i alone.

    `numbers(head, offsets)` takes offsets [C] and returns [C] or [H, C]. A block of N' rows has
    only N' + M' − 1 offsets; its rows are views of one array, each shifted by one.

    >>> function = by_offset(lambda head, offsets: 1.0 * offsets)
    >>> function(None, np.array([[1], [2]]), np.array([[0, 1, 2]])).tolist()
    [[-1.0, 0.0, 1.0], [-2.0, -1.0, 0.0]]
    """

    def function(head: int | None, queries: Positions, keys: Positions) -> Array:
        offsets = np.arange(keys[0, 0] - queries[-1, 0], keys[0, -1] - queries[0, 0] + 1)
        rows = sliding_window_view(numbers(head, offsets), keys.size, axis=-1)
        return rows[..., ::-1, :]

    return function
