"""Ticks of an axis of numbers: at the values themselves while they are few, and all legible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.records import Array
from pipeline.plots.parts.token_labels import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes


WIDE = 8.0  # ratio of the largest to the smallest value from which the axis is logarithmic
TICKS = 9  # values up to which each has a tick, where there is room
FEW = 3e3  # that ratio up to which an axis has room for 2 and 5 of each power of ten
SIZE = 10.0  # points of the labels


def number_axis(axes: Axes, values: Sequence[float], inches: float) -> None:
    """The axis of the setting, with a tick at each of a few values that it takes.

    Where they are many the ticks are round numbers. No label runs into the next.
    """
    low, high = values[0], values[-1]
    is_log = low > 0 and high / low >= WIDE
    if is_log:
        axes.set_xscale("log")
        axes.minorticks_off()
    ticks = values if len(values) <= TICKS else round_numbers(low, high) if is_log else None
    if ticks is None:
        return
    places = np.log(ticks) if is_log else np.array(ticks)
    points = 72 * inches * (places - places[0]) / (np.ptp(places) or 1.0)
    kept = apart(points, [text_size(f"{tick:g}", SIZE)[0] for tick in ticks])
    axes.set_xticks([ticks[k] for k in kept], [f"{ticks[k]:g}" for k in kept])


def round_numbers(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten between two numbers above 0; of many powers, 1 alone.

    >>> round_numbers(0.125, 8.0)
    [0.2, 0.5, 1.0, 2.0, 5.0]
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    firsts = (1, 2, 5) if high / low < FEW else (1,)
    found = [float(f"{first}e{power}") for power in powers for first in firsts]
    return [number for number in found if low <= number <= high]


def apart(points: Array, widths: Sequence[float]) -> list[int]:
    """Which labels are kept along a line: the first and the last, and what clears its neighbors.

    >>> apart(np.array([0.0, 10.0, 30.0, 38.0]), [16.0, 16.0, 16.0, 16.0])
    [0, 3]
    """
    last = len(points) - 1
    kept = [0]
    for k in range(1, last):
        after, before = points[k] - points[kept[-1]], points[last] - points[k]
        if after > (widths[k] + widths[kept[-1]]) / 2 and before > (widths[k] + widths[last]) / 2:
            kept.append(k)
    return [*kept, last] if last else kept
