"""How much attention each key receives, and how much it would receive from uniform rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.base.records import Array
from pipeline.metrics.streaming.per_head import HeadBlock


class KeyMass:
    """Σ_i p_ij for every key j, and Σ_i [j allowed for i] / (allowed keys of i), its uniform value.

    Threads may deliver blocks in any order, and the order changes a sum's last bits. So each part
    of a head, whose blocks one thread delivers in order, has its own sum, and `sums` adds them in
    the order of the parts: results are bit-identical for any number of threads.

    >>> mass = KeyMass((2, 2))
    >>> mass(HeadBlock((), 0, 0, 0, np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([2, 2]), None))
    >>> mass.sums().tolist()
    [[1.5, 0.5], [1.0, 1.0]]
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.leading, self.keys = tuple(shape[:-2]), shape[-1]
        self.by_part: dict[tuple[tuple[int, ...], int], Array] = {}

    def __call__(self, block: HeadBlock) -> None:
        part = (block.head, block.part)
        if part not in self.by_part:
            self.by_part[part] = np.zeros((2, self.keys))
        sums = self.by_part[part][:, block.key_start : block.key_stop]
        sums[0] += block.weights.sum(axis=0, dtype=float)
        sums[1] += uniform_mass(block)

    def sums(self) -> Array:
        """[2, ..., M]: the sums of the weights, and of uniform ones under the same mask."""
        result = np.zeros((*self.leading, 2, self.keys))
        for head, part in sorted(self.by_part):
            result[head] += self.by_part[head, part]
        return np.moveaxis(result, -2, 0)


def uniform_mass(block: HeadBlock) -> Array:
    """What each key of a block receives if every query spreads its weight uniformly, [M'].

    >>> mask = np.array([[True, False], [True, True]])
    >>> uniform_mass(HeadBlock((), 0, 0, 0, np.zeros((2, 2)), np.array([1, 2]), mask)).tolist()
    [1.5, 0.5]
    """
    counts = block.allowed_counts
    share = np.where(counts > 0, 1.0 / np.maximum(counts, 1), 0.0)
    if block.mask is None:
        return np.full(block.weights.shape[1], math.fsum(share))
    return np.where(block.mask, share[:, None], 0.0).sum(axis=0)
