"""Parts: a block of whole rows, head by head, as the sums over many rows read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.records import Array, Block, Mask, Rows


@dataclass(frozen=True, eq=False)
class HeadBlock:
    """Whole rows of one head: queries from `first` on, keys from `low` on."""

    head: tuple[int, ...]  # of the head, along the axes before N and M
    part: int  # its rows are shown in order, and by one thread alone
    query_start: int
    key_start: int
    weights: Array  # [B, M'], M' of the M keys; the others have no weight
    allowed_counts: npt.NDArray[
        np.integer[Any]
    ]  # [B], how many of all keys each query may attend to
    mask: Mask | None  # [B, M']; None where every one of these pairs takes part

    @property
    def query_stop(self) -> int:
        """One past the last query."""
        return self.query_start + self.weights.shape[0]

    @property
    def key_stop(self) -> int:
        """One past the last key."""
        return self.key_start + self.weights.shape[1]


def split_heads(block: Block, rows: Rows) -> Iterator[HeadBlock]:
    """The part of each head in a block; the mask is made once for all that read it.

    >>> rows = Rows(np.ones((2, 3, 1)), np.ones(3, int))
    >>> [(part.place, part.weights.shape) for part in split_heads(Block(None, 0, 3, 0, 1), rows)]
    [((0,), (3, 1)), ((1,), (3, 1))]
    """
    shape = rows.weights.shape
    counts = np.broadcast_to(rows.allowed_counts, shape[:-1])
    allowed = None if rows.mask is None else np.broadcast_to(rows.mask(), shape)
    for inner in np.ndindex(shape[:-2]):  # once, with (), in a block of one head
        yield HeadBlock(
            head=inner if block.part_of_head_axes is None else block.part_of_head_axes,
            part=block.part,
            query_start=block.query_start,
            key_start=block.key_start,
            weights=rows.weights[inner],
            allowed_counts=counts[inner],
            mask=None if allowed is None else allowed[inner],
        )
