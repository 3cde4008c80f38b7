"""Small multiples: heatmaps over two settings, all on one color scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array
from pipeline.base.tables import Table
from pipeline.plots.output.style import new_figure, styled
from pipeline.plots.parts.panels import BAR, SMALLEST, Layout
from pipeline.plots.parts.token_labels import longest, room_below, token_ticks, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


@dataclass(frozen=True, eq=False)
class Panel:
    """The weights of one cell of the grid."""

    weights: Array  # [N, M]
    queries: Sequence[str]  # [N]
    keys: Sequence[str]  # [M]


@dataclass(frozen=True, eq=False)
class Along:
    """A setting and its values, down the left or along the top."""

    name: str
    values: Sequence[str]

    def told(self, place: int) -> str:
        """One of them, by name."""
        return f"{self.name} {self.values[place]}"


@styled
def multiples(
    panels: Sequence[Sequence[Panel | None]], down: Along, across: Along, title: str
) -> Drawing:
    """[R][C] panels, named down the left and along the top; a missing one is left empty.

    All have one color scale, from 0 to the largest weight of any. Tokens stand at the left and at
    the bottom where they are the same in all panels, else at each.
    """
    there = [panel for row in panels for panel in row if panel]
    layout = choose_layout(len(panels), len(panels[0]), there)
    width, height = layout.size
    figure = new_figure(width, height, layout=None)
    high = max(float(panel.weights.max()) for panel in there)
    images = []
    for (r, c), one in np.ndenumerate(np.array(panels, dtype=object)):
        x, y = layout.corner(r, c)
        side = layout.side
        axes = figure.add_axes((x / width, y / height, side / width, side / height))
        images += [
            fill_panel(axes, one, layout, high, is_left=c == 0, is_last=r == len(panels) - 1)
        ]
    name_axes(figure, layout, down, across)
    _, bottom, _, tall = layout.spread
    place = (1 - (BAR - 0.1) / width, bottom / height, 0.18 / width, min(tall, 4.0) / height)
    image = next(image for image in images if image)
    bar = figure.colorbar(image, cax=figure.add_axes(place), label="Attention weight")
    bar.outline.set_visible(False)
    figure.text(0.15 / width, 1 - 0.12 / height, visible(title), fontsize=11, va="top")
    return Drawing(figure, panel_table(panels, down, across))


def name_axes(figure: Figure, layout: Layout, down: Along, across: Along) -> None:
    """The settings once each, and their values at each row and column."""
    (width, height), (left, bottom, wide, tall) = layout.size, layout.spread
    edge, top, half = left - layout.wide - 0.12, bottom + tall + 0.06, layout.side / 2
    places = [(left + wide / 2, top + 0.19, across.name)]
    places += [(layout.corner(0, c)[0] + half, top, text) for c, text in enumerate(across.values)]
    for x, y, text in places:
        figure.text(x / width, y / height, visible(text), fontsize=9, ha="center", va="bottom")
    places = [(edge - 0.19, bottom + tall / 2, down.name)]
    places += [(edge, layout.corner(r, 0)[1] + half, text) for r, text in enumerate(down.values)]
    for x, y, text in places:
        figure.text(x / width, y / height, visible(text), fontsize=9, rotation=90, ha="right",
                    va="center")  # fmt: skip


def choose_layout(rows: int, columns: int, there: Sequence[Panel]) -> Layout:
    """The layout that the tokens of these panels need."""
    shared = len({(tuple(panel.queries), tuple(panel.keys)) for panel in there}) == 1
    wide = max(longest(list(panel.queries), 8.0) for panel in there)
    tall = max(room_below(panel.keys, SMALLEST) for panel in there)
    return Layout(rows, columns, shared, wide, tall)


def fill_panel(
    axes: Axes, panel: Panel | None, layout: Layout, high: float, *, is_left: bool, is_last: bool
) -> AxesImage | None:
    """One panel's heatmap, with tokens where they belong."""
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    if panel is None:
        axes.set_facecolor("none")
        return None
    image = axes.imshow(panel.weights, cmap="viridis", vmin=0.0, vmax=high, interpolation="none",
                        aspect="auto")  # fmt: skip
    if is_last or not layout.shared:
        token_ticks(axes, "x", panel.keys, layout.side)
    if is_left or not layout.shared:
        token_ticks(axes, "y", panel.queries, layout.side)
    axes.tick_params(length=0, labelsize=8)
    return image


def panel_table(panels: Sequence[Sequence[Panel | None]], down: Along, across: Along) -> Table:
    """A row a weight, with the names of its panel."""
    rows = [
        (down.told(r), across.told(c), i, panel.queries[i], j, panel.keys[j], float(weight))
        for r, row in enumerate(panels)
        for c, panel in enumerate(row)
        if panel
        for (i, j), weight in np.ndenumerate(panel.weights)
    ]
    columns = ("down", "across", "query_position", "query", "key_position", "key", "weight")
    return Table(columns, rows)
