"""Difference: the weights of one run minus those of another, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.plots.canvas import new_figure, styled
from pipeline.plots.heatmap import cells, side_of, weight_table
from pipeline.records import Array, Drawing


@styled
def difference(change: Array, tokens: Sequence[str], title: str) -> Drawing:
    """[H, N, M] signed changes, blue where weight was lost and red where it was won.

    The color scale is symmetric about zero, which is white, whatever the signs of the changes.
    """
    columns = math.ceil(math.sqrt(len(change)))
    rows = math.ceil(len(change) / columns)
    side = side_of(len(tokens)) if len(change) == 1 else min(side_of(len(tokens)), 4.5)
    figure = new_figure(columns * side + 1.9, rows * side + 1.4)
    panels = figure.subplots(rows, columns, squeeze=False)
    largest = max(float(np.abs(change).max()), 1e-12)
    for axes in panels.flat[len(change) :]:
        axes.set_axis_off()
    for head, values in enumerate(change):
        axes = panels.flat[head]
        image = cells(axes, values, tokens, tokens, side, low=-largest, high=largest, cmap="RdBu_r")
        if len(change) > 1:
            axes.set_title(f"head {head}", fontsize=9)
    bar = figure.colorbar(image, ax=panels, fraction=0.046, pad=0.03, label="Change of weight")
    bar.outline.set_visible(False)
    figure.suptitle(f"Difference of attention weights\n{title}", fontsize=11, x=0.02, ha="left")
    return Drawing(figure, weight_table(change, tokens, tokens, "change"))
