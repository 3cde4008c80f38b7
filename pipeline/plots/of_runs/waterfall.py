"""Waterfall: a change of a metric, cause by cause; and shares of its variance as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.tables import Table
from pipeline.plots.output.style import COLORS, FAINT, INK, MINUS, new_figure, styled
from pipeline.plots.parts.token_labels import label

INCREASE, DECREASE = COLORS[0], COLORS[1]
MAX_LABEL = 44  # characters of a setting that a figure shows


@styled
def waterfall(
    metric: str,
    ends: tuple[float, float],
    labels: Sequence[str],
    parts: Sequence[float],
    margins: Sequence[float],
) -> Drawing:
    """Each part of a change as a bar that starts where the one before ended, the largest first.

    `ends` are the metric of the baseline and of the run, `parts` add up to their difference.
    `margins` are the half-widths of their intervals; 0 where there is none.
    """
    order = sorted(range(len(parts)), key=lambda i: -abs(parts[i]))
    starts = [ends[0], *(ends[0] + np.cumsum([parts[i] for i in order])).tolist()]
    figure = new_figure(7.2, 1.5 + 0.42 * len(parts))
    axes = figure.subplots()
    for row, i in enumerate(order):
        is_increase = parts[i] >= 0
        color = INCREASE if is_increase else DECREASE
        axes.barh(row, parts[i], left=starts[row], height=0.62, color=color)
        if margins[i]:
            axes.errorbar(starts[row + 1], row, xerr=margins[i], color=INK, linewidth=1, capsize=3)
        axes.plot([starts[row + 1]] * 2, [row - 0.31, row + 1.0], color=FAINT, linewidth=0.8)
        number = f"{parts[i]:+.3g}".replace("-", MINUS)
        axes.annotate(number, (starts[row + 1], row), (5 if is_increase else -5, 0),
                      textcoords="offset points", va="center",
                      ha="left" if is_increase else "right", fontsize=9)  # fmt: skip
    axes.plot([ends[0]] * 2, [-0.8, 0.31], color=FAINT, linewidth=0.8)
    rows_at = [-1, *range(len(order)), len(order)]
    names = [f"baseline: {ends[0]:.4g}", *(labels[i] for i in order), f"run: {ends[1]:.4g}"]
    axes.plot(ends, [-1, len(order)], "o", color=INK, markersize=5)
    axes.set_yticks(rows_at, [label(name, most=MAX_LABEL) for name in names])
    axes.set_ylim(len(order) + 0.5, -1.5)
    low, high = min(starts), max(starts)
    room = 0.22 * (high - low) or 1e-9
    axes.set_xlim(low - room, high + room)
    axes.set_xlabel(metric)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    figure.suptitle(f"What changed {metric.replace('_', ' ')}", x=0.02, ha="left", fontsize=11)
    rows = [(labels[i], parts[i], starts[row], starts[row + 1]) for row, i in enumerate(order)]
    return Drawing(figure, Table(("setting", "part", "from", "to"), rows))


@styled
def share_bars(metric: str, labels: Sequence[str], shares: Sequence[float]) -> Drawing:
    """Shares of a metric's variance as bars, the largest first."""
    order = sorted(range(len(shares)), key=lambda i: -shares[i])
    figure = new_figure(7.2, 1.1 + 0.36 * len(shares))
    axes = figure.subplots()
    for row, i in enumerate(order):
        axes.barh(row, shares[i], height=0.62, color=INCREASE)
        axes.annotate(f"{shares[i]:.1%}", (shares[i], row), (5, 0), textcoords="offset points",
                      va="center", fontsize=9)  # fmt: skip
    axes.set_yticks(range(len(order)), [label(labels[i], most=MAX_LABEL) for i in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(0, 1.12)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.set_xlabel("share of the variance")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    title = f"What {metric.replace('_', ' ')} varies with"
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    return Drawing(figure, Table(("effect", "share"), [(labels[i], shares[i]) for i in order]))
