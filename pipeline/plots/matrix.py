"""Matrices of tokens by tokens as colored cells, one panel a head, all on one color scale.

The layout is worked out in inches from the tokens' lengths, so that no label is ever cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.plots.canvas import FAINT, longest, new_figure, tick_size, token_ticks
from pipeline.records import Array, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

MASKED = "#ececec"
ANNOTATED = 12  # tokens up to which every cell shows its number
LARGEST, LARGEST_OF_MANY = 8.5, 4.5  # inches of a panel's side
TITLE, BAR = 0.85, 1.25  # inches above the panels, and beside them for the color bar


def matrices(
    values: Array,
    queries: Sequence[str],
    keys: Sequence[str],
    *,
    title: str,
    unit: str,
    low: float,
    high: float,
    cmap: str,
    panels: Sequence[str] = (),
    columns: int = 0,
) -> Figure:
    """[H, N, M] as H panels, queries down and keys across; `unit` names the color bar.

    A cell that is NaN is left blank. The panels are called heads, or what `panels` calls them.
    """
    heads = len(values)
    names = panels or [f"head {head}" for head in range(heads)]
    columns = columns or math.ceil(math.sqrt(heads))
    rows = math.ceil(heads / columns)
    largest = LARGEST if heads == 1 else LARGEST_OF_MANY
    side = min(max(4.2, 0.62 * max(values.shape[1:])), largest)
    wide, tall = (longest(tokens, tick_size(len(tokens))) for tokens in (queries, keys))
    is_turned = len(keys) > 16 or tall > side / len(keys)
    turned = tall * (0.75 if len(keys) <= 16 else 1.0) if is_turned else 0.2
    left, below = 0.55 + wide, 0.45 + turned
    step_x, step_y = left + side + 0.25, below + side + (0.3 if heads > 1 else 0.1)
    width, height = columns * step_x + BAR, rows * step_y + TITLE
    figure = new_figure(width, height, layout=None)
    for head, one in enumerate(values):
        row, column = divmod(head, columns)
        x, y = column * step_x + left, height - TITLE - row * step_y - side
        axes = figure.add_axes((x / width, y / height, side / width, side / height))
        image = cells(axes, one, queries, keys, side, low=low, high=high, cmap=cmap)
        if heads > 1:
            axes.set_title(names[head], fontsize=9)
    bottom, top = height - TITLE - (rows - 1) * step_y - side, height - TITLE
    place = (columns * step_x / width, bottom / height, 0.2 / width, (top - bottom) / height)
    bar = figure.colorbar(image, cax=figure.add_axes(place), label=unit)
    bar.outline.set_visible(False)
    figure.text(0.15 / width, 1 - 0.12 / height, title, fontsize=11, va="top")
    return figure


def cells(
    axes: Axes,
    values: Array,
    queries: Sequence[str],
    keys: Sequence[str],
    side: float,
    *,
    low: float,
    high: float,
    cmap: str,
) -> AxesImage:
    """One matrix as colored cells with its tokens; annotated while the numbers fit."""
    axes.set_facecolor(MASKED)
    image = axes.imshow(values, cmap=cmap, vmin=low, vmax=high, interpolation="none", aspect="auto")
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


def cell_table(values: Array, queries: Sequence[str], keys: Sequence[str], name: str) -> Table:
    """[H, N, M] → a row a cell; `name` is the column of values."""
    columns = ("head", "query_position", "query", "key_position", "key", name)
    rows = [
        (head, i, queries[i], j, keys[j], float(value))
        for (head, i, j), value in np.ndenumerate(values)
    ]
    return Table(columns, rows)
