"""Watch: everything that is read off the weights, in the one pass in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pipeline.base.records import Array, Block, Positions, Rows, WeightTotals
from pipeline.metrics.streaming.key_mass import KeyMass
from pipeline.metrics.streaming.per_head import split_heads
from pipeline.metrics.streaming.per_row import RowStream
from pipeline.metrics.streaming.pool import Pool, Pooling
from pipeline.metrics.streaming.top_k import TopK


class WeightObserver:
    """Is shown every block of weights [H, N, M] once, by `attend`, on whichever thread made it.

    Every block writes rows of its own, and what is summed over rows is put together in the order
    of the rows: the same bits on any number of threads. Nothing it holds grows with N·M.
    """

    def __init__(
        self,
        metrics: Mapping[str, Callable[[Rows], Array]],
        itself: Callable[[Rows], Array],
        shape: tuple[int, int, int],
        numbers: tuple[Positions, Positions] | None = None,
        pooling: Pooling | None = None,
        top: int | None = None,
    ) -> None:
        self.stream = RowStream({**metrics, SELF: itself}, shape, numbers)
        self.allowed_counts: Positions = np.zeros(shape[:-1], np.int64)
        self.key_mass = KeyMass(shape)
        self.pool = Pool(shape, pooling) if pooling else None
        self.top_k = TopK(shape, top) if top else None

    def __call__(self, block: Block, rows: Rows) -> None:
        self.stream(block, rows)
        for part in split_heads(block, rows):
            self.allowed_counts[part.head][part.query_start : part.query_stop] = part.allowed_counts
            for see in (self.key_mass, self.pool, self.top_k):
                if see:
                    see(part)

    @property
    def rows(self) -> dict[str, Array]:
        """Metric → [H, N]; NaN where a query has no key."""
        return {name: values for name, values in self.stream.rows.items() if name != SELF}

    def totals(self) -> WeightTotals:
        """All but the metrics."""
        awake = np.maximum(np.count_nonzero(self.allowed_counts, axis=-1), 1)[:, None]
        mass, null = self.key_mass.totals() / awake
        return WeightTotals(
            self.allowed_counts,
            self.stream.rows[SELF],
            mass,
            null,
            self.pool.pooled() if self.pool else None,
            self.top_k.top() if self.top_k else None,
        )


SELF = "weight on itself"  # beside the metrics that were asked for, under no name of theirs
