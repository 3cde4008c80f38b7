"""Mask: which keys a query may attend to, as booleans, True where the key takes part."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.records import Mask


def none(queries: int, keys: int) -> Mask:
    """Every key takes part, [N, M].

    >>> none(1, 3).tolist()
    [[True, True, True]]
    """
    return np.ones((queries, keys), dtype=bool)


def causal(queries: int, keys: int) -> Mask:
    """Key j takes part for query i where j ≤ i, [N, M]: no one sees the future.

    >>> causal(3, 3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    return np.tri(queries, keys, dtype=bool)


MASKS: dict[str, Callable[[int, int], Mask]] = {"none": none, "causal": causal}
