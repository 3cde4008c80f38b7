"""Small multiples: heatmaps over two settings, all on one color scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.plots.canvas import new_figure, styled
from pipeline.plots.tokens import longest, token_ticks
from pipeline.records import Array, Drawing, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

SIDE, SMALLEST, LARGEST = 2.0, 0.9, 11.0  # inches of a panel's side, and of all panels together
TITLE, NAMES, BAR = 0.62, 0.3, 1.3  # inches for the title, for names above, beside for the bar


@dataclass(frozen=True, eq=False)
class Panel:
    """The weights of one cell of the grid."""

    weights: Array  # [N, M]
    queries: Sequence[str]  # [N]
    keys: Sequence[str]  # [M]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where panels stand, in inches."""

    rows: int
    columns: int
    shared: bool  # tokens stand at the left and at the bottom alone
    wide: float  # of the queries' labels
    tall: float  # of the keys' labels

    @property
    def side(self) -> float:
        """Of a panel."""
        return max(min(SIDE, LARGEST / max(self.rows, self.columns)), SMALLEST)

    @property
    def steps(self) -> tuple[float, float]:
        """From a panel to the next, across and down."""
        labels = (0.0, 0.0) if self.shared else (self.wide, self.tall)
        return self.side + 0.14 + labels[0], self.side + 0.14 + labels[1]

    @property
    def size(self) -> tuple[float, float]:
        """Of the figure."""
        across, down = self.steps
        width = 0.45 + self.wide + self.columns * across + BAR
        return width, TITLE + NAMES + self.rows * down + self.tall + 0.1

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """The lower left corner of a panel."""
        across, down = self.steps
        top = self.size[1] - TITLE - NAMES - row * down
        return 0.45 + self.wide + column * across, top - self.side


@styled
def multiples(
    panels: Sequence[Sequence[Panel | None]],
    down: Sequence[str],
    across: Sequence[str],
    title: str,
) -> Drawing:
    """[R][C] panels, named down the left and along the top; a missing one is left empty.

    All have one color scale, from 0 to the largest weight of any. Tokens stand at the left and at
    the bottom where they are the same in all panels, else at each.
    """
    there = [panel for row in panels for panel in row if panel]
    layout = layout_of(len(panels), len(panels[0]), there)
    width, height = layout.size
    figure = new_figure(width, height, layout=None)
    high = max(float(panel.weights.max()) for panel in there)
    images = []
    for (r, c), one in np.ndenumerate(np.array(panels, dtype=object)):
        x, y = layout.corner(r, c)
        side = layout.side
        axes = figure.add_axes((x / width, y / height, side / width, side / height))
        if r == 0:
            axes.set_title(across[c], fontsize=9, loc="center", pad=4)
        if c == 0:
            figure.text((x - layout.wide - 0.12) / width, (y + side / 2) / height, down[r],
                        rotation=90, fontsize=9, ha="right", va="center")  # fmt: skip
        images += [fill(axes, one, layout, high, is_left=c == 0, is_last=r == len(panels) - 1)]
    bar_height = min(len(panels) * layout.side, 4.0)
    place = (1 - (BAR - 0.1) / width, y / height, 0.18 / width, bar_height / height)
    image = next(image for image in images if image)
    bar = figure.colorbar(image, cax=figure.add_axes(place), label="Attention weight")
    bar.outline.set_visible(False)
    figure.text(0.15 / width, 1 - 0.12 / height, title, fontsize=11, va="top")
    return Drawing(figure, table_of(panels, down, across))


def layout_of(rows: int, columns: int, there: Sequence[Panel]) -> Layout:
    """The layout that the tokens of these panels need."""
    shared = len({(tuple(panel.queries), tuple(panel.keys)) for panel in there}) == 1
    wide = max(longest(list(panel.queries), 8.0) for panel in there)
    return Layout(rows, columns, shared, wide, max(longest(list(p.keys), 8.0) for p in there))


def fill(
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


def table_of(
    panels: Sequence[Sequence[Panel | None]], down: Sequence[str], across: Sequence[str]
) -> Table:
    """A row a weight, with the names of its panel."""
    rows = [
        (down[r], across[c], i, panel.queries[i], j, panel.keys[j], float(weight))
        for r, row in enumerate(panels)
        for c, panel in enumerate(row)
        if panel
        for (i, j), weight in np.ndenumerate(panel.weights)
    ]
    columns = ("down", "across", "query_position", "query", "key_position", "key", "weight")
    return Table(columns, rows)
