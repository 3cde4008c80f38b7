"""The labels of points: their artists, put where `place_labels` finds room for them."""

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


SIZE = 9  # points
SHARES = np.linspace(0.0, 1.0, 64)[:, None, None]  # of a line, a few points of paper apart


@dataclass(frozen=True, eq=False)
class Labels:
    """A label a point, empty until it is placed."""

    axes: Axes
    texts: Sequence[Annotation]  # [N], each in its color
    ties: LineCollection  # from labels to points that they stand far from
    note: Annotation  # how many found no room


def empty_labels(axes: Axes, inks: Sequence[str]) -> Labels:
    """Labels for that many points."""
    from matplotlib.collections import LineCollection
    from matplotlib.transforms import Affine2D

    texts = [
        axes.annotate("", (0, 0), (0, 0), textcoords="offset points", ha="center", va="center",
                      color=ink, fontsize=SIZE, annotation_clip=False)
        for ink in inks
    ]  # fmt: skip
    paper = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    ties = LineCollection([], linewidths=0.5, alpha=0.6, zorder=3, transform=paper)
    axes.add_artist(ties)
    note = axes.annotate("", (0, 0), (4, 4), xycoords="axes fraction",
                         textcoords="offset points", fontsize=8, color=FAINT)  # fmt: skip
    return Labels(axes, texts, ties, note)


def put_labels(
    labels: Labels,
    points: Array,
    words: Sequence[str],
    others: Array,
    lines: Array,
) -> list[Artist]:
    """Each word beside its point [N, 2], clear of the `others` [K, 2]; all artists in order.

    On one of the points [P, 2] of `lines` a word stands only where no place close by is without.
    """
    corner, room = frame_of(labels.axes)
    spots, avoid, lines = (on_paper(some, labels.axes, room) for some in (points, others, lines))
    sizes = np.array([text_size(word, SIZE) for word in words])
    boxes = place_labels(spots, sizes, avoid, room, lines)
    for text, word, point, spot, box in zip(labels.texts, words, points, spots, boxes, strict=True):
        text.set_text("" if box is None else word)
        text.xy = tuple(point)
        text.set_position((0, 0) if box is None else tuple((box[:2] + box[2:]) / 2 - spot))
    ties = hairlines(spots, boxes)
    labels.ties.set_segments([tie + corner for tie in ties.values()])
    labels.ties.set_color([labels.texts[i].get_color() for i in ties] or "none")
    missing = sum(box is None for box in boxes)
    note = f"{missing} of {len(words)} labels left out for want of room" if missing else ""
    labels.note.set_text(note)
    return [*labels.texts, labels.ties, labels.note]


def between(starts: Array, ends: Array) -> Array:
    """[P, 2] points of the lines from each start [N, 2] to its end.

    >>> between(np.zeros((1, 2)), np.ones((1, 2)))[[0, -1]].tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    return (starts + SHARES * (ends - starts)).reshape(-1, 2)


def frame_of(axes: Axes) -> tuple[Array, Array]:
    """Lower left corner, and width and height, of the axes on paper, in points."""
    corners = axes.figure.dpi_scale_trans.inverted().transform(axes.bbox.get_points())
    return 72 * corners[0], 72 * (corners[1] - corners[0])


def on_paper(points: Array, axes: Axes, room: Array) -> Array:
    """[N, 2] The points of the data as 1/72 inches from the lower left corner of the axes."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return (points - (left, bottom)) / (right - left, top - bottom) * room
