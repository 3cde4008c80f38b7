"""Curve: a metric against a numeric setting, one line for each value of another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.base.drawing import Drawing
from pipeline.base.tables import Table
from pipeline.plots.output.style import COLORS, FAINT, new_figure, styled
from pipeline.plots.parts.ticks import number_axis
from pipeline.plots.parts.token_labels import visible

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


PANEL, LEGEND, MAX_WIDTH = 4.4, 1.6, 10.4  # inches: a panel, the room beside all, the figure


@dataclass(frozen=True, eq=False)
class Lines:
    """Which columns the lines of every panel are drawn from."""

    x: str
    metric: str
    hue: str | None
    palette: Mapping[Any, Any] | None  # value of `hue` -> color
    uniform: str | None  # the metric under uniform attention
    has_interval: bool  # `metric`_low and `metric`_high are columns
    has_repeats: bool  # several rows share a point


@styled
def curve(
    rows: Sequence[Mapping[str, Any]],
    x: str,
    hue: str | None,
    panel: str | None,
    metric: str,
    over: Sequence[str] = (),
) -> Drawing:
    """`metric` against `x`, one line for each value of `hue`, one panel for each of `panel`.

    Runs that share all three are one point, their mean, with a 95 % bootstrap interval; the title
    names the settings `over` which they vary. Where the rows have an interval, `metric`_low and
    `metric`_high, it is shaded; where they have `metric`_uniform, the metric under uniform
    attention, dashes mark it.
    """
    import pandas as pd

    ends = [f"{metric}_low", f"{metric}_high"]
    has_interval = all(end in rows[0] for end in ends)
    uniform = f"{metric}_uniform" if rows[0].get(f"{metric}_uniform") is not None else None
    wanted = (panel, hue, x, metric, *(ends if has_interval else []), uniform)
    names = [name for name in wanted if name]
    data = pd.DataFrame(rows, columns=names)
    has_repeats = bool(data.duplicated([name for name in (panel, hue, x) if name]).any())
    values = list(dict.fromkeys(data[hue])) if hue else []
    palette = dict(zip(values, make_palette(len(values)), strict=True)) if hue else None
    lines = Lines(x, metric, hue, palette, uniform, has_interval, has_repeats)

    panels = list(dict.fromkeys(data[panel])) if panel else [None]
    columns = min(len(panels), 3)
    count = math.ceil(len(panels) / columns)
    width = min(PANEL, (MAX_WIDTH - LEGEND) / columns)
    figure = new_figure(width * columns + LEGEND, 3.6 / 4.4 * width * count + 0.4)
    grid = figure.subplots(count, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, value in zip(grid.flat, panels, strict=False):
        part = data[data[panel] == value] if panel else data
        draw_panel(axes, part, lines)
        number_axis(axes, sorted(set(data[x])), width - 0.9)
        axes.set_ylim(bottom=min(0.0, float(data[metric].min())))
        if panel:
            axes.set_title(visible(f"{format_axis(panel)}: {value}"), fontsize=10)
    if hue:
        handles, labels = grid.flat[len(panels) - 1].get_legend_handles_labels()
        shown = map(visible, labels)
        figure.legend(handles, shown, title=format_axis(hue), loc="outside right upper")
    elif uniform:
        figure.legend(loc="outside right upper")
    title = f"{format_axis(metric).capitalize()} against {format_axis(x)}"
    title += "\nmean and 95 % interval" if has_interval or has_repeats else ""
    title += f"\nover {join_names(over)}" if has_repeats and over else ""
    figure.suptitle(title, x=0.02, ha="left")
    return Drawing(figure, Table(names, [tuple(row) for row in data.itertuples(index=False)]))


def draw_panel(axes: Axes, rows: pd.DataFrame, lines: Lines) -> None:
    """The lines of one panel, with what surrounds them."""
    import seaborn as sns

    hue, values = lines.hue, list(lines.palette) if lines.palette else None
    sns.lineplot(
        rows, x=lines.x, y=lines.metric, hue=hue, hue_order=values, palette=lines.palette,
        style=hue, style_order=values, markers=bool(hue), marker=None if hue else "o",
        dashes=False, errorbar=("ci", 95) if lines.has_repeats else None, seed=0, ax=axes,
        legend=bool(hue),
    )  # fmt: skip
    if legend := axes.get_legend():
        legend.remove()  # the figure has one for all panels
    if lines.has_interval:
        draw_interval(axes, rows, lines)
    if lines.uniform:
        draw_uniform(axes, rows, lines, lines.uniform)
    axes.set_xlabel(format_axis(lines.x))
    axes.set_ylabel(format_axis(lines.metric) + (" (nats)" if lines.metric == "entropy" else ""))
    axes.grid(color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)


def draw_interval(axes: Axes, rows: pd.DataFrame, lines: Lines) -> None:
    """The interval around each line, in its color."""
    hue, palette = lines.hue, lines.palette
    for value, line in rows.groupby(hue, sort=False) if hue else [(None, rows)]:
        line = line.sort_values(lines.x)
        axes.fill_between(
            line[lines.x], line[f"{lines.metric}_low"], line[f"{lines.metric}_high"], linewidth=0,
            alpha=0.2, color=palette[value] if palette else COLORS[0],
        )  # fmt: skip


def draw_uniform(axes: Axes, rows: pd.DataFrame, lines: Lines, uniform: str) -> None:
    """Dashes along each line, in its color; one gray line where all lines have the same."""
    hue, palette = lines.hue, lines.palette or {}
    groups = [part for _, part in rows.groupby(hue, sort=False)] if hue else []
    means = [part.groupby(lines.x)[uniform].mean() for part in groups]
    is_shared = all(mean.round(9).equals(means[0].round(9)) for mean in means)
    if is_shared:
        means = [rows.groupby(lines.x)[uniform].mean()]
    for i, mean in enumerate(means):
        color = FAINT if is_shared else list(palette.values())[i]
        name = "uniform\nattention" if i == 0 else None
        axes.plot(mean.index, mean, "--", color=color, linewidth=1.2, zorder=1, label=name)


def make_palette(count: int) -> list[Any]:
    """`count` line colors; up to eight can be told apart by color-blind readers."""
    import seaborn as sns

    return list(COLORS[:count]) if count <= len(COLORS) else sns.color_palette("viridis", count)


def join_names(names: Sequence[str]) -> str:
    """Settings in a title, short.

    >>> join_names(["attention.scale", "attention.mask"]), join_names(["a", "b", "c"])
    ('scale and mask', 'a and 2 more')
    """
    rest = [f"{len(names) - 1} more"] if len(names) > 2 else map(format_axis, names[1:])
    return " and ".join([format_axis(names[0]), *rest])


def format_axis(name: str) -> str:
    """The last part of a dotted setting, in words.

    >>> format_axis("attention.temperature")
    'temperature'
    """
    return name.rpartition(".")[2].replace("_", " ")
