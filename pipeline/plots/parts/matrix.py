"""Matrices of tokens by tokens as colored cells, one panel per head, all on one color scale.

The layout is computed in inches from the lengths of the tokens, so that no label is cut.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.base.drawing import FigureTemplate
from pipeline.base.records import Array
from pipeline.base.tables import Table
from pipeline.plots.output.style import FAINT, MINUS, new_figure, styled
from pipeline.plots.parts.token_labels import (
    longest_label,
    room_below,
    text_size,
    tick_size,
    token_ticks,
    visible,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.text import Text


MASKED = "#ececec"
MAX_NUMBERED = 12  # tokens up to which every cell shows its number
MAX_SIDE, MAX_SIDE_OF_MANY = 8.5, 4.5  # inches of a panel's side
TITLE, BAR = 0.85, 1.25  # inches above the panels, and beside them for the color bar
BAR_NUMBERS = 10.0  # font size of the numbers beside the bar


@dataclass(frozen=True, eq=False)
class MatrixArtists:
    """What differs between figures of the same tokens."""

    title: Text
    images: Sequence[AxesImage]  # [H]
    numbers: Sequence[Sequence[Text]]  # [H][N·M], none where there are too many cells
    bar: Axes


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
) -> FigureTemplate:
    """[H, N, M] as H panels, queries down and keys across; `unit` labels the color bar.

    The colors go from `low` to `high`, or to `low` + 1 where the two are equal, as with every key
    masked. A cell that is NaN is left blank. Panels are titled by their heads, or by `panels`.
    """
    heads = len(values)
    names = tuple(panels) or tuple(f"head {head}" for head in range(heads))
    columns = columns or math.ceil(math.sqrt(heads))
    key = (names, columns, tuple(queries), tuple(keys), unit, cmap)
    high = high if high > low else low + 1.0
    return FigureTemplate(build_matrix, key, partial(update_matrix, values, title, low, high))


@styled
def build_matrix(
    names: Sequence[str],
    columns: int,
    queries: Sequence[str],
    keys: Sequence[str],
    unit: str,
    cmap: str,
) -> tuple[Figure, MatrixArtists]:
    """One panel per name with its tokens, and the color bar; no values yet."""
    heads = len(names)
    rows = math.ceil(heads / columns)
    largest = MAX_SIDE if heads == 1 else MAX_SIDE_OF_MANY
    side = min(max(4.2, 0.62 * max(len(queries), len(keys))), largest)
    left = 0.55 + longest_label(queries, tick_size(len(queries)))
    below = 0.45 + room_below(keys, side)
    step_x, step_y = left + side + 0.25, below + side + (0.3 if heads > 1 else 0.1)
    width, height = columns * step_x + BAR, rows * step_y + TITLE
    figure = new_figure(width, height, layout=None)
    panels = []
    for head in range(heads):
        row, column = divmod(head, columns)
        x, y = column * step_x + left, height - TITLE - row * step_y - side
        panels.append(figure.add_axes((x / width, y / height, side / width, side / height)))
        if heads > 1:
            panels[-1].set_title(names[head], fontsize=9)
    bottom, top = height - TITLE - (rows - 1) * step_y - side, height - TITLE
    bounds = (columns * step_x / width, bottom / height, 0.2 / width, (top - bottom) / height)
    bar = color_bar(figure.add_axes(bounds), unit, cmap)
    title = figure.text(0.15 / width, 1 - 0.12 / height, "", fontsize=11, va="top")
    images = [empty_cells(axes, queries, keys, side, cmap) for axes in panels]
    numbers = [empty_numbers(axes, side) for axes in panels]
    return figure, MatrixArtists(title, images, numbers, bar)


def color_bar(axes: Axes, unit: str, cmap: str) -> Axes:
    """The colors from the smallest value, at the bottom, to the largest."""
    from pipeline.plots.output.cells import Cells

    colors = Cells(axes, cmap=cmap, interpolation="none", extent=(0, 1, 0, 1))
    colors.set_data(np.linspace(1, 0, 256)[:, None])
    colors.set_transform(axes.transAxes)
    axes.add_artist(colors)
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_ylabel(unit)
    axes.spines[:].set_visible(False)
    return axes


def place_bar_label(bar: Axes) -> None:
    """Sets the label of a color bar beyond the widest of its numbers."""
    axis = bar.yaxis
    numbers = axis.get_major_formatter().format_ticks(axis.get_majorticklocs().tolist())
    widest = max(text_size(number, BAR_NUMBERS)[0] for number in numbers) / 72
    axis.set_label_coords(max(0.85, 0.45 + widest) / 0.2, 0.5)


def empty_cells(
    axes: Axes, queries: Sequence[str], keys: Sequence[str], side: float, cmap: str
) -> AxesImage:
    """A matrix without values, and its tokens as ticks."""
    from pipeline.plots.output.cells import Cells

    axes.set_facecolor(MASKED)
    image = Cells(axes, cmap=cmap, interpolation="none", origin="upper")
    image.set_data(np.full((len(queries), len(keys)), np.nan))
    image.set_extent(image.get_extent())
    axes.add_image(image)
    axes.set_xlabel("Keys")
    axes.set_ylabel("Queries")
    token_ticks(axes, "x", keys, side)
    token_ticks(axes, "y", queries, side)
    axes.tick_params(length=0 if len(queries) <= MAX_NUMBERED else 2, color=FAINT)
    axes.spines[:].set_visible(False)
    return image


def empty_numbers(axes: Axes, side: float) -> list[Text]:
    """A text in the center of every cell, row by row; none where the cells are many."""
    rows, columns = axes.images[0].get_size()
    if max(rows, columns) > MAX_NUMBERED:
        return []
    size = min(11.0, 72 * side / max(rows, columns) / 3.4)
    return [
        axes.text(key, query, "", ha="center", va="center", size=size)
        for query, key in np.ndindex(rows, columns)
    ]


@styled
def update_matrix(
    values: Array, title: str, low: float, high: float, moving: MatrixArtists
) -> list[Artist]:
    """Sets the [H, N, M] values of the panels, from `low` to `high` on the bar."""
    moving.title.set_text(visible(title))
    moving.bar.set_ylim(low, high)
    place_bar_label(moving.bar)
    artists: list[Artist] = [moving.title, moving.bar.yaxis]
    for matrix, image, texts in zip(values, moving.images, moving.numbers, strict=True):
        image.set_data(matrix)
        image.set_clim(low, high)
        artists += [image, *set_numbers(image, matrix, texts)]
    return artists


def set_numbers(image: AxesImage, values: Array, texts: Sequence[Text]) -> Iterator[Text]:
    """Two decimals in each cell, black on bright colors and white on dark ones."""
    if not texts:
        return
    bright = image.to_rgba(values)[..., :3] @ [0.299, 0.587, 0.114] > 0.55
    for text, value, on_bright in zip(texts, values.flat, bright.flat, strict=True):
        text.set_text("" if math.isnan(value) else f"{value:z.2f}".replace("-", MINUS))
        text.set_color("black" if on_bright else "white")
        yield text


def cell_table(values: Array, queries: Sequence[str], keys: Sequence[str], name: str) -> Table:
    """[H, N, M] → one row per cell; `name` is the column of values."""
    columns = ("head", "query_position", "query", "key_position", "key", name)
    rows: list[tuple[Any, ...]] = [
        (head, i, queries[i], j, keys[j], float(value))
        for (head, i, j), value in np.ndenumerate(values)
    ]
    return Table(columns, rows)
