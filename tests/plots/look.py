"""Reading a figure as its reader sees it: texts, boxes and whether any two of them touch."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pipeline.base.drawing import Drawing


def laid_out(drawing: Drawing) -> Any:
    """The renderer, once every part of the figure has its final place."""
    canvas = FigureCanvasAgg(drawing.figure)
    canvas.draw()
    return canvas.get_renderer()


def words(figure: Figure) -> list[str]:
    """Every text of a figure that is not empty."""
    found = [artist.get_text() for artist in figure.findobj() if isinstance(artist, Text)]
    return [text for text in found if text]


def tick_labels(axes: Axes, axis: str) -> list[Text]:
    """The labels along an axis that can be read: in view, neither hidden nor empty."""
    along = axes.xaxis if axis == "x" else axes.yaxis
    low, high = sorted(along.get_view_interval())
    return [
        tick.label1
        for tick in along.get_major_ticks()
        if low <= tick.get_loc() <= high and tick.label1.get_visible() and tick.label1.get_text()
    ]


def box(text: Text, renderer: Any) -> Bbox:
    """The box of the words alone, without an arrow to what they annotate."""
    return Text.get_window_extent(text, renderer)


def overlaps(texts: Sequence[Text], renderer: Any, slack: float = 0.5) -> list[tuple[str, str]]:
    """Pairs of texts that cover one another by more than `slack` pixels.

    Turned text has a box of its own along its line, so neighbors are held apart by the distance
    of their lines, not by their upright boxes.
    """
    found = []
    pixels = renderer.points_to_pixels(1.0)
    boxes = [box(text, renderer) for text in texts]
    for (one, a), (other, b) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        turn = one.get_rotation()
        if turn % 90:
            apart = abs(line_of(one, turn) - line_of(other, turn))
            touch = apart < float(one.get_fontsize()) * pixels - slack
        else:
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            high = min(a.y1, b.y1) - max(a.y0, b.y0)
            touch = min(wide, high) > slack
        if touch:
            found.append((one.get_text(), other.get_text()))
    return found


def line_of(text: Text, degrees: float) -> float:
    """How far off the origin the line lies on which a turned text is anchored, in pixels."""
    x, y = text.get_transform().transform(text.get_position())
    angle = np.deg2rad(degrees)
    return float(-np.sin(angle) * x + np.cos(angle) * y)


def outside(texts: Iterable[Text], drawing: Drawing, renderer: Any) -> list[str]:
    """The texts that the border of the picture cuts."""
    edge = drawing.figure.bbox
    found = []
    for text in texts:
        b = box(text, renderer)
        if b.x0 < edge.x0 - 1 or b.y0 < edge.y0 - 1 or b.x1 > edge.x1 + 1 or b.y1 > edge.y1 + 1:
            found.append(text.get_text())
    return found
