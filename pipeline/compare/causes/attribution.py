"""Causes: how much of a metric's change each setting that differs accounts for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.registry import list_choices
from pipeline.base.tables import Table
from pipeline.compare.causes.factors import factors, format_factor
from pipeline.compare.causes.mixtures import Mixtures
from pipeline.compare.causes.shapley import EXACT, shapley
from pipeline.compare.settings import brief
from pipeline.compare.table import scalar
from pipeline.store.read.run import Run

Z_95 = 1.96  # standard errors on either side of a 95 % interval
SAME = 1e-9  # relative difference up to which a metric made again is the one on record


@dataclass(frozen=True, eq=False)
class Causes:
    """The change of K metrics between two runs, split among k factors."""

    labels: tuple[str, ...]  # [k] the factors' names
    changes: tuple[tuple[str, str], ...]  # [k] from which value to which
    metrics: tuple[str, ...]  # [K]
    before: Array  # [K]
    after: Array  # [K]
    parts: Array  # [k, K], which sum to after − before
    errors: Array  # [k, K] standard errors; 0 where every mixture was measured
    mixtures: Table  # every run that was made
    notes: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        """Whether every mixture was measured."""
        return len(self.labels) <= EXACT


def attribute(
    before: Run,
    after: Run,
    metrics: Sequence[str],
    together: str | None = None,
    ledger: Callable[[Mapping[str, Any]], None] = lambda entry: None,
) -> Causes:
    """Shapley values of the settings that differ, from runs that are mixtures of the two.

    `together` names settings that are changed as one; `ledger` gets an entry for each run made.
    """
    found = factors(before, after, together)
    if not found:
        raise UserError("--causes: the runs differ in no setting that moves a metric")
    value = Mixtures((before, after), found, metrics, ledger)
    parts, errors = shapley(len(found), value, seed=0)
    ends = value(frozenset()), value(frozenset(range(len(found))))
    notes = [
        f"{run.name} gives {metric} {now:.6g} when it is made again; on record is {then:.6g}."
        for run, end in zip((before, after), ends, strict=True)
        for metric, now in zip(metrics, end, strict=True)
        if abs(now - (then := scalar(run, metric))) > SAME * max(abs(then), 1e-3)
    ]
    return Causes(
        labels=tuple(factor.label for factor in found),
        changes=tuple(
            (format_factor(before, factor), format_factor(after, factor)) for factor in found
        ),
        metrics=tuple(metrics),
        before=ends[0],
        after=ends[1],
        parts=parts,
        errors=errors,
        mixtures=value.table(),
        notes=tuple(notes),
    )


def causes_table(found: Causes) -> Table:
    """One row per metric and factor: its part of the change, an interval, its share of the change.

    The last row of each metric, `all`, is the sum of its parts: the whole change.
    """
    columns = ("metric", "setting", "from", "to", "part", "low", "high", "share")
    rows: list[tuple[object, ...]] = []
    for k, metric in enumerate(found.metrics):
        whole = float(found.after[k] - found.before[k])
        for i, label in enumerate(found.labels):
            part, reach = float(found.parts[i, k]), Z_95 * float(found.errors[i, k])
            rows.append((metric, label, *found.changes[i], part, part - reach, part + reach,
                         share_of_change(part, whole)))  # fmt: skip
        total = float(found.parts[:, k].sum())
        rows.append((metric, "all", f"{found.before[k]:.6g}", f"{found.after[k]:.6g}",
                     total, total, total, share_of_change(total, whole)))  # fmt: skip
    return Table(columns, rows)


def share_of_change(part: float, whole: float) -> float:
    """A part as a share of the whole change; NaN where nothing changed."""
    return part / whole if abs(whole) > 1e-12 else float("nan")


def pick_metrics(metrics: Sequence[str], asked: str) -> list[str]:
    """The metrics that --causes names: several with commas between, or all."""
    if asked == "all":
        return list(metrics)
    names = [name.strip() for name in asked.split(",")]
    for name in names:
        if name not in metrics:
            known = list_choices(name, [*metrics, "all"])
            raise UserError(f"--causes: got {brief(name)!r}, expected one of: {known}")
    return names
