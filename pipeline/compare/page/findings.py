"""The findings: what the runs show, in sentences with their numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.base.values import format_value, sort_key
from pipeline.compare.page.columns import Column
from pipeline.laws import Verdict
from pipeline.store.read.run import Run


@dataclass(frozen=True)
class Finding:
    """One sentence, and of which kind it is."""

    kind: str  # holds, fails, untested, effect, twins, notice, causes
    text: str
    command: str = ""  # with which it ends, if any


def findings(
    runs: Sequence[Run], columns: Sequence[Column], verdicts: Sequence[Verdict]
) -> list[Finding]:
    """Verdicts first, then effects, then what the reader must know."""
    return [
        *map(describe_verdict, verdicts),
        *effects(columns),
        *twins(columns),
        *notices(runs),
    ]


def describe_verdict(law: Verdict) -> Finding:
    """What became of one law."""
    if not law.checked:
        return Finding("untested", f"{law.claim}: no two of these runs put it to the test.")
    kind = "holds" if law.holds else "fails"
    pairs = "pair" if law.checked == 1 else "pairs"
    margin = f"smallest margin {number(law.worst)}"
    text = f"{law.claim}: {law.kept} of {law.checked} {pairs} of neighboring runs, {margin}."
    return Finding(kind, text)


def effects(columns: Sequence[Column], most: int = 3) -> Iterator[Finding]:
    """For a few metrics: from where to where they go, and which setting moves them most.

    A metric that goes with one already told (|r| > 0.95) has nothing to add.
    """
    leaders = [column for column in columns if column.leads]
    told: list[np.ndarray] = []
    for metric in [column for column in columns if column.kind == "metric"]:
        values = np.array(metric.values, dtype=float)
        known = values[np.isfinite(values)]
        if len(known) < 2 or np.ptp(known) < 1e-12 or len(told) == most:
            continue
        if any(alike(values, other) for other in told):
            continue
        told.append(values)
        low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
        text = (
            f"{metric.label} goes from {number(values[low])} ({at(leaders, low)}) "
            f"to {number(values[high])} ({at(leaders, high)})."
        )
        shares = [(share(setting, values), setting) for setting in leaders]
        best = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        if best[1] is not None and len(values) > 2:
            text += f" {best[0]:.0%} of its variance lies between the values of {best[1].label}, "
            text += f"{trend(best[1], values)}."
        yield Finding("effect", text)


def alike(one: np.ndarray, two: np.ndarray) -> bool:
    """Whether two metrics rise and fall together, or against each other, |r| > 0.95.

    >>> alike(np.array([1.0, 2.0, 4.0]), np.array([-1.0, -2.0, -4.0]))
    True
    """
    both = np.isfinite(one) & np.isfinite(two)
    if both.sum() < 3 or np.ptp(one[both]) == 0 or np.ptp(two[both]) == 0:
        return False
    return abs(float(np.corrcoef(one[both], two[both])[0, 1])) > 0.95


def at(leaders: Sequence[Column], run: int) -> str:
    """Where a run stands in the grid.

    >>> at([Column("a.t", "setting", [1.0, 2.0], "t")], 1)
    't 2'
    """
    return ", ".join(f"{column.label} {format_value(column.values[run])}" for column in leaders)


def groups(setting: Column, values: np.ndarray) -> dict[Any, np.ndarray]:
    """Each value of a setting, and the metric of its runs where it is defined."""
    found: dict[Any, list[float]] = {}
    for key, value in zip(setting.values, values, strict=True):
        if math.isfinite(value):
            found.setdefault(key, []).append(float(value))
    return {key: np.array(group) for key, group in found.items()}


def share(setting: Column, values: np.ndarray) -> float:
    """The share of a metric's variance between the values of a setting (η²), 0 to 1.

    >>> share(Column("t", "setting", [1, 1, 2, 2], "t"), np.array([0.0, 0.0, 1.0, 1.0]))
    1.0
    """
    known = values[np.isfinite(values)]
    total = float(((known - known.mean()) ** 2).sum())
    parts = groups(setting, values).values()
    between = sum(len(part) * (part.mean() - known.mean()) ** 2 for part in parts)
    return float(between / total) if total else 0.0


def trend(setting: Column, values: np.ndarray) -> str:
    """The metric's mean at the ends of a setting: of its numbers, or of its means."""
    means = {key: float(part.mean()) for key, part in groups(setting, values).items()}
    order = sorted(means, key=sort_key if setting.numeric else means.__getitem__)
    first, last = order[0], order[-1]
    return (
        f"its mean going from {number(means[first])} ({format_value(first)}) "
        f"to {number(means[last])} ({format_value(last)})"
    )


def twins(columns: Sequence[Column]) -> Iterator[Finding]:
    """Runs with the same numbers: points of a grid that are one point of the mathematics."""
    leaders = [column for column in columns if column.leads]
    metrics = [column for column in columns if column.kind == "metric"]
    by_numbers: dict[tuple[str, ...], list[int]] = {}
    for run in range(len(metrics[0].values) if metrics else 0):
        mark = tuple(f"{column.values[run]:.12g}" for column in metrics)
        by_numbers.setdefault(mark, []).append(run)
    same = [group for group in by_numbers.values() if len(group) > 1]
    if same:
        many = sum(map(len, same))
        one, two = same[0][:2]
        text = f"{many} runs share all their numbers with another, to twelve digits, and are no "
        text += f"findings of their own: {difference(leaders, one, two)}, for example."
        yield Finding("twins", text)


def difference(leaders: Sequence[Column], one: int, two: int) -> str:
    """Two runs told apart by what differs between them, and placed by what does not."""
    apart = [column for column in leaders if column.values[one] != column.values[two]]
    alike = [column for column in leaders if column not in apart]
    placed = f" (both with {at(alike, one)})" if alike else ""
    return f"{at(apart, one)} and {at(apart, two)}{placed}"


def notices(runs: Sequence[Run]) -> Iterator[Finding]:
    """How often each kind of notice stands in the runs."""
    told = Counter(
        notice.partition(" (")[0] for run in runs for notice in run.record.get("notices", ())
    )
    for notice, count in told.items():
        yield Finding("notice", f"In {count} of {len(runs)} runs: {notice}.")


def number(value: float) -> str:
    """Three significant digits, and a true minus.

    >>> number(-0.0076566), number(1234.5)
    ('−0.00766', '1230')
    """
    if not math.isfinite(value):
        return "–"
    text = f"{value:.3g}" if abs(value) < 1000 or abs(value) >= 1e6 else f"{round(value, -1):.0f}"
    return text.replace("-", "−")
