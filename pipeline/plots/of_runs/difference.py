"""Difference: the weights of one run minus those of another, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array
from pipeline.plots.parts.matrix import cell_table, matrices


def difference(change: Array, queries: Sequence[str], keys: Sequence[str], title: str) -> Drawing:
    """[H, N, M] signed changes, blue where weight was lost and red where it was won.

    The color scale is symmetric about zero, which is white, whatever the signs of the changes.
    """
    largest = max(float(np.abs(change).max()), 1e-12)
    sheet = matrices(
        change,
        queries,
        keys,
        title=f"Difference of attention weights\n{title}",
        unit="Change of weight",
        low=-largest,
        high=largest,
        cmap="RdBu_r",
    )
    return Drawing(sheet, cell_table(change, queries, keys, "change"))
