"""One number per token, beside its value under uniform attention: bars, or a band if many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.drawing import Drawing, FigureTemplate
from pipeline.base.records import Array, Positions
from pipeline.base.tables import Table
from pipeline.plots.output.style import COLORS, FAINT, INK, new_figure, styled
from pipeline.plots.parts.token_labels import room_below, token_ticks, visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text


LEFT, RIGHT, ABOVE, HEIGHT = 0.8, 1.7, 0.65, 2.7  # inches around the axes, and their height
MAX_BARS = 256  # tokens up to which each has a bar
MAX_BINS = 512  # along a longer sentence


@dataclass(frozen=True)
class BarText:
    """The words of such a figure."""

    title: str  # first line of the title
    axis: str  # label of the x axis: Queries or Keys
    unit: str  # label of the y axis
    value: str  # the bars in the legend, and their column of the table
    uniform: str  # the dashes in the legend
    column: str  # what the table calls a token: query or key


@dataclass(frozen=True, eq=False)
class BarArtists:
    """What differs between figures of the same tokens."""

    axes: Axes
    title: Text
    bars: Sequence[Rectangle]  # [N]
    dashes: LineCollection  # [N], uniform attention
    dots: Sequence[Line2D]  # [H]; none for a single head


def token_bars(
    values: Array, uniform: Array, tokens: Sequence[str], text: BarText, caption: str
) -> Drawing:
    """[H, N] numbers and their [H, N] or [N] values under uniform attention.

    A bar is the mean over heads, and each head a dot. Beyond 256 tokens neighbors share one of at
    most 512 bins, drawn as a band from the lowest to the highest number and a line at the mean.
    """
    uniform = np.broadcast_to(uniform, values.shape)
    if len(tokens) > MAX_BARS:
        return band_figure(values, uniform, text, caption)
    title = f"{text.title}\n{caption}"
    template = FigureTemplate(
        build_bars, (tokens, len(values), text), partial(update_bars, values, uniform, title)
    )
    name = text.column
    columns = ("head", f"{name}_position", name, text.value, f"{text.value}_of_uniform")
    rows = [
        (head, i, tokens[i], float(value), float(uniform[head, i]))
        for (head, i), value in np.ndenumerate(values)
    ]
    return Drawing(template, Table(columns, rows))


@styled
def build_bars(tokens: Sequence[str], heads: int, text: BarText) -> tuple[Figure, BarArtists]:
    """The tokens, the legend and bars without height."""
    width = min(max(3.9, 0.45 * len(tokens)), 8.7)
    labels = room_below(tokens, width)
    left = max(LEFT, labels) if len(tokens) <= 16 else LEFT  # slanted labels reach to the left
    figure, axes = empty_axes(left, width, 0.45 + labels, text)
    positions = np.arange(len(tokens))
    bars = axes.bar(positions, 0.0, width=0.72, color=COLORS[0], label=text.value)
    dashes = axes.hlines(0 * positions, positions, positions, FAINT, "--", linewidth=1.2,
                         label=text.uniform)  # fmt: skip
    dots = axes.plot(positions, np.zeros((len(tokens), heads)), ".", color=INK, alpha=0.5,
                     markersize=4) if heads > 1 else []  # fmt: skip
    axes.set_xlim(-0.6, len(tokens) - 0.4)
    axes.set_xlabel(text.axis)
    token_ticks(axes, "x", tokens, width)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    return figure, BarArtists(axes, axes.set_title("", y=1.0), list(bars), dashes, dots)


def empty_axes(left: float, width: float, below: float, text: BarText) -> tuple[Figure, Axes]:
    """Axes that many inches wide, with room for a legend on the right."""
    across, down = left + width + RIGHT, below + HEIGHT + ABOVE
    figure = new_figure(across, down, layout=None)
    axes = figure.add_axes((left / across, below / down, width / across, HEIGHT / down))
    axes.set_ylabel(text.unit)
    return figure, axes


@styled
def update_bars(values: Array, uniform: Array, title: str, moving: BarArtists) -> list[Artist]:
    """Sets the [H, N] numbers, and those under uniform attention."""
    axes = moving.axes
    axes.set_ylim(0, axis_top(values, uniform))
    moving.title.set_text(visible(title))
    for bar, height in zip(moving.bars, np.nan_to_num(values).mean(axis=0), strict=True):
        bar.set_height(height)
    moving.dashes.set_segments(
        [np.array([(i - 0.45, y), (i + 0.45, y)]) for i, y in enumerate(uniform.mean(axis=0))]
    )
    for dots, row in zip(moving.dots, values, strict=False):
        dots.set_ydata(row)
    # The axis line is drawn over the ends of the bars that stand on it.
    return [moving.title, *moving.bars, moving.dashes, *moving.dots, axes.spines["bottom"],
            axes.yaxis]  # fmt: skip


def axis_top(values: Array, uniform: Array) -> float:
    """The upper limit of the y axis."""
    highest = max(np.fmax.reduce(array, axis=None, initial=0.0) for array in (values, uniform))
    return float(highest) * 1.12 or 1.0


@styled
def band_figure(values: Array, uniform: Array, text: BarText, caption: str) -> Drawing:
    """The figure of a sentence too long for bars."""
    figure, axes = empty_axes(LEFT, 8.7, 0.65, text)
    table = draw_band(axes, values, uniform, text)
    axes.set_ylim(0, axis_top(values, uniform))
    axes.set_xlabel(f"{text.axis}, by position")
    axes.set_title(visible(f"{text.title}\n{caption}"))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    return Drawing(figure, table)


def draw_band(axes: Axes, values: Array, uniform: Array, text: BarText) -> Table:
    """The range and the mean of each bin over all heads, and the mean under uniform attention."""
    count = values.shape[1]
    size = -(-count // MAX_BINS)
    starts = np.arange(0, count, size)
    ends = np.minimum(starts + size, count)
    low = np.fmin.reduce(np.fmin.reduceat(values, starts, axis=1), axis=0)
    high = np.fmax.reduce(np.fmax.reduceat(values, starts, axis=1), axis=0)
    mean, uniform_mean = binned_mean(values, starts), binned_mean(uniform, starts)
    middle = (starts + ends - 1) / 2
    axes.fill_between(middle, low, high, color=COLORS[0], alpha=0.25, linewidth=0,
                      label="lowest to highest")  # fmt: skip
    axes.plot(middle, mean, color=COLORS[0], linewidth=1.2, label=f"{text.value}, mean")
    axes.plot(middle, uniform_mean, "--", color=INK, linewidth=1.0, label=text.uniform)
    axes.set_xlim(0, count - 1)
    name = text.column
    columns = (f"first_{name}", f"last_{name}", "lowest", "mean", "highest", "mean_of_uniform")
    data = (starts, ends - 1, low, mean, high, uniform_mean)
    return Table(columns, list(zip(*(column.tolist() for column in data), strict=True)))


def binned_mean(values: Array, starts: Positions) -> Array:
    """The mean over heads and over each bin that begins at `starts`, without NaN; NaN if all are.

    >>> binned_mean(np.array([[1.0, 3.0, np.nan], [1.0, 3.0, 5.0]]), np.array([0, 2])).tolist()
    [2.0, 5.0]
    """
    count = np.add.reduceat(~np.isnan(values), starts, axis=1, dtype=np.int64).sum(axis=0)
    total = np.add.reduceat(np.nan_to_num(values), starts, axis=1).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
