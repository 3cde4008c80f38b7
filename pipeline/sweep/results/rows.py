"""Finished runs → rows: one a run, and one a setting, in which repeats are one result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.base.statistics import summarize_groups
from pipeline.compare.table import STATISTICS
from pipeline.store.schema import SCALARS, read_json
from pipeline.sweep.plan.plan import Plan

Row = dict[str, Any]
Entries = Mapping[str, Mapping[str, Any]]  # run -> its line of the ledger


def run_rows(plan: Plan, entries: Entries, folder: Path) -> list[Row]:
    """A row a run that is done, in the order of the plan; of points that are the same, each.

    `entries` are those of the runs that are done. Numbers come from the ledger, and from a run's
    folder where its line has none.
    """
    made: list[str] = []  # the runs by their place in the plan
    scalars: dict[str, Mapping[str, Any]] = {}
    rows = []
    for point in plan.points:
        made.append(point.folder)
        first = point.folder if point.same_as is None else made[point.same_as]
        if first not in entries:
            continue
        if first not in scalars:
            scalars[first] = scalars_of(entries[first], folder / "runs" / first)
        same_as = "" if first == point.folder else first
        rows.append({"run": point.folder, "same_as": same_as, **point.varied, **scalars[first]})
    return fill_columns(rows, plan)


def scalars_of(entry: Mapping[str, Any], folder: Path) -> dict[str, float]:
    """A run's numbers, NaN where one is undefined."""
    found = entry.get("scalars")
    if found is None:
        found = read_json(folder / "summary.json", SCALARS, "sweep")
    return {name: math.nan if value is None else float(value) for name, value in found.items()}


def metrics_in(rows: Sequence[Row], plan: Plan) -> list[str]:
    """Every metric that any of the rows has, in the order they are written."""
    told = {"run", "same_as", "seed", *(name for axis in plan.axes for name in axis.settings)}
    return [name for name in dict.fromkeys(k for row in rows for k in row) if name not in told]


def fill_columns(rows: list[Row], plan: Plan) -> list[Row]:
    """The rows with all columns: a metric that a run did not measure is NaN in its row."""
    if len({tuple(row) for row in rows}) > 1:
        metrics = metrics_in(rows, plan)
        settings = [name for name in rows[0] if name not in metrics]
        rows = [
            {**{s: row[s] for s in settings}, **{m: row.get(m, math.nan) for m in metrics}}
            for row in rows
        ]
    return rows


def setting_rows(plan: Plan, rows: Sequence[Row]) -> list[Row]:
    """A row a setting: its run, or the mean of its repeats with how sure it is.

    `runs` says how many repeats are done. Without repeats the rows are those of the runs.
    """
    if not plan.seeds:
        return [{name: value for name, value in row.items() if name != "same_as"} for row in rows]
    metrics = metrics_in(rows, plan)
    groups: dict[tuple[Any, ...], list[Row]] = {}
    settings = [name for axis in plan.axes for name in axis.settings]
    for row in rows:
        groups.setdefault(tuple(row[name] for name in settings), []).append(row)
    values = [np.array([[row[name] for name in metrics] for row in g]) for g in groups.values()]
    numbers = [told.T.ravel().tolist() for told in summarize_groups(values)]
    columns = [f"{name}{ending}" for name in metrics for ending in STATISTICS]
    return [
        {
            **dict(zip(settings, key, strict=True)),
            "runs": len(group),
            **dict(zip(columns, row, strict=True)),
        }
        for (key, group), row in zip(groups.items(), numbers, strict=True)
    ]
