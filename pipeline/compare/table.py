"""One tidy table of runs: only the settings that differ, beside the metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.compare.read import Run
from pipeline.compare.settings import differing, value_of
from pipeline.metrics import is_null
from pipeline.records import Table


def runs_table(runs: Sequence[Run]) -> Table:
    """A row a run: its folder, the settings that differ, the metrics."""
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
    """Every metric that any of the runs has, in the order they are written; not their nulls."""
    return [name for name in names_of_scalars(runs) if not is_null(name)]


def names_of_scalars(runs: Sequence[Run]) -> list[str]:
    """Every scalar that any of the runs has, in the order they are written."""
    return list(dict.fromkeys(name for run in runs for name in run.scalars))


def against(
    table: Table, metrics: Sequence[str], baseline: int, is_relative: bool = False
) -> Table:
    """The table with each metric's change from the baseline row beside it.

    The change is x − b; the relative one, after it where it is asked for, (x − b)/|b|, undefined
    (NaN) where b is 0.

    >>> table = Table(("run", "m"), [("a", 2.0), ("b", 3.0)])
    >>> against(table, ["m"], 0, is_relative=True).rows
    [('a', 2.0, 0.0, 0.0), ('b', 3.0, 1.0, 0.5)]
    """
    places = [list(table.columns).index(metric) for metric in metrics]
    bases = [number(table.rows[baseline][place]) for place in places]
    columns = [*table.columns, *(f"{metric}_change" for metric in metrics)]
    columns += [f"{metric}_relative" for metric in metrics] if is_relative else []
    rows = []
    for row in table.rows:
        changes = [number(row[place]) - base for place, base in zip(places, bases, strict=True)]
        shares = [share(change, base) for change, base in zip(changes, bases, strict=True)]
        rows.append((*row, *changes, *(shares if is_relative else [])))
    return Table(columns, rows)


def share(change: float, base: float) -> float:
    """A change as a share of what it was, (x − b)/|b|; NaN where b is 0."""
    return change / abs(base) if base else math.nan


def number(value: object) -> float:
    """A cell that is known to be a number."""
    assert isinstance(value, float)
    return value
