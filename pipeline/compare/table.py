"""One tidy table of runs: only the settings that differ, beside the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.compare.read import PathLike, Run, find_runs
from pipeline.faults import Fault
from pipeline.records import Table

if TYPE_CHECKING:
    import pandas as pd

IGNORED = ("name",)  # settings that say nothing of what was computed


def load_runs(*paths: PathLike) -> pd.DataFrame:
    """Runs as a pandas DataFrame: `run` (its folder), the settings that differ, the metrics.

    Each path is a run folder, a sweep folder or a folder of run folders; without any, the newest
    sweep. Raises `Fault` (a ValueError) for a folder that holds no finished run.
    """
    import pandas as pd

    table = runs_table(find_runs(paths))
    return pd.DataFrame(table.rows, columns=list(table.columns))


def runs_table(runs: Sequence[Run]) -> Table:
    """A row a run."""
    settings, metrics = differing(runs), metric_names(runs)
    rows = [
        (run.name, *(value_of(run, s) for s in settings), *(scalar(run, m) for m in metrics))
        for run in runs
    ]
    return Table(("run", *settings, *metrics), rows)


def differing(runs: Sequence[Run]) -> list[str]:
    """The settings that differ between the runs, chosen groups first.

    A setting that follows from its group's chosen file (the text of the sentences, say) is not
    named beside it: it differs only if it does so within one choice.
    """
    names = dict.fromkeys(name for run in runs for name in run.settings)
    sections = dict.fromkeys(name.partition(".")[0] for name in names)
    chosen = [name for name in sections if any(name in run.choices for run in runs)]
    found = [group for group in chosen if len({run.choices.get(group) for run in runs}) > 1]
    for name in names:
        group = name.partition(".")[0]
        by_choice: dict[Any, set[Any]] = {}
        for run in runs:
            by_choice.setdefault(run.choices.get(group), set()).add(run.settings.get(name))
        if name not in IGNORED and any(len(values) > 1 for values in by_choice.values()):
            found.append(name)
    return found


def value_of(run: Run, setting: str) -> Any:
    """What a setting is in a run: the option of a group, or a value; None where it has none."""
    return run.choices[setting] if setting in run.choices else run.settings.get(setting)


def scalar(run: Run, metric: str) -> float:
    """A metric of a run, NaN where it is undefined or was not measured."""
    value = run.scalars.get(metric)
    return float("nan") if value is None else float(value)


def metric_names(runs: Sequence[Run]) -> list[str]:
    """Every metric that any of the runs has, in the order they are written."""
    return list(dict.fromkeys(name for run in runs for name in run.scalars))


def against(table: Table, metrics: Sequence[str], baseline: int) -> Table:
    """The table with each metric's difference from the baseline row beside it."""
    places = [list(table.columns).index(metric) for metric in metrics]
    base = table.rows[baseline]
    rows = [
        (*row, *(number(row[place]) - number(base[place]) for place in places))
        for row in table.rows
    ]
    return Table((*table.columns, *(f"{metric}_change" for metric in metrics)), rows)


def number(value: object) -> float:
    """A cell that is known to be a number."""
    assert isinstance(value, float)
    return value


def find_baseline(runs: Sequence[Run], asked: str | None) -> int:
    """The place of the run the user named, by its folder or a part of it; the first otherwise."""
    if asked is None:
        return 0
    wanted = asked.rstrip("/")
    exact = [
        i for i, run in enumerate(runs) if wanted in (run.name, str(run.folder), run.folder.name)
    ]
    found = exact or [i for i, run in enumerate(runs) if wanted in run.name]
    if len(found) != 1:
        many = "no run" if not found else f"{len(found)} runs"
        names = ", ".join(run.folder.name for run in runs[:6]) + (", …" if len(runs) > 6 else "")
        raise Fault(f"--baseline: {many} called {asked!r}; expected one of: {names}")
    return found[0]
