"""Places for labels beside points, none over another: nearest free place first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.records import Array

POINT = 3.6  # points (1/72 inch) that a dot keeps free around itself, to each side
REACH = (6.5, 10, 14, 20, 27, 36, 46, 58)  # points from a dot to its label's nearest edge
NEAR = 11  # points from which on a label is tied to its dot by a hairline
ANGLES = np.deg2rad([0, 180, 45, 135, -45, -135, 90, -90, 22, 158, -22, -158, 68, 112, -68, -112])
WAYS = np.tile(np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1), (len(REACH), 1))
REACHES = np.repeat(REACH, len(ANGLES))[:, None]
CLOSE = 3 * len(ANGLES)  # places among which one is looked for that no line runs through


def place_labels(
    spots: Array, sizes: Array, others: Array, room: Array, lines: Array
) -> list[Array | None]:
    """For each dot the box [left, bottom, right, top] of its label, or None where it has no room.

    All in points from the lower left corner of a frame that is `room` [2] wide and high: `spots`
    [N, 2] are dots with labels of `sizes` [N, 2]; `others` [K, 2] are dots without. Places are
    tried outward from the dot; one is taken when its box meets no label, no dot and no border, and
    of those close by sooner one with none of the points [P, 2] of `lines` in it.
    """
    dots = np.vstack([spots, others])
    taken = np.empty((len(dots) + len(spots), 4))
    taken[: len(dots)] = np.hstack([dots - POINT, dots + POINT])
    count, found = len(dots), []
    for spot, size in zip(spots, sizes, strict=True):
        box = free_position(spot, size, taken[:count], room, lines)
        found.append(box)
        if box is not None:
            taken[count] = box
            count += 1
    return found


def free_position(
    spot: Array, size: Array, taken: Array, room: Array, lines: Array
) -> Array | None:
    """The first of the boxes around `spot`, from near to far, that meets nothing taken.

    One that `lines` run through only where none of those close by is without.
    """
    half = size / 2
    centers = spot + WAYS * (REACHES + half * np.abs(WAYS))
    low, high = centers - half, centers + half
    inside = (low >= 0).all(axis=1) & (high <= room).all(axis=1)
    crossed = None
    for place in np.flatnonzero(inside):
        if crossed is not None and place >= CLOSE:
            break
        clear = (taken[:, :2] >= high[place]) | (taken[:, 2:] <= low[place])
        if not clear.any(axis=1).all():
            continue
        box = np.concatenate([low[place], high[place]])
        if not ((lines > low[place]) & (lines < high[place])).all(axis=1).any():
            return box
        crossed = box if crossed is None else crossed
    return crossed


def hairlines(spots: Array, boxes: Sequence[Array | None]) -> dict[int, Array]:
    """Dot → [2, 2] the line to it from the nearest edge of its label, where that stands far off."""
    found = {}
    for i, (spot, box) in enumerate(zip(spots, boxes, strict=True)):
        if box is None:
            continue
        edge = np.clip(spot, box[:2], box[2:])
        length = float(np.hypot(*(spot - edge)))
        if length > NEAR:
            found[i] = np.array([edge, spot + (edge - spot) * POINT / length])
    return found
