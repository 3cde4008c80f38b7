"""A block of whole rows, split into its heads, for sums over many rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.records import Array, Block, Mask, Rows


@dataclass(frozen=True, eq=False)
class HeadBlock:
    """Whole rows of one head: some queries, and the keys they reach."""

    head: tuple[int, ...]  # index along the axes before N and M
    part: int  # which part of the head; one thread computes a part, its blocks in order
    query_start: int  # position of the first query
    key_start: int  # position of the first key
    weights: Array  # [N', M']; keys that are not among the M' have weight 0
    allowed_counts: npt.NDArray[np.integer[Any]]  # [N'], of all M keys: those not masked
    mask: Mask | None  # [N', M'], True: allowed; None: all allowed

    @property
    def query_stop(self) -> int:
        """One past the last query."""
        return self.query_start + self.weights.shape[0]

    @property
    def key_stop(self) -> int:
        """One past the last key."""
        return self.key_start + self.weights.shape[1]


def split_heads(block: Block, rows: Rows) -> Iterator[HeadBlock]:
    """The rows of each head in a block; the mask is made once for all.

    >>> rows = Rows(np.ones((2, 3, 1)), np.ones(3, int))
    >>> [(part.head, part.weights.shape) for part in split_heads(Block(None, 0, 3, 0, 1), rows)]
    [((0,), (3, 1)), ((1,), (3, 1))]
    """
    shape = rows.weights.shape
    counts = np.broadcast_to(rows.allowed_counts, shape[:-1])
    mask = None if rows.mask is None else np.broadcast_to(rows.mask(), shape)
    for index in np.ndindex(shape[:-2]):  # only (), once, in a block of one head
        yield HeadBlock(
            head=index if block.head is None else block.head,
            part=block.part,
            query_start=block.query_start,
            key_start=block.key_start,
            weights=rows.weights[index],
            allowed_counts=counts[index],
            mask=None if mask is None else mask[index],
        )
