"""Metrics of rows that arrive once, a block at a time, and are never kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.base.records import Array, Block, Positions, Rows
from pipeline.metrics.limits import check_measurable


class RowStream:
    """Fills `rows`, name → [..., N], as `attend` calls it with its blocks.

    Exact, since every metric receives whole rows. A query whose every key is masked stays NaN.
    `token_ids` are for the metrics that compare tokens.

    >>> stream = RowStream({"max_weight": lambda rows: rows.weights.max(axis=-1)}, (2, 2))
    >>> rows = Rows(np.array([[0.25, 0.75]]), np.array([2]), query_start=1)
    >>> stream(Block((), 1, 2, 0, 2), rows)
    >>> stream.rows["max_weight"].tolist()
    [nan, 0.75]
    """

    def __init__(
        self,
        metrics: Mapping[str, Callable[[Rows], Array]],
        shape: Sequence[int],
        token_ids: tuple[Positions, Positions] | None = None,
    ) -> None:
        self.metrics, self.token_ids = metrics, token_ids
        self.rows: dict[str, Array] = {name: np.full(shape[:-1], np.nan) for name in metrics}

    def __call__(self, block: Block, rows: Rows) -> None:
        rows = replace(rows, token_ids=self.token_ids)
        fully_masked = rows.allowed_counts == 0
        any_masked = fully_masked.any()
        if rows.entropy is None:  # no softmax, whose weights are at most 1
            check_measurable(rows.weights, "weights")
        with np.errstate(divide="ignore", invalid="ignore"):  # in fully masked rows
            for name, metric in self.metrics.items():
                part = self.rows[name][block.head or ()][..., block.queries]
                values = metric(rows)
                part[...] = np.where(fully_masked, np.nan, values) if any_masked else values
