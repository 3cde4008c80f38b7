"""Along: one number a token, beside what uniform weights would give; bars, or a band where long."""

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


LEFT, RIGHT, ABOVE, TALL = 0.8, 1.7, 0.65, 2.7  # inches around the axes, and their height
BARS = 256  # tokens up to which each has a bar
BINS = 512  # along a longer sentence


@dataclass(frozen=True)
class BarText:
    """What such a figure calls things."""

    title: str  # its first line
    axis: str  # what stands along it: Queries or Keys
    unit: str  # the y axis
    value: str  # the bars in the legend, and the column of the table
    uniform: str  # the dashes in the legend
    column: str  # of the table: query or key


@dataclass(frozen=True, eq=False)
class MovingParts:
    """What differs between figures of the same tokens."""

    axes: Axes
    title: Text
    bars: Sequence[Rectangle]  # [N]
    dashes: LineCollection  # [N], over the bars
    dots: Sequence[Line2D]  # [H], none for a single head


def token_bars(
    values: Array, uniform: Array, tokens: Sequence[str], words: BarText, caption: str
) -> Drawing:
    """[H, N] numbers and [H, N] or [N] of uniform weights, as a figure with its table.

    A bar is the mean over heads, each head a dot. Beyond 256 tokens neighbors share one of at most
    512 bins, drawn as the span from the lowest to the highest number in it and a line at the mean.
    """
    uniform = np.broadcast_to(uniform, values.shape)
    if len(tokens) > BARS:
        return band(values, uniform, words, caption)
    title = f"{words.title}\n{caption}"
    sheet = FigureTemplate(
        frame, (tokens, len(values), words), partial(update, values, uniform, title)
    )
    name = words.column
    columns = ("head", f"{name}_position", name, words.value, f"{words.value}_of_uniform")
    rows = [
        (head, i, tokens[i], float(value), float(uniform[head, i]))
        for (head, i), value in np.ndenumerate(values)
    ]
    return Drawing(sheet, Table(columns, rows))


@styled
def frame(tokens: Sequence[str], heads: int, words: BarText) -> tuple[Figure, MovingParts]:
    """The tokens and the legend; bars without height."""
    across = min(max(3.9, 0.45 * len(tokens)), 8.7)
    labels = room_below(tokens, across)
    left = max(LEFT, labels) if len(tokens) <= 16 else LEFT  # slanted labels reach to the left
    figure, axes = plain_axes(left, across, 0.45 + labels, words)
    places = np.arange(len(tokens))
    bars = axes.bar(places, 0.0, width=0.72, color=COLORS[0], label=words.value)
    dashes = axes.hlines(0 * places, places, places, FAINT, "--", linewidth=1.2,
                         label=words.uniform)  # fmt: skip
    dots = axes.plot(places, np.zeros((len(tokens), heads)), ".", color=INK, alpha=0.5,
                     markersize=4) if heads > 1 else []  # fmt: skip
    axes.set_xlim(-0.6, len(tokens) - 0.4)
    axes.set_xlabel(words.axis)
    token_ticks(axes, "x", tokens, across)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    return figure, MovingParts(axes, axes.set_title("", y=1.0), list(bars), dashes, dots)


def plain_axes(left: float, across: float, below: float, words: BarText) -> tuple[Figure, Axes]:
    """Axes of so many inches, with room for a legend on their right."""
    width, height = left + across + RIGHT, below + TALL + ABOVE
    figure = new_figure(width, height, layout=None)
    axes = figure.add_axes((left / width, below / height, across / width, TALL / height))
    axes.set_ylabel(words.unit)
    return figure, axes


@styled
def update(values: Array, uniform: Array, title: str, moving: MovingParts) -> list[Artist]:
    """[H, N] numbers as heights, beside those of uniform weights."""
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
    # The floor, on which the bars stand, lies over their feet.
    return [moving.title, *moving.bars, moving.dashes, *moving.dots, axes.spines["bottom"],
            axes.yaxis]  # fmt: skip


def axis_top(values: Array, uniform: Array) -> float:
    """Where the y axis ends."""
    highest = max(np.fmax.reduce(one, axis=None, initial=0.0) for one in (values, uniform))
    return float(highest) * 1.12 or 1.0


@styled
def band(values: Array, uniform: Array, words: BarText, caption: str) -> Drawing:
    """A figure of its own, for a sentence too long for bars."""
    figure, axes = plain_axes(LEFT, 8.7, 0.65, words)
    table = draw_band(axes, values, uniform, words)
    axes.set_ylim(0, axis_top(values, uniform))
    axes.set_xlabel(f"{words.axis}, by position")
    axes.set_title(visible(f"{words.title}\n{caption}"))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    return Drawing(figure, table)


def draw_band(axes: Axes, values: Array, uniform: Array, words: BarText) -> Table:
    """The span and the mean of each bin over all heads, and the mean of the uniform's."""
    count = values.shape[1]
    size = -(-count // BINS)
    starts = np.arange(0, count, size)
    ends = np.minimum(starts + size, count)
    low, high = (
        getattr(np, f"f{bound}").reduceat(values, starts, axis=1) for bound in ("min", "max")
    )
    low, high = np.fmin.reduce(low, axis=0), np.fmax.reduce(high, axis=0)
    mean, even = binned_mean(values, starts), binned_mean(uniform, starts)
    middle = (starts + ends - 1) / 2
    axes.fill_between(middle, low, high, color=COLORS[0], alpha=0.25, linewidth=0,
                      label="lowest to highest")  # fmt: skip
    axes.plot(middle, mean, color=COLORS[0], linewidth=1.2, label=f"{words.value}, mean")
    axes.plot(middle, even, "--", color=INK, linewidth=1.0, label=words.uniform)
    axes.set_xlim(0, count - 1)
    name = words.column
    columns = (f"first_{name}", f"last_{name}", "lowest", "mean", "highest", "mean_of_uniform")
    found = (starts, ends - 1, low, mean, high, even)
    return Table(columns, list(zip(*(part.tolist() for part in found), strict=True)))


def binned_mean(values: Array, starts: Positions) -> Array:
    """The mean of what is defined, over heads and the bins that begin at `starts`; else NaN.

    >>> binned_mean(np.array([[1.0, 3.0, np.nan], [1.0, 3.0, 5.0]]), np.array([0, 2])).tolist()
    [2.0, 5.0]
    """
    count = np.add.reduceat(~np.isnan(values), starts, axis=1, dtype=np.int64).sum(axis=0)
    total = np.add.reduceat(np.nan_to_num(values), starts, axis=1).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
