"""Labels beside points, none over another: nearest free place first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.records import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINT = 5.0  # pixels a point keeps free around itself
REACH = (9, 14, 20, 28, 38, 50, 64, 80)  # pixels from a point to its label's nearest edge
ANGLES = np.deg2rad([0, 180, 45, 135, -45, -135, 90, -90, 22, 158, -22, -158, 68, 112, -68, -112])


def place_labels(
    figure: Figure,
    axes: Axes,
    points: Array,
    texts: Sequence[str],
    colors: Sequence[str],
    avoid: Array,
) -> int:
    """Writes each text beside its point and returns how many found no room.

    Places are tried outward from the point, in pixels; one is taken when its box meets no label,
    no point and no border. A label pushed far out gets a hairline back to its point.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()  # lays the axes out, so that pixels are final
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    frame = axes.get_window_extent(renderer)
    spots, others = axes.transData.transform(points), axes.transData.transform(avoid)
    taken = [np.array([*p - POINT, *p + POINT]) for p in np.vstack([spots, others])]
    left_out = 0
    for text, color, spot in zip(texts, colors, spots, strict=True):
        drawn = axes.annotate(text, (0, 0), color=color, fontsize=9, annotation_clip=False)
        size = drawn.get_window_extent(renderer)
        drawn.remove()
        box = free_place(spot, size.width, size.height, np.array(taken), np.array(frame.extents))
        if box is None:
            left_out += 1
            continue
        taken.append(box)
        center = (box[:2] + box[2:]) / 2
        gap = np.hypot(*np.maximum(np.abs(spot - center) - (box[2:] - box[:2]) / 2, 0))
        to_points = 72.0 / figure.dpi
        axes.annotate(
            text,
            tuple(axes.transData.inverted().transform(spot)),
            (center - spot) * to_points,
            textcoords="offset points",
            ha="center",
            va="center",
            color=color,
            fontsize=9,
            annotation_clip=False,
            arrowprops=(
                {"arrowstyle": "-", "color": color, "linewidth": 0.5, "alpha": 0.6}
                if gap > REACH[1] + 1
                else None
            ),
        )
    return left_out


def free_place(
    spot: Array, width: float, height: float, taken: Array, frame: Array
) -> Array | None:
    """The nearest box [left, bottom, right, top] around `spot` that meets nothing taken."""
    half = np.array([width, height]) / 2
    for reach in REACH:
        for angle in ANGLES:
            way = np.array([np.cos(angle), np.sin(angle)])
            center = spot + way * (reach + half * np.abs(way))
            box = np.concatenate([center - half, center + half])
            inside = (box[:2] >= frame[:2]).all() and (box[2:] <= frame[2:]).all()
            clear = (taken[:, :2] >= box[2:]) | (taken[:, 2:] <= box[:2])
            if inside and clear.any(axis=1).all():
                return box
    return None
