"""Ticks of a numeric axis: at the values themselves while they are few, and always legible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.records import Array
from pipeline.plots.parts.token_labels import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes


LOG_RATIO = 8.0  # largest to smallest value, from which the axis is logarithmic
MAX_TICKS = 9  # values up to which each has a tick, where there is room
FEW_DECADES = 3e3  # that ratio up to which there is room for 2 and 5 of each power of ten
SIZE = 10.0  # points of the labels


def number_axis(axes: Axes, values: Sequence[float], inches: float) -> None:
    """Sets the scale and ticks of an x axis of that length, whose data lie at sorted `values`.

    Each of a few values has a tick; where they are many, the ticks are round numbers. Labels that
    would run into another are left out.
    """
    low, high = values[0], values[-1]
    is_log = low > 0 and high / low >= LOG_RATIO
    if is_log:
        axes.set_xscale("log")
        axes.minorticks_off()
    ticks = values if len(values) <= MAX_TICKS else round_numbers(low, high) if is_log else None
    if ticks is None:
        return
    along = np.log(ticks) if is_log else np.array(ticks)
    points = 72 * inches * (along - along[0]) / (np.ptp(along) or 1.0)
    kept = without_overlap(points, [text_size(f"{tick:g}", SIZE)[0] for tick in ticks])
    axes.set_xticks([ticks[k] for k in kept], [f"{ticks[k]:g}" for k in kept])


def round_numbers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times each power of ten between two positive numbers; only 1 over many powers.

    >>> round_numbers(0.125, 8.0)
    [0.2, 0.5, 1.0, 2.0, 5.0]
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = (1, 2, 5) if high / low < FEW_DECADES else (1,)
    numbers = [float(f"{digit}e{power}") for power in powers for digit in digits]
    return [number for number in numbers if low <= number <= high]


def without_overlap(points: Array, widths: Sequence[float]) -> list[int]:
    """Which of the labels along a line to keep: the first, the last, and all that fit between.

    >>> without_overlap(np.array([0.0, 10.0, 30.0, 38.0]), [16.0, 16.0, 16.0, 16.0])
    [0, 3]
    """
    last = len(points) - 1
    kept = [0]
    for k in range(1, last):
        after, before = points[k] - points[kept[-1]], points[last] - points[k]
        if after > (widths[k] + widths[kept[-1]]) / 2 and before > (widths[k] + widths[last]) / 2:
            kept.append(k)
    return [*kept, last] if last else kept
