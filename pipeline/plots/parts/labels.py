"""The labels of points: matplotlib's texts, placed where `place_labels` finds room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.records import Array
from pipeline.plots.output.style import FAINT
from pipeline.plots.parts.label_layout import hairlines, place_labels
from pipeline.plots.parts.token_labels import text_size

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.text import Annotation


SIZE = 9  # font size
STEPS = np.linspace(0.0, 1.0, 64)[:, None, None]  # along a line, closer than a label is high


@dataclass(frozen=True, eq=False)
class Labels:
    """One label per point, empty until it is placed."""

    axes: Axes
    texts: Sequence[Annotation]  # [N], each in the color of its point
    ties: LineCollection  # from labels to points that are far from them
    note: Annotation  # how many were left out


def empty_labels(axes: Axes, shades: Sequence[str]) -> Labels:
    """Labels in those colors, one per point."""
    from matplotlib.collections import LineCollection
    from matplotlib.transforms import Affine2D

    texts = [
        axes.annotate("", (0, 0), (0, 0), textcoords="offset points", ha="center", va="center",
                      color=shade, fontsize=SIZE, annotation_clip=False)
        for shade in shades
    ]  # fmt: skip
    in_points = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    ties = LineCollection([], linewidths=0.5, alpha=0.6, zorder=3, transform=in_points)
    axes.add_artist(ties)
    note = axes.annotate("", (0, 0), (4, 4), xycoords="axes fraction",
                         textcoords="offset points", fontsize=8, color=FAINT)  # fmt: skip
    return Labels(axes, texts, ties, note)


def put_labels(
    labels: Labels, points: Array, texts: Sequence[str], others: Array, lines: Array
) -> list[Artist]:
    """Places each text beside its point [N, 2], clear of the `others` [K, 2].

    A text covers points [P, 2] of `lines` only where every place close by does. Returns the artists
    in the order in which they are drawn.
    """
    corner, frame = frame_of(labels.axes)
    dots, other_dots, line_dots = (
        to_points(array, labels.axes, frame) for array in (points, others, lines)
    )
    sizes = np.array([text_size(text, SIZE) for text in texts])
    boxes = place_labels(dots, sizes, other_dots, frame, line_dots)
    for artist, text, point, dot, box in zip(labels.texts, texts, points, dots, boxes, strict=True):
        artist.set_text("" if box is None else text)
        artist.xy = tuple(point)
        artist.set_position((0, 0) if box is None else tuple((box[:2] + box[2:]) / 2 - dot))
    ties = hairlines(dots, boxes)
    labels.ties.set_segments([tie + corner for tie in ties.values()])
    labels.ties.set_color([labels.texts[i].get_color() for i in ties] or "none")
    missing = sum(box is None for box in boxes)
    note = f"{missing} of {len(texts)} labels left out for want of room" if missing else ""
    labels.note.set_text(note)
    return [*labels.texts, labels.ties, labels.note]


def points_between(starts: Array, ends: Array) -> Array:
    """[P, 2] points along the lines from each start [N, 2] to its end [N, 2].

    >>> points_between(np.zeros((1, 2)), np.ones((1, 2)))[[0, -1]].tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    return (starts + STEPS * (ends - starts)).reshape(-1, 2)


def frame_of(axes: Axes) -> tuple[Array, Array]:
    """The lower left corner of the axes in the figure, and their width and height, in points."""
    corners = axes.figure.dpi_scale_trans.inverted().transform(axes.bbox.get_points())
    return 72 * corners[0], 72 * (corners[1] - corners[0])


def to_points(data: Array, axes: Axes, frame: Array) -> Array:
    """[N, 2] data coordinates → 1/72 inches from the lower left corner of the axes."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return (data - (left, bottom)) / (right - left, top - bottom) * frame
