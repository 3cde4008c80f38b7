"""The sweep's curve: one metric along one numeric setting, a line for each value of another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.base.drawing import Drawing
from pipeline.base.tables import Table
from pipeline.plots.output.style import COLORS, FAINT, new_figure, styled
from pipeline.plots.parts.ticks import number_axis
from pipeline.plots.parts.token_labels import visible

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


PANEL, ROOM, MOST = 4.4, 1.6, 10.4  # inches: a panel, beside all of them, the widest figure


@styled
def curve(
    rows: Sequence[Mapping[str, Any]],
    x: str,
    hue: str | None,
    panel: str | None,
    metric: str,
    over: Sequence[str] = (),
) -> Drawing:
    """`metric` against `x`, a line for each value of `hue`, a panel for each value of `panel`.

    Runs that are alike in all three are one point, their mean, in a 95 % bootstrap interval; the
    title says `over` which other settings.
    Where the rows have an interval (`metric`_low and `metric`_high) it is shaded, and dashes mark
    the metric under uniform attention (`metric`_uniform).
    """
    import pandas as pd
    import seaborn as sns

    ends = [f"{metric}_low", f"{metric}_high"]
    shaded = all(end in rows[0] for end in ends)
    null = f"{metric}_uniform" if rows[0].get(f"{metric}_uniform") is not None else None
    wanted = (panel, hue, x, metric, *(ends if shaded else []), null)
    names = [name for name in wanted if name]
    data = pd.DataFrame(rows, columns=names)
    several = data.duplicated([name for name in (panel, hue, x) if name]).any()
    panels = list(dict.fromkeys(data[panel])) if panel else [None]
    columns = min(len(panels), 3)
    count = math.ceil(len(panels) / columns)
    across = min(PANEL, (MOST - ROOM) / columns)
    figure = new_figure(across * columns + ROOM, 3.6 / 4.4 * across * count + 0.4)
    axes_grid = figure.subplots(count, columns, squeeze=False, sharex=True, sharey=True)
    order = list(dict.fromkeys(data[hue])) if hue else None
    palette = dict(zip(order, make_palette(len(order)), strict=True)) if order else None
    for place, axes in enumerate(axes_grid.flat):
        if place >= len(panels):
            axes.set_axis_off()
            continue
        part = data[data[panel] == panels[place]] if panel else data
        sns.lineplot(
            part, x=x, y=metric, hue=hue, hue_order=order, palette=palette, style=hue,
            style_order=order, markers=bool(hue), marker=None if hue else "o", dashes=False,
            errorbar=("ci", 95) if several else None, seed=0, ax=axes,
            legend=bool(hue) and place == len(panels) - 1,
        )  # fmt: skip
        if shaded:
            draw_interval(axes, part, x, metric, hue, palette)
        if null:
            draw_uniform(axes, part, x, null, hue, palette)
        number_axis(axes, sorted(set(data[x])), across - 0.9)
        axes.set_ylim(bottom=min(0.0, float(data[metric].min())))
        axes.set_xlabel(format_axis(x))
        axes.set_ylabel(format_axis(metric) + (" (nats)" if metric == "entropy" else ""))
        axes.grid(color="#eeeeee", linewidth=0.8)
        axes.set_axisbelow(True)
        if panel:
            axes.set_title(visible(f"{format_axis(panel)}: {panels[place]}"), fontsize=10)
    if hue:
        legend_axes = axes_grid.flat[len(panels) - 1]
        handles, labels = legend_axes.get_legend_handles_labels()
        legend_axes.get_legend().remove()
        figure.legend(
            handles, map(visible, labels), title=format_axis(hue), loc="outside right upper"
        )
    elif null:
        figure.legend(loc="outside right upper")
    told = f"{format_axis(metric).capitalize()} against {format_axis(x)}"
    told += "\nmean and 95 % interval" if shaded or several else ""
    told += f"\nover {join_names(over)}" if several and over else ""
    figure.suptitle(told, x=0.02, ha="left")
    return Drawing(figure, Table(names, [tuple(row) for row in data.itertuples(index=False)]))


def draw_interval(
    axes: Axes,
    rows: pd.DataFrame,
    x: str,
    metric: str,
    hue: str | None,
    palette: Mapping[Any, Any] | None,
) -> None:
    """The interval around each line, in its color."""
    for value, line in rows.groupby(hue, sort=False) if hue else [(None, rows)]:
        line = line.sort_values(x)
        axes.fill_between(
            line[x], line[f"{metric}_low"], line[f"{metric}_high"], linewidth=0, alpha=0.2,
            color=palette[value] if palette else COLORS[0],
        )  # fmt: skip


def draw_uniform(
    axes: Axes, rows: pd.DataFrame, x: str, null: str, hue: str | None, palette: Any
) -> None:
    """The null along each line: gray where it is that of all, else in the line's color."""
    lines = (
        [part.groupby(x)[null].mean() for _, part in rows.groupby(hue, sort=False)] if hue else []
    )
    same = all(line.round(9).equals(lines[0].round(9)) for line in lines)
    if same:
        lines = [rows.groupby(x)[null].mean()]
    for place, line in enumerate(lines):
        color = FAINT if same else list(palette.values())[place]
        told = "if attention\nwere even" if place == 0 else None
        axes.plot(line.index, line, "--", color=color, linewidth=1.2, zorder=1, label=told)


def make_palette(count: int) -> list[Any]:
    """`count` line colors, safe for color-blind readers while they last."""
    import seaborn as sns

    return list(COLORS[:count]) if count <= len(COLORS) else sns.color_palette("viridis", count)


def join_names(names: Sequence[str]) -> str:
    """Settings in a title, where there is little room.

    >>> join_names(["attention.scale", "attention.mask"]), join_names(["a", "b", "c"])
    ('scale and mask', 'a and 2 more')
    """
    left = [f"{len(names) - 1} more"] if len(names) > 2 else map(format_axis, names[1:])
    return " and ".join([format_axis(names[0]), *left])


def format_axis(name: str) -> str:
    """The last part of a dotted setting, in words.

    >>> format_axis("attention.temperature")
    'temperature'
    """
    return name.rpartition(".")[2].replace("_", " ")
