"""What moves a metric most, in sentences with numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pipeline.base.values import format_value, sort_key
from pipeline.compare.page.columns import Column, describe_run


def describe_effects(columns: Sequence[Column], most: int = 3) -> Iterator[str]:
    """For a few metrics: their range, and the setting that moves them most.

    A metric that correlates with an earlier one (|r| > 0.95) is left out.
    """
    leaders = [column for column in columns if column.leads]
    described: list[np.ndarray] = []
    for metric in [column for column in columns if column.kind == "metric"]:
        values = np.array(metric.values, dtype=float)
        known = values[np.isfinite(values)]
        if len(known) < 2 or np.ptp(known) < 1e-12 or len(described) == most:
            continue
        if any(correlate(values, other) for other in described):
            continue
        described.append(values)
        low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
        text = (
            f"{metric.label} goes from {format_short(values[low])} ({describe_run(leaders, low)}) "
            f"to {format_short(values[high])} ({describe_run(leaders, high)})."
        )
        shares = [(variance_share(setting, values), setting) for setting in leaders]
        best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        if best[1] is not None and len(values) > 2:
            text += f" {best[0]:.0%} of its variance lies between the values of {best[1].label}, "
            text += f"{trend(best[1], values)}."
        yield text


def correlate(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether two metrics correlate, |r| > 0.95.

    >>> correlate(np.array([1.0, 2.0, 4.0]), np.array([-1.0, -2.0, -4.0]))
    True
    """
    both = np.isfinite(one) & np.isfinite(two)
    if both.sum() < 3 or np.ptp(one[both]) == 0 or np.ptp(two[both]) == 0:
        return False
    return abs(float(np.corrcoef(one[both], two[both])[0, 1])) > 0.95


def groups(setting: Column, values: np.ndarray) -> dict[Any, np.ndarray]:
    """A setting's values, each with the defined metrics of its runs."""
    found: dict[Any, list[float]] = {}
    for key, value in zip(setting.values, values, strict=True):
        if math.isfinite(value):
            found.setdefault(key, []).append(float(value))
    return {key: np.array(group) for key, group in found.items()}


def variance_share(setting: Column, values: np.ndarray) -> float:
    """The share of a metric's variance between the values of a setting (η²), 0 to 1.

    >>> variance_share(Column("t", "setting", [1, 1, 2, 2], "t"), np.array([0.0, 0.0, 1.0, 1.0]))
    1.0
    """
    known = values[np.isfinite(values)]
    total = float(((known - known.mean()) ** 2).sum())
    parts = groups(setting, values).values()
    between = sum(len(part) * (part.mean() - known.mean()) ** 2 for part in parts)
    return float(between / total) if total else 0.0


def trend(setting: Column, values: np.ndarray) -> str:
    """The metric's mean at both ends of a setting: in numeric order, or in order of the means."""
    means = {key: float(part.mean()) for key, part in groups(setting, values).items()}
    order = sorted(means, key=sort_key if setting.numeric else means.__getitem__)
    first, last = order[0], order[-1]
    return (
        f"its mean going from {format_short(means[first])} ({format_value(first)}) "
        f"to {format_short(means[last])} ({format_value(last)})"
    )


def format_short(value: float) -> str:
    """Three significant digits, and a true minus.

    >>> format_short(-0.0076566), format_short(1234.5)
    ('−0.00766', '1230')
    """
    if not math.isfinite(value):
        return "–"
    text = f"{value:.3g}" if abs(value) < 1000 or abs(value) >= 1e6 else f"{round(value, -1):.0f}"
    return text.replace("-", "−")
