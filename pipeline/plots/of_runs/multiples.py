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
from pipeline.plots.parts.panels import BAR, SMALLEST, PanelGrid
from pipeline.plots.parts.token_labels import longest_label, room_below, token_ticks, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


@dataclass(frozen=True, eq=False)
class Panel:
    """The weights of one run or group of runs."""

    weights: Array  # [N, M]
    queries: Sequence[str]  # [N]
    keys: Sequence[str]  # [M]


@dataclass(frozen=True, eq=False)
class GridAxis:
    """A setting and its values, along one side of the grid."""

    name: str
    values: Sequence[str]

    def label(self, i: int) -> str:
        """The setting with its i-th value."""
        return f"{self.name} {self.values[i]}"


@styled
def multiples(
    panels: Sequence[Sequence[Panel | None]], down: GridAxis, across: GridAxis, title: str
) -> Drawing:
    """[R][C] panels, whose settings stand at the left and at the top; a missing one is left empty.

    The color scale goes from 0 to the largest weight of any panel. Tokens stand left of and below
    the grid where all panels have the same, else at each.
    """
    present = [panel for row in panels for panel in row if panel]
    layout = choose_layout(len(panels), len(panels[0]), present)
    width, height = layout.size
    figure = new_figure(width, height, layout=None)
    high = max(float(panel.weights.max()) for panel in present)
    images = []
    for (r, c), panel in np.ndenumerate(np.array(panels, dtype=object)):
        x, y = layout.corner(r, c)
        side = layout.side
        axes = figure.add_axes((x / width, y / height, side / width, side / height))
        images += [
            fill_panel(axes, panel, layout, high, is_left=c == 0, is_last=r == len(panels) - 1)
        ]
    name_axes(figure, layout, down, across)
    _, bottom, _, tall = layout.bounds
    bounds = (1 - (BAR - 0.1) / width, bottom / height, 0.18 / width, min(tall, 4.0) / height)
    image = next(image for image in images if image)
    bar = figure.colorbar(image, cax=figure.add_axes(bounds), label="Attention weight")
    bar.outline.set_visible(False)
    figure.text(0.15 / width, 1 - 0.12 / height, visible(title), fontsize=11, va="top")
    return Drawing(figure, panel_table(panels, down, across))


def name_axes(figure: Figure, layout: PanelGrid, down: GridAxis, across: GridAxis) -> None:
    """The two settings once, and their values at each row and column."""
    (width, height), (left, bottom, wide, tall) = layout.size, layout.bounds
    edge, top, half = left - layout.label_width - 0.12, bottom + tall + 0.06, layout.side / 2
    texts = [(left + wide / 2, top + 0.19, across.name)]
    texts += [(layout.corner(0, c)[0] + half, top, text) for c, text in enumerate(across.values)]
    for x, y, text in texts:
        figure.text(x / width, y / height, visible(text), fontsize=9, ha="center", va="bottom")
    texts = [(edge - 0.19, bottom + tall / 2, down.name)]
    texts += [(edge, layout.corner(r, 0)[1] + half, text) for r, text in enumerate(down.values)]
    for x, y, text in texts:
        figure.text(x / width, y / height, visible(text), fontsize=9, rotation=90, ha="right",
                    va="center")  # fmt: skip


def choose_layout(rows: int, columns: int, panels: Sequence[Panel]) -> PanelGrid:
    """The layout with enough room for the tokens of these panels."""
    shares_labels = len({(tuple(panel.queries), tuple(panel.keys)) for panel in panels}) == 1
    label_width = max(longest_label(list(panel.queries), 8.0) for panel in panels)
    label_height = max(room_below(panel.keys, SMALLEST) for panel in panels)
    return PanelGrid(rows, columns, shares_labels, label_width, label_height)


def fill_panel(
    axes: Axes, panel: Panel | None, layout: PanelGrid, high: float, *, is_left: bool, is_last: bool
) -> AxesImage | None:
    """The heatmap of one panel, with tokens where the layout has them."""
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    if panel is None:
        axes.set_facecolor("none")
        return None
    image = axes.imshow(panel.weights, cmap="viridis", vmin=0.0, vmax=high, interpolation="none",
                        aspect="auto")  # fmt: skip
    if is_last or not layout.shares_labels:
        token_ticks(axes, "x", panel.keys, layout.side)
    if is_left or not layout.shares_labels:
        token_ticks(axes, "y", panel.queries, layout.side)
    axes.tick_params(length=0, labelsize=8)
    return image


def panel_table(
    panels: Sequence[Sequence[Panel | None]], down: GridAxis, across: GridAxis
) -> Table:
    """One row per weight, with the settings of its panel."""
    rows = [
        (down.label(r), across.label(c), i, panel.queries[i], j, panel.keys[j], float(weight))
        for r, row in enumerate(panels)
        for c, panel in enumerate(row)
        if panel
        for (i, j), weight in np.ndenumerate(panel.weights)
    ]
    columns = ("down", "across", "query_position", "query", "key_position", "key", "weight")
    return Table(columns, rows)
