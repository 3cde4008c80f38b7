"""Difference: the weights of one run minus those of another, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array
from pipeline.plots.parts.matrix import cell_table, matrices


def difference(change: Array, queries: Sequence[str], keys: Sequence[str], title: str) -> Drawing:
    """[H, N, M] changes, blue where a weight decreased and red where it increased.

    The color scale is symmetric about zero, which is white.
    """
    largest = max(float(np.abs(change).max()), 1e-12)
    template = matrices(
        change,
        queries,
        keys,
        title=f"Difference of attention weights\n{title}",
        unit="Change of weight",
        low=-largest,
        high=largest,
        cmap="RdBu_r",
    )
    return Drawing(template, cell_table(change, queries, keys, "change"))
