"""Parts: a block of whole rows, head by head, as the sums over many rows read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.records import Array, Block, Mask, Rows


@dataclass(frozen=True, eq=False)
class Part:
    """Whole rows of one head: queries from `first` on, keys from `low` on."""

    place: tuple[int, ...]  # of the head, along the axes before N and M
    chunk: int  # its rows are shown in order, and by one thread alone
    first: int
    low: int
    weights: Array  # [B, M'], M' of the M keys; the others have no weight
    counts: npt.NDArray[np.integer[Any]]  # [B], how many of all keys each query may attend to
    allowed: Mask | None  # [B, M']; None where every one of these pairs takes part

    @property
    def last(self) -> int:
        """One past the last query."""
        return self.first + self.weights.shape[0]

    @property
    def high(self) -> int:
        """One past the last key."""
        return self.low + self.weights.shape[1]


def by_head(block: Block, rows: Rows) -> Iterator[Part]:
    """The part of each head in a block; the mask is made once for all that read it.

    >>> rows = Rows(np.ones((2, 3, 1)), np.ones(3, int))
    >>> [(part.place, part.weights.shape) for part in by_head(Block(None, 0, 3, 0, 1), rows)]
    [((0,), (3, 1)), ((1,), (3, 1))]
    """
    shape = rows.weights.shape
    counts = np.broadcast_to(rows.counts, shape[:-1])
    allowed = None if rows.allowed is None else np.broadcast_to(rows.allowed(), shape)
    for inner in np.ndindex(shape[:-2]):  # once, with (), in a block of one head
        yield Part(
            place=inner if block.place is None else block.place,
            chunk=block.chunk,
            first=block.first,
            low=block.low,
            weights=rows.weights[inner],
            counts=counts[inner],
            allowed=None if allowed is None else allowed[inner],
        )
