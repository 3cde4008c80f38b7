"""Output: from what the heads mixed to contextual embeddings, beside the static ones."""

from __future__ import annotations

import numpy as np

from pipeline.attention.arrays import to_every_head
from pipeline.records import Array, Moved, Projected


def moves(projected: Projected, output: Array, is_cross: bool = False) -> Moved:
    """What attention moves, and where: own values to outputs, a head at a time.

    output [H, N, E]; a head that shares its values with others starts where they do.

    >>> shared = Projected(np.ones((2, 3, 4)), np.ones((1, 3, 4)), np.ones((1, 3, 5)))
    >>> moves(shared, np.zeros((2, 3, 5))).static.shape
    (2, 3, 5)
    """
    heads, own = output.shape[:-2], projected.value
    static = np.broadcast_to(to_every_head(own, heads), (*heads, *own.shape[-2:]))
    return Moved(static, output, is_cross)
