"""Watch: everything that is read off the weights, in the one pass in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from pipeline.metrics.largest import Largest
from pipeline.metrics.mass import KeyMass
from pipeline.metrics.parts import by_head
from pipeline.metrics.pool import Pool, Pooling
from pipeline.metrics.stream import Stream
from pipeline.records import Array, Block, Positions, Rows, Seen


class Watch:
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
        self.stream = Stream({**metrics, ITSELF: itself}, shape, numbers)
        self.counts: Positions = np.zeros(shape[:-1], np.int64)
        self.mass = KeyMass(shape)
        self.pool = Pool(shape, pooling) if pooling else None
        self.largest = Largest(shape, top) if top else None

    def __call__(self, block: Block, rows: Rows) -> None:
        self.stream(block, rows)
        for part in by_head(block, rows):
            self.counts[part.place][part.first : part.last] = part.counts
            for see in (self.mass, self.pool, self.largest):
                if see:
                    see(part)

    @property
    def rows(self) -> dict[str, Array]:
        """Metric → [H, N]; NaN where a query has no key."""
        return {name: values for name, values in self.stream.rows.items() if name != ITSELF}

    def seen(self) -> Seen:
        """All but the metrics."""
        awake = np.maximum(np.count_nonzero(self.counts, axis=-1), 1)[:, None]
        mass, null = self.mass.totals() / awake
        return Seen(
            self.counts,
            self.stream.rows[ITSELF],
            mass,
            null,
            self.pool.pooled() if self.pool else None,
            self.largest.top() if self.largest else None,
        )


ITSELF = "weight on itself"  # beside the metrics that were asked for, under no name of theirs
