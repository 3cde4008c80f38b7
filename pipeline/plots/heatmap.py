"""Heatmap: the N × M weights of every head, queries down, keys across."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.plots.canvas import FAINT, new_figure, styled, token_ticks
from pipeline.records import Array, Drawing, Outcome, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

MASKED = "#ececec"
ANNOTATED = 12  # tokens up to which every cell shows its number


@styled
def heatmap(outcome: Outcome, caption: str) -> Drawing:
    """The weights as colours from 0 to the largest, one panel a head, all on one scale.

    Numbers stand in the cells up to 12 tokens; ticks are thinned beyond, never shrunk away.
    A masked cell is left blank: it is no small weight, it takes no part.
    """
    weights, tokens = outcome.attended.weights, outcome.tokens
    allowed = np.broadcast_to(outcome.attended.allowed, weights.shape)
    columns = min(len(weights), math.ceil(math.sqrt(len(weights))))
    rows = math.ceil(len(weights) / columns)
    side = side_of(len(tokens)) if len(weights) == 1 else min(side_of(len(tokens)), 4.5)
    figure = new_figure(columns * side + 1.9, rows * side + 1.3)
    panels = figure.subplots(rows, columns, squeeze=False)
    for head, axes in enumerate(panels.flat):
        if head >= len(weights):
            axes.set_axis_off()
            continue
        shown = np.where(allowed[head], weights[head], np.nan)
        image = cells(axes, shown, tokens, tokens, side, high=float(weights.max()))
        if len(weights) > 1:
            axes.set_title(f"head {head}", fontsize=9)
    bar = figure.colorbar(image, ax=panels, fraction=0.046, pad=0.03, label="Attention weight")
    bar.outline.set_visible(False)
    figure.suptitle(f"Attention weights\n{caption}", fontsize=11, x=0.02, ha="left")
    return Drawing(figure, weight_table(weights, tokens, tokens, "weight"))


def side_of(length: int) -> float:
    """Inches of a heatmap's side for that many tokens."""
    return min(max(4.2, 0.62 * length), 8.5)


def cells(
    axes: Axes,
    values: Array,
    queries: Sequence[str],
    keys: Sequence[str],
    side: float,
    *,
    high: float,
    low: float = 0.0,
    cmap: str = "viridis",
) -> AxesImage:
    """One matrix as coloured cells with its tokens; annotated while the numbers fit."""
    axes.set_facecolor(MASKED)
    image = axes.imshow(values, cmap=cmap, vmin=low, vmax=high, interpolation="none")
    axes.set_xlabel("Keys")
    axes.set_ylabel("Queries")
    token_ticks(axes, "x", keys, side)
    token_ticks(axes, "y", queries, side)
    axes.tick_params(length=0 if len(queries) <= ANNOTATED else 2, color=FAINT)
    axes.spines[:].set_visible(False)
    if max(values.shape) <= ANNOTATED:
        size = min(11.0, 72 * side / max(values.shape) / 3.4)
        for (query, key), value in np.ndenumerate(values):
            if np.isnan(value):
                continue
            red, green, blue, _ = image.to_rgba(np.array([value]))[0]
            bright = 0.299 * red + 0.587 * green + 0.114 * blue > 0.55
            color = "black" if bright else "white"
            axes.text(key, query, f"{value:.2f}", ha="center", va="center", color=color, size=size)
    return image


def weight_table(weights: Array, queries: Sequence[str], keys: Sequence[str], value: str) -> Table:
    """[H, N, M] → a row a cell."""
    columns = ("head", "query_position", "query", "key_position", "key", value)
    rows = [
        (head, i, queries[i], j, keys[j], float(weight))
        for (head, i, j), weight in np.ndenumerate(weights)
    ]
    return Table(columns, rows)
