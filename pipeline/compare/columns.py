"""Columns of a comparison: settings, groups and metrics, by their whole or short names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.base.errors import UserError
from pipeline.base.registry import list_choices
from pipeline.base.values import NO_VALUE, sort_key
from pipeline.compare.settings import differing
from pipeline.config.affects import is_user_key
from pipeline.metrics import METRICS, run_scalar_names
from pipeline.store.read.query import condition
from pipeline.store.read.run import Run


def columns_of(runs: Sequence[Run]) -> list[str]:
    """Everything that a run can be selected or sorted by."""
    names: dict[str, None] = {"run": None}
    for run in runs:
        names.update(dict.fromkeys((*run.choices, *run.settings, *run.scalars)))
    return list(names)


def resolver(runs: Sequence[Run], option: str) -> Callable[[str], str]:
    """A function from a name that the user wrote to the one column it can mean."""
    columns = columns_of(runs)
    known = set(columns)

    def resolve(name: str) -> str:
        if name in known:
            return name
        matches = [c for c in columns if c.endswith(f".{name}") and not is_user_key(c)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UserError(
                f"{option}: {name!r} may be any of {', '.join(matches)}; expected one whole"
            )
        metrics = dict.fromkeys(metric for run in runs for metric in run.scalars)
        choices = list_choices(name, [*differing(runs), *metrics])
        raise UserError(
            f"{option}: no setting or metric called {name!r}; expected one of: {choices}"
        )

    return resolve


def value_in(run: Run, column: str) -> Any:
    """The run's value in a column: its folder, a group's option, a setting or a metric."""
    if column == "run":
        return run.name
    for where in (run.choices, run.settings, run.scalars):
        if column in where:
            return where[column]
    return None if column in run_scalar_names(METRICS) else NO_VALUE


def select_runs(runs: Sequence[Run], where: str | None) -> list[Run]:
    """The runs that meet the condition; a `UserError` with what there is where none does."""
    if where is None:
        return list(runs)
    used: dict[str, None] = {}
    resolve = resolver(runs, "--where")

    def resolve_and_note(name: str) -> str:
        column = resolve(name)
        used[column] = None
        return column

    meets = condition(where, resolve_and_note)
    found = [run for run in runs if meets(lambda column, run=run: value_in(run, column))]  # type: ignore[misc]
    if not found:
        values = "; ".join(f"{column} is {values_in(runs, column)}" for column in used)
        raise UserError(
            f"--where: none of {len(runs)} runs meets {where!r}; {values or 'it is never true'}"
        )
    return found


def values_in(runs: Sequence[Run], column: str, most: int = 6) -> str:
    """The values that a column takes, as a condition writes them."""
    values = list(dict.fromkeys(repr(value_in(run, column)) for run in runs))
    return ", ".join(values[:most]) + (f" and {len(values) - most} more" if values[most:] else "")


def sort_runs(runs: Sequence[Run], by: str | None, is_reversed: bool = False) -> list[Run]:
    """The runs sorted by columns: none, numbers, then texts; what is undefined always last."""
    if by is None:
        return list(runs)[::-1] if is_reversed else list(runs)
    found = list(runs)
    resolve = resolver(runs, "--sort")
    for column in reversed([resolve(name.strip()) for name in by.split(",")]):
        defined = [run for run in found if value_in(run, column) is not None]
        defined.sort(key=lambda run, column=column: sort_key(value_in(run, column)),  # type: ignore[misc]
                     reverse=is_reversed)  # fmt: skip
        found = [*defined, *(run for run in found if value_in(run, column) is None)]
    return found


def find_baseline(runs: Sequence[Run], asked: str | None) -> int:
    """The index of the run that the user named by its folder or a part of it; else 0."""
    if asked is None:
        return 0
    wanted = asked.rstrip("/")
    exact = [
        i
        for i, run in enumerate(runs)
        if wanted and wanted in (str(run.folder), run.name, run.folder.name)
    ]
    found = exact or [i for i, run in enumerate(runs) if wanted in run.name]
    if len(found) != 1:
        many = "no run" if not found else f"{len(found)} runs"
        names = ", ".join(run.folder.name for run in runs[:6]) + (", …" if len(runs) > 6 else "")
        raise UserError(f"--baseline: {many} called {asked!r}; expected one of: {names}")
    return found[0]
