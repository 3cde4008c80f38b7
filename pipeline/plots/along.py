"""Along: one number a token, beside what uniform weights would give; bars, or a band where long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.plots.canvas import COLORS, FAINT, INK, new_figure, token_ticks
from pipeline.records import Array, Drawing, Positions, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEGEND = 2.4  # inches of the figure's width that the legend and the numbers take
BARS = 256  # tokens up to which each has a bar
BINS = 512  # along a longer sentence


@dataclass(frozen=True)
class Words:
    """What such a figure calls things."""

    title: str  # its first line
    axis: str  # what stands along it: Queries or Keys
    unit: str  # the y axis
    value: str  # the bars in the legend, and the column of the table
    uniform: str  # the dashes in the legend
    column: str  # of the table: query or key


def along(
    values: Array, uniform: Array, tokens: Sequence[str], words: Words, caption: str
) -> Drawing:
    """[H, N] numbers and [H, N] or [N] of uniform weights, as a figure with its table.

    A bar is the mean over heads, each head a dot. Beyond 256 tokens neighbors share one of at most
    512 bins, drawn as the span from the lowest to the highest number in it and a line at the mean.
    """
    uniform = np.broadcast_to(uniform, values.shape)
    width = min(max(6.2, 0.45 * len(tokens) + 2), 11.0)
    figure = new_figure(width, 3.9)
    axes = figure.subplots()
    is_long = len(tokens) > BARS
    table = (draw_band if is_long else draw_bars)(axes, values, uniform, tokens, words)
    if not is_long:
        token_ticks(axes, "x", tokens, width - LEGEND)
    highest = max(np.fmax.reduce(one, axis=None, initial=0.0) for one in (values, uniform))
    axes.set_ylim(0, float(highest) * 1.12 or 1.0)
    axes.set_xlabel(f"{words.axis}, by position" if is_long else words.axis)
    axes.set_ylabel(words.unit)
    axes.set_title(f"{words.title}\n{caption}")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    return Drawing(figure, table)


def draw_bars(
    axes: Axes, values: Array, uniform: Array, tokens: Sequence[str], words: Words
) -> Table:
    """A bar and a dash a token."""
    places = np.arange(len(tokens))
    average = np.nan_to_num(values).mean(axis=0)
    axes.bar(places, average, width=0.72, color=COLORS[0], label=words.value)
    if len(values) > 1:
        axes.plot(places, values.T, ".", color=INK, alpha=0.5, markersize=4)
    axes.hlines(uniform.mean(axis=0), places - 0.45, places + 0.45, FAINT, "--", linewidth=1.2,
                label=words.uniform)  # fmt: skip
    axes.set_xlim(-0.6, len(tokens) - 0.4)
    name = words.column
    columns = ("head", f"{name}_position", name, words.value, f"{words.value}_of_uniform")
    rows = [
        (head, i, tokens[i], float(value), float(uniform[head, i]))
        for (head, i), value in np.ndenumerate(values)
    ]
    return Table(columns, rows)


def draw_band(
    axes: Axes, values: Array, uniform: Array, tokens: Sequence[str], words: Words
) -> Table:
    """The span and the mean of each bin over all heads, and the mean of the uniform's."""
    size = -(-len(tokens) // BINS)
    starts = np.arange(0, len(tokens), size)
    ends = np.minimum(starts + size, len(tokens))
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
    axes.set_xlim(0, len(tokens) - 1)
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
