"""A comparison in the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.base.console import console, format_number, show_table, text_table
from pipeline.base.tables import Table
from pipeline.compare.pair.difference import Difference
from pipeline.compare.pair.tables import largest_changes, row_distances, summary_table
from pipeline.compare.settings import differing
from pipeline.compare.table import STATISTICS, Groups, metric_names
from pipeline.store.read.run import Run

MAX_LISTED = 5  # rows, weights and unpaired tokens that are listed


def percent(value: object) -> str:
    """A share with its sign, in percent.

    >>> percent(0.1234), percent(-1.0), percent(float("nan")), percent("")
    ('+12.3 %', '-100.0 %', '–', '')
    """
    if not isinstance(value, float):
        return str(value)
    return "–" if math.isnan(value) else f"{100 * value:+.1f} %"


def show_pair(found: Difference) -> None:
    """Two runs as columns, what moved most, and what could not be compared."""
    out = console()
    out.print(f"baseline: {found.before.name}\nrun:      {found.after.name}\n", soft_wrap=True)
    if not found.settings:
        out.print("The runs have the same settings.\n")
    rows = [(*row[:4], percent(row[4])) for row in summary_table(found).rows]
    out.print(text_table("Two runs", ("", "baseline", "run", "change", "relative"), rows), "")
    rows_of, pairs_of = row_distances(found), largest_changes(found)
    if pairs_of.rows:
        top = sorted(rows_of.rows, key=lambda row: -nan_as_minus_one(row[-2]))[:MAX_LISTED]
        title = "Queries whose weights moved most, in nats"
        show_some(title, rows_of, top, ("sentence", "layer", "head"), found)
    if pairs_of.rows:
        top = sorted(pairs_of.rows, key=lambda row: -abs(nan_as_minus_one(row[-1])))[:MAX_LISTED]
        show_some("Weights that moved most", pairs_of, top, ("sentence", "layer", "head"), found)
    if rows_of.rows and not pairs_of.rows:
        out.print("No weight moved.\n")
    show_unpaired(found)
    for note in found.notes:
        out.print(note, soft_wrap=True)
    if any(one.unpaired for one in found.sentences) or found.notes:
        out.print()


def show_unpaired(found: Difference) -> None:
    """The first unpaired tokens; one that is query and key is listed once."""
    axes: dict[tuple[str, str, int, str], list[str]] = {}
    for one in found.sentences:
        for lone in one.unpaired:
            axes.setdefault((one.name, lone.run, lone.position, lone.token), []).append(lone.axis)
    for (sentence, run, position, token), names in list(axes.items())[:MAX_LISTED]:
        where = "baseline" if run == "before" else "run"
        what = f"{' and '.join(names)} {position} of {sentence}"
        console().print(f"No partner for {token!r} ({what}), which is only in the {where}.")
    if len(axes) > MAX_LISTED:
        left = len(axes) - MAX_LISTED
        console().print(f"and {left} more tokens without a partner; unpaired.csv has all")


def nan_as_minus_one(value: object) -> float:
    """A distance to sort by; an undefined one sorts as the smallest."""
    assert isinstance(value, float)
    return -1.0 if math.isnan(value) else value


def show_some(
    title: str, table: Table, rows: Sequence[Sequence[object]], dull: Sequence[str], of: Difference
) -> None:
    """The first rows of a table, without the columns that are the same in all of it."""
    columns = list(table.columns)
    same = [name for name in dull if len({row[columns.index(name)] for row in table.rows}) == 1]
    kept = [place for place, name in enumerate(columns)
            if name not in same and not name.startswith("position")]  # fmt: skip
    cells = [[row[place] for place in kept] for row in rows]
    left = sum(isinstance(cell, str) for cell in cells[0])
    console().print(text_table(title, [columns[place] for place in kept], cells, left), "")


def show_many(runs: Sequence[Run], table: Table, baseline: str, shown: str, path: str) -> None:
    """Runs as rows; `shown` says what of the metrics: values, change or relative."""
    settings, metrics = differing(runs), metric_names(runs)
    if not settings:
        console().print("The runs have the same settings.\n")
    columns, ending = list(table.columns), {"change": "_change", "relative": "_relative"}
    places = [columns.index(name + ending.get(shown, "")) for name in metrics]
    rows = [
        [*row[1 : 1 + len(settings)], *((percent if shown == "relative" else unchanged)(row[place])
                                        for place in places)]
        for row in table.rows
    ]  # fmt: skip
    names = list(settings)
    if len({tuple(map(str, row[: len(settings)])) for row in rows}) < len(rows):
        names = ["run", *names]  # the settings alone do not tell the runs apart
        rows = [[run.folder.name, *row] for run, row in zip(runs, rows, strict=True)]
    title = f"{len(runs)} runs"
    if shown != "values":
        how = "relative to" if shown == "relative" else "as differences from"
        title += f", metrics {how} {baseline}"
    show_table(title, [*names, *metrics], rows, len(names), path)


def unchanged(value: object) -> object:
    """The value itself."""
    return value


def show_groups(groups: Groups, metrics: Sequence[str], path: str) -> None:
    """Groups as rows, each metric as mean ± standard error."""
    start = len(groups.by) + 1
    step = len(STATISTICS)
    rows = []
    for row in groups.table.rows:
        means = [
            f"{format_number(row[k])} ± {format_number(row[k + 1])}"
            for k in range(start, len(row), step)
        ]
        rows.append([*row[:start], *means])
    title = f"{len(rows)} groups by {', '.join(groups.by) or 'nothing'}, mean ± standard error"
    show_table(title, [*groups.by, "runs", *metrics], rows, start, path)
    over = ", ".join(groups.over)
    if over:
        console().print(f"The means are over runs that differ in {over}.\n", soft_wrap=True)


def show_pictures(paths: Sequence[str]) -> None:
    """The paths of the figures."""
    for path in paths:
        console().print(f"figure: {path}", soft_wrap=True)
