"""Causes in the terminal and in pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import groupby

from pipeline.base.console import console, text_table
from pipeline.base.drawing import Drawing
from pipeline.base.tables import Table
from pipeline.compare.causes.attribution import Z_95, Causes, causes_table
from pipeline.compare.causes.shapley import ORDERS
from pipeline.plots.of_runs.waterfall import share_bars, waterfall

SECTIONS = re.compile(r"\b\w+\.(?=\w)")  # of a dotted setting, what stands before its last part
LEAST = 0.0005  # share of the variance below which an effect is not worth a bar


def show_causes(found: Causes) -> None:
    """One table per metric: each setting, its part of the change and its share."""
    out = console()
    rows_of = groupby(causes_table(found).rows, key=lambda row: row[0])
    for metric, rows in rows_of:
        shown = [
            (
                setting,
                source,
                target,
                part if found.is_exact else with_interval(part, low),
                format_share(whole),
            )
            for _, setting, source, target, part, low, _, whole in rows
        ]
        columns = ("setting", "from", "to", "part of the change", "share")
        out.print(text_table(f"What changed {metric}", columns, shown, left=3), "")
    count = len(found.mixtures.rows)
    how = f"every mixture of the two runs ({count})"
    if not found.is_exact:
        how = f"{count} mixtures of the two runs, along {ORDERS} orders of change (± 95 %)"
    out.print(f"Shapley values from {how}; mixtures.csv has them.\n", soft_wrap=True)
    for note in found.notes:
        out.print(f"Notice: {note}\n", soft_wrap=True)


def with_interval(part: object, low: object) -> str:
    """A part ± half its interval."""
    assert isinstance(part, float)
    assert isinstance(low, float)
    return f"{part:.4f} ± {part - low:.4f}"


def format_share(value: object) -> str:
    """A share in percent; a dash where there is no whole.

    >>> format_share(0.5), format_share(float("nan"))
    ('50.0 %', '–')
    """
    assert isinstance(value, float)
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def show_effects(table: Table) -> None:
    """Effects as rows, as many metrics as fit as columns."""
    out = console()
    rows = [(row[0], *map(format_share, row[1:])) for row in table.rows]
    room = max((out.width - max(len(str(row[0])) for row in rows)) // 12 - 1, 1)
    shown = 1 + min(room, len(table.columns) - 1)
    title = "Share of each metric's variance"
    out.print(text_table(title, table.columns[:shown], [row[:shown] for row in rows]), "")
    if shown < len(table.columns):
        left = ", ".join(table.columns[shown:])
        out.print(f"Not shown for want of width: {left}; effects.csv has all\n", soft_wrap=True)


def waterfalls(found: Causes) -> Iterator[tuple[str, Drawing]]:
    """One figure per metric: from the baseline to the run, setting by setting."""
    labels = [
        f"{label.rpartition('.')[2]}: {source} → {target}"
        for label, (source, target) in zip(found.labels, found.changes, strict=True)
    ]
    for k, metric in enumerate(found.metrics):
        ends = float(found.before[k]), float(found.after[k])
        parts = [float(part) for part in found.parts[:, k]]
        reaches = [Z_95 * float(error) for error in found.errors[:, k]]
        if all(map(math.isfinite, (*ends, *parts))):
            yield f"causes_{metric}", waterfall(metric, ends, labels, parts, reaches)


def effect_bars(table: Table) -> Iterator[tuple[str, Drawing]]:
    """One figure per metric: the effects that are worth a bar."""
    *effects, _ = table.rows
    names = [str(row[0]) for row in effects]
    brief = [SECTIONS.sub("", name) for name in names]
    labels = brief if len(set(brief)) == len(brief) else names
    for place, metric in enumerate(table.columns[1:], start=1):
        values = [float(str(row[place])) for row in effects]
        kept = [(n, value) for n, value in zip(labels, values, strict=True) if value >= LEAST]
        if kept:
            yield f"effects_{metric}", share_bars(metric, *zip(*kept, strict=True))
