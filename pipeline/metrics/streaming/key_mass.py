"""Mass: how much attention each key receives, beside what it would from uniform rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.base.records import Array
from pipeline.metrics.streaming.per_head import HeadBlock


class KeyMass:
    """Σ_i p_ij for every key j, and Σ_i [j takes part for i] / (keys of i), its null.

    Sums over rows would depend on the order in which threads show their blocks. So each chunk of
    rows, which one thread shows in order, has sums of its own, and `totals` adds them up in the
    order of the chunks: the same bits on any number of threads.

    >>> mass = KeyMass((2, 2))
    >>> mass(HeadBlock((), 0, 0, 0, np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([2, 2]), None))
    >>> mass.totals().tolist()
    [[1.5, 0.5], [1.0, 1.0]]
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.leading, self.keys = tuple(shape[:-2]), shape[-1]
        self.sums: dict[tuple[tuple[int, ...], int], Array] = {}

    def __call__(self, part: HeadBlock) -> None:
        mark = (part.head, part.part)
        if mark not in self.sums:
            self.sums[mark] = np.zeros((2, self.keys))
        mine = self.sums[mark][:, part.key_start : part.key_stop]
        mine[0] += part.weights.sum(axis=0, dtype=float)
        mine[1] += uniform_mass(part)

    def totals(self) -> Array:
        """[2, ..., M]: the sums of the weights, and of uniform ones under the same mask."""
        found = np.zeros((*self.leading, 2, self.keys))
        for place, chunk in sorted(self.sums):
            found[place] += self.sums[place, chunk]
        return np.moveaxis(found, -2, 0)


def uniform_mass(part: HeadBlock) -> Array:
    """What every key of a part receives where each query spreads its weight evenly, [M'].

    >>> allowed = np.array([[True, False], [True, True]])
    >>> uniform_mass(HeadBlock((), 0, 0, 0, np.zeros((2, 2)), np.array([1, 2]), allowed)).tolist()
    [1.5, 0.5]
    """
    share = np.where(part.allowed_counts > 0, 1.0 / np.maximum(part.allowed_counts, 1), 0.0)
    if part.mask is None:
        return np.full(part.weights.shape[1], math.fsum(share))
    return np.where(part.mask, share[:, None], 0.0).sum(axis=0)
