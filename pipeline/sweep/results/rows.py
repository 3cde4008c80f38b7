"""Finished runs → rows: one per run, and one per setting with the mean of its repeats."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.base.statistics import summarize_groups
from pipeline.compare.table import STATISTICS
from pipeline.store.read.json import Scalars, read_json
from pipeline.sweep.plan.axes import Axis
from pipeline.sweep.plan.plan import Plan

Row = dict[str, Any]
Entries = Mapping[str, Mapping[str, Any]]  # run → its ledger entry


def run_rows(plan: Plan, entries: Entries, folder: Path) -> list[Row]:
    """One row per finished run, in the order of the plan; points that are the same have a row each.

    `entries` are those of the finished runs. Numbers come from the ledger, or from a run's folder
    where its entry has none.
    """
    runs: list[str] = []  # by their index in the plan
    scalars: dict[str, Mapping[str, Any]] = {}
    rows = []
    for point in plan.points:
        runs.append(point.folder)
        first = point.folder if point.same_as is None else runs[point.same_as]
        if first not in entries:
            continue
        if first not in scalars:
            scalars[first] = scalars_of(entries[first], folder / "runs" / first)
        same_as = "" if first == point.folder else first
        rows.append({"run": point.folder, "same_as": same_as, **point.varied, **scalars[first]})
    return fill_columns(rows, plan)


def scalars_of(entry: Mapping[str, Any], folder: Path) -> dict[str, float]:
    """A run's scalars, NaN where one is undefined."""
    scalars = entry.get("scalars")
    if scalars is None:
        scalars = read_json(folder / "summary.json", Scalars, "sweep")
    return {name: math.nan if value is None else float(value) for name, value in scalars.items()}


def metrics_in(rows: Sequence[Row], plan: Plan) -> list[str]:
    """Every metric that any of the rows has, in the order of the columns."""
    others = {"run", "same_as", "seed", *(name for axis in plan.axes for name in axis.settings)}
    return [name for name in dict.fromkeys(k for row in rows for k in row) if name not in others]


def fill_columns(rows: list[Row], plan: Plan) -> list[Row]:
    """The rows with all columns: NaN where a run did not compute a metric."""
    if len({tuple(row) for row in rows}) > 1:
        metrics = metrics_in(rows, plan)
        settings = [name for name in rows[0] if name not in metrics]
        rows = [
            {**{s: row[s] for s in settings}, **{m: row.get(m, math.nan) for m in metrics}}
            for row in rows
        ]
    return rows


def setting_rows(plan: Plan, rows: Sequence[Row]) -> list[Row]:
    """One row per setting: the statistics of each metric over its repeats, as far as they are done.

    Without repeats the rows are those of the runs.
    """
    if not plan.seeds:
        return [{name: value for name, value in row.items() if name != "same_as"} for row in rows]
    metrics = metrics_in(rows, plan)
    groups: dict[tuple[Any, ...], list[Row]] = {}
    settings = [name for axis in plan.axes for name in axis.settings]
    for row in rows:
        groups.setdefault(tuple(row[name] for name in settings), []).append(row)
    values = [np.array([[row[name] for name in metrics] for row in g]) for g in groups.values()]
    numbers = [statistics.T.ravel().tolist() for statistics in summarize_groups(values)]
    columns = [f"{name}{ending}" for name in metrics for ending in STATISTICS]
    return [
        {
            **dict(zip(settings, key, strict=True)),
            "runs": len(group),
            **dict(zip(columns, row, strict=True)),
        }
        for (key, group), row in zip(groups.items(), numbers, strict=True)
    ]


def varying(axes: Sequence[Axis], rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The settings of each axis that have more than one value; an axis without any is left out."""
    varied = [[s for s in axis.settings if len({row[s] for row in rows}) > 1] for axis in axes]
    return [settings for settings in varied if settings]
