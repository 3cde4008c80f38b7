"""One tidy table of runs: only the settings that differ, beside the metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.statistics import summarize_groups
from pipeline.base.tables import Table
from pipeline.compare.columns import resolver, value_in
from pipeline.compare.settings import differing, value_of
from pipeline.metrics import is_uniform_name
from pipeline.store.read.run import Run


def runs_table(runs: Sequence[Run]) -> Table:
    """One row per run: its folder, the settings that differ, the metrics."""
    settings, metrics = differing(runs), metric_names(runs)
    rows = [
        (run.name, *(value_of(run, s) for s in settings), *(scalar(run, m) for m in metrics))
        for run in runs
    ]
    return Table(("run", *settings, *metrics), rows)


def scalar(run: Run, metric: str) -> float:
    """A metric of a run, NaN where it is undefined or was not measured."""
    value = run.scalars.get(metric)
    return float("nan") if value is None else float(value)


def metric_names(runs: Sequence[Run]) -> list[str]:
    """Every metric that any of the runs has, in the order they are written; without `_uniform`."""
    return [name for name in names_of_scalars(runs) if not is_uniform_name(name)]


def names_of_scalars(runs: Sequence[Run]) -> list[str]:
    """Every scalar that any of the runs has, in the order they are written."""
    return list(dict.fromkeys(name for run in runs for name in run.scalars))


def with_changes_from(
    table: Table, metrics: Sequence[str], baseline: int, is_relative: bool = False
) -> Table:
    """The table with each metric's change from the baseline row.

    The change is x − b; the relative one, with `is_relative`, (x − b)/|b|, undefined
    (NaN) where b is 0.

    >>> table = Table(("run", "m"), [("a", 2.0), ("b", 3.0)])
    >>> with_changes_from(table, ["m"], 0, is_relative=True).rows
    [('a', 2.0, 0.0, 0.0), ('b', 3.0, 1.0, 0.5)]
    """
    places = [list(table.columns).index(metric) for metric in metrics]
    bases = [as_number(table.rows[baseline][place]) for place in places]
    columns = [*table.columns, *(f"{metric}_change" for metric in metrics)]
    columns += [f"{metric}_relative" for metric in metrics] if is_relative else []
    rows = []
    for row in table.rows:
        changes = [as_number(row[place]) - base for place, base in zip(places, bases, strict=True)]
        shares = [
            relative_change(change, base) for change, base in zip(changes, bases, strict=True)
        ]
        rows.append((*row, *changes, *(shares if is_relative else [])))
    return Table(columns, rows)


def relative_change(change: float, base: float) -> float:
    """A change as a share of what it was, (x − b)/|b|; NaN where b is 0."""
    return change / abs(base) if base else math.nan


def as_number(value: object) -> float:
    """A cell that is known to be a number."""
    assert isinstance(value, float)
    return value


STATISTICS = ("", "_se", "_low", "_high")  # of a metric's columns: mean, standard error, interval


@dataclass(frozen=True, eq=False)
class Groups:
    """Runs by the values of some columns, in order of first appearance."""

    by: tuple[str, ...]  # the columns that tell the groups apart
    over: tuple[str, ...]  # the settings that differ within groups
    indices: tuple[tuple[int, ...], ...]  # which runs each group has
    table: Table  # by, runs, and for each metric: mean, standard error, 95 % interval


def columns_for(runs: Sequence[Run], by: str | None, over: str | None) -> list[str]:
    """The columns to group by: those named, or all that differ except those averaged over."""
    option = "--by" if by is not None else "--over"
    resolve = resolver(runs, option)
    named = [resolve(name.strip()) for name in str(by if by is not None else over).split(",")]
    kept = named if by is not None else [n for n in differing(runs) if n not in named]
    if metrics := set(named) & set(metric_names(runs)):
        raise UserError(f"{option}: {min(metrics)} is a metric; expected settings: "
                    f"{', '.join(differing(runs)) or 'none differs'}")  # fmt: skip
    return kept


def group_runs(runs: Sequence[Run], by: Sequence[str]) -> Groups:
    """One row per group: the mean of every metric, its standard error and a 95 % interval."""
    metrics = metric_names(runs)
    found: dict[tuple[object, ...], list[int]] = {}
    for place, run in enumerate(runs):
        found.setdefault(tuple(value_in(run, column) for column in by), []).append(place)
    values = np.array([[scalar(run, metric) for metric in metrics] for run in runs])
    values = values.reshape(len(runs), len(metrics))
    summaries = summarize_groups([values[indices] for indices in found.values()])
    rows = [
        (*key, len(indices), *(float(x) for x in summary.T.ravel()))
        for (key, indices), summary in zip(found.items(), summaries, strict=True)
    ]
    columns = (*by, "runs", *(f"{metric}{ending}" for metric in metrics for ending in STATISTICS))
    over = tuple(name for name in differing(runs) if name not in by)
    return Groups(tuple(by), over, tuple(map(tuple, found.values())), Table(columns, rows))
