"""Positions for the labels of points, so that none covers another: the nearest free one is taken.

All lengths are in points (1/72 inch).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.records import Array

DOT = 3.6  # kept free around each dot, to each side
DISTANCES = (6.5, 10, 14, 20, 27, 36, 46, 58)  # from a dot to the nearest edge of its label
NEAR = 11  # distance from which a label is tied to its dot by a hairline
ANGLES = np.deg2rad([0, 180, 45, 135, -45, -135, 90, -90, 22, 158, -22, -158, 68, 112, -68, -112])
CLOSE = 3 * len(ANGLES)  # candidates among which one that no line crosses is preferred

# The candidates around a dot, from near to far.
DIRECTIONS = np.tile(np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1), (len(DISTANCES), 1))
OFFSETS = np.repeat(DISTANCES, len(ANGLES))[:, None]


def place_labels(
    dots: Array, sizes: Array, others: Array, frame: Array, lines: Array
) -> list[Array | None]:
    """For each dot the box [left, bottom, right, top] of its label, or None where none is free.

    Measured from the lower left corner of a frame that is `frame` [2] wide and high. `dots` [N, 2]
    have labels of `sizes` [N, 2]; `others` [K, 2] are dots without. A box covers no label, no dot
    and no border; among those close to the dot, one with none of the points [P, 2] of `lines` in it
    is preferred.
    """
    all_dots = np.vstack([dots, others])
    taken = np.empty((len(all_dots) + len(dots), 4))
    taken[: len(all_dots)] = np.hstack([all_dots - DOT, all_dots + DOT])
    count, boxes = len(all_dots), []
    for dot, size in zip(dots, sizes, strict=True):
        box = free_box(dot, size, taken[:count], frame, lines)
        boxes.append(box)
        if box is not None:
            taken[count] = box
            count += 1
    return boxes


def free_box(dot: Array, size: Array, taken: Array, frame: Array, lines: Array) -> Array | None:
    """The nearest box of that size around `dot` that covers nothing taken.

    One that `lines` cross only where every free box close by is crossed.
    """
    half = size / 2
    centers = dot + DIRECTIONS * (OFFSETS + half * np.abs(DIRECTIONS))
    low, high = centers - half, centers + half
    inside = (low >= 0).all(axis=1) & (high <= frame).all(axis=1)
    crossed = None
    for i in np.flatnonzero(inside):
        if crossed is not None and i >= CLOSE:
            break
        is_clear = (taken[:, :2] >= high[i]) | (taken[:, 2:] <= low[i])
        if not is_clear.any(axis=1).all():
            continue
        box = np.concatenate([low[i], high[i]])
        if not ((lines > low[i]) & (lines < high[i])).all(axis=1).any():
            return box
        crossed = box if crossed is None else crossed
    return crossed


def hairlines(dots: Array, boxes: Sequence[Array | None]) -> dict[int, Array]:
    """Index of a dot → [2, 2] the line from its label's nearest edge, where the label is far."""
    lines = {}
    for i, (dot, box) in enumerate(zip(dots, boxes, strict=True)):
        if box is None:
            continue
        edge = np.clip(dot, box[:2], box[2:])
        length = float(np.hypot(*(dot - edge)))
        if length > NEAR:
            lines[i] = np.array([edge, dot + (edge - dot) * DOT / length])
    return lines
