"""Everything that is read off the weights, in the one pass that computes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pipeline.base.records import Array, Block, Positions, Rows, WeightTotals
from pipeline.metrics.streaming.key_mass import KeyMass
from pipeline.metrics.streaming.per_head import split_heads
from pipeline.metrics.streaming.per_row import RowStream
from pipeline.metrics.streaming.pool import Pool, Pooling
from pipeline.metrics.streaming.top_k import TopK

SELF_WEIGHT = "self weight of the totals"  # in the stream, beside the requested metrics


class WeightObserver:
    """`attend` calls it with every block of weights [H, N, M] once, on the thread that computed it.

    Each block fills rows of its own, and sums over rows are added in the order of the rows, so
    results are bit-identical for any number of threads. Its memory does not grow with N·M.
    """

    def __init__(
        self,
        metrics: Mapping[str, Callable[[Rows], Array]],
        self_weight: Callable[[Rows], Array],
        shape: tuple[int, int, int],
        token_ids: tuple[Positions, Positions] | None = None,
        pooling: Pooling | None = None,
        top: int | None = None,
    ) -> None:
        self.stream = RowStream({**metrics, SELF_WEIGHT: self_weight}, shape, token_ids)
        self.allowed_counts: Positions = np.zeros(shape[:-1], np.int64)
        self.key_mass = KeyMass(shape)
        self.pool = Pool(shape, pooling) if pooling else None
        self.top_k = TopK(shape, top) if top else None

    def __call__(self, block: Block, rows: Rows) -> None:
        self.stream(block, rows)
        for part in split_heads(block, rows):
            self.allowed_counts[part.head][part.query_start : part.query_stop] = part.allowed_counts
            for gather in (self.key_mass, self.pool, self.top_k):
                if gather:
                    gather(part)

    @property
    def rows(self) -> dict[str, Array]:
        """Metric → [H, N]; NaN where every key of a query is masked."""
        return {name: values for name, values in self.stream.rows.items() if name != SELF_WEIGHT}

    def totals(self) -> WeightTotals:
        """What was gathered beside the metrics."""
        attending = np.maximum(np.count_nonzero(self.allowed_counts, axis=-1), 1)[:, None]
        mass, uniform_mass = self.key_mass.sums() / attending
        return WeightTotals(
            self.allowed_counts,
            self.stream.rows[SELF_WEIGHT],
            mass,
            uniform_mass,
            self.pool.pooled() if self.pool else None,
            self.top_k.top() if self.top_k else None,
        )
