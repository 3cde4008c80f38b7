"""The columns of the page's table: the settings that differ, then the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.base.values import format_value, is_number, sorted_values
from pipeline.compare.settings import differing, value_of, value_pattern
from pipeline.compare.table import metric_names, scalar
from pipeline.store.read.run import Run


@dataclass(frozen=True, eq=False)
class Column:
    """One setting or metric over all runs."""

    name: str
    kind: str  # setting or metric
    values: Sequence[Any]  # [runs]
    label: str  # its name in a few words
    follows: str = ""  # the label of an earlier setting that always changes with it

    @property
    def leads(self) -> bool:
        """Whether it is a setting, and the first of those that always change together."""
        return self.kind == "setting" and not self.follows

    @cached_property
    def numeric(self) -> bool:
        """Whether an axis can show it as numbers."""
        return all(is_number(value) for value in self.values if value is not None)


def columns_of(runs: Sequence[Run]) -> list[Column]:
    """A column for each setting that differs and each metric."""
    settings = {name: [value_of(run, name) for run in runs] for name in differing(runs)}
    metrics = {name: [scalar(run, name) for run in runs] for name in metric_names(runs)}
    labels = labels_of([*settings, *metrics])
    first: dict[tuple[int, ...], str] = {}
    columns = []
    for name, values in settings.items():
        leader = first.setdefault(value_pattern(values), labels[name])
        follows = leader if leader != labels[name] else ""
        columns.append(Column(name, "setting", values, labels[name], follows))
    columns += [Column(name, "metric", v, labels[name]) for name, v in metrics.items()]
    return columns


def labels_of(names: Sequence[str]) -> dict[str, str]:
    """The last part of each name in words; the whole name where two would be the same.

    >>> labels_of(["attention.scale", "max_weight"])
    {'attention.scale': 'scale', 'max_weight': 'max weight'}
    """
    short = {name: name.rpartition(".")[2].replace("_", " ") or name for name in names}
    many = list(short.values())
    return {name: label if many.count(label) == 1 else name for name, label in short.items()}


def as_data(column: Column) -> dict[str, Any]:
    """A column as the page's scripts read it."""
    numeric, values = column.numeric, column.values
    return {
        "name": column.name,
        "label": column.label,
        "kind": column.kind,
        "leads": column.leads,
        "numeric": numeric,
        "values": list(values) if numeric else list(map(format_value, values)),
        "choices": None if numeric else list(map(format_value, sorted_values(values))),
    }


def describe_run(leaders: Sequence[Column], run: int) -> str:
    """A run's settings in words.

    >>> describe_run([Column("a.t", "setting", [1.0, 2.0], "t")], 1)
    't 2'
    """
    return ", ".join(f"{column.label} {format_value(column.values[run])}" for column in leaders)
