"""Stream: metrics of rows that are shown once, a block at a time, and never kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.records import Array, Block, Positions, Rows


class RowStream:
    """Fills `rows`, name → [..., N], as `attend` shows it its blocks.

    Exact: a metric reads whole rows, and gets them. A query that is never shown, every key of it
    being masked, stays NaN. `numbers` are those of the tokens, for the metrics that compare them.

    >>> stream = RowStream({"max_weight": lambda rows: rows.weights.max(axis=-1)}, (2, 2))
    >>> stream(Block((), 1, 2, 0, 2), Rows(np.array([[0.25, 0.75]]), np.array([2]), first=1))
    >>> stream.rows["max_weight"].tolist()
    [nan, 0.75]
    """

    def __init__(
        self,
        metrics: Mapping[str, Callable[[Rows], Array]],
        shape: Sequence[int],
        numbers: tuple[Positions, Positions] | None = None,
    ) -> None:
        self.metrics, self.token_ids = metrics, numbers
        self.rows: dict[str, Array] = {name: np.full(shape[:-1], np.nan) for name in metrics}

    def __call__(self, block: Block, rows: Rows) -> None:
        rows = replace(rows, token_ids=self.token_ids)
        silent = rows.allowed_counts == 0
        some = silent.any()
        if rows.entropy is None:  # no softmax, whose weights are at most 1
            check_measurable(rows.weights, "weights")
        with np.errstate(divide="ignore", invalid="ignore"):  # a silent row has no metrics
            for name, metric in self.metrics.items():
                part = self.rows[name][block.part_of_head_axes or ()][..., block.queries]
                part[...] = np.where(silent, np.nan, metric(rows)) if some else metric(rows)


def check_measurable(array: Array, what: str) -> None:
    """A `UserError` where a fourth power, the highest that metrics take, would overflow in a sum.

    >>> check_measurable(np.array([0.25, 1e60]), "weights")
    """
    most = np.finfo(array.dtype).max ** 0.25 / max(array.shape[-1:] or (1,))
    if not (-most <= array.min() and array.max() <= most):  # a NaN too
        raise UserError(
            f"attention.normalizer: {what} beyond ±{most:.1g}, which no metric can hold; expected "
            "a smaller attention.scale, fewer layers.count or a normalizer whose rows sum to 1"
        )
