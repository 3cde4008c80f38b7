"""The results of a sweep: summary.csv, the table, the curve and the verdicts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from pipeline.base.console import console
from pipeline.base.drawing import Drawing
from pipeline.base.paths import display_path
from pipeline.base.tables import Table
from pipeline.base.values import is_number, plain_value
from pipeline.compare.page import PageHeading, compare_command, page
from pipeline.config.affects import is_seen_in_figures
from pipeline.config.schema.study import Law
from pipeline.laws import Verdict, judge
from pipeline.metrics import is_uniform_name
from pipeline.plots.of_runs.curve import curve
from pipeline.store.atomic import write_file
from pipeline.store.read.find import find_runs
from pipeline.store.read.settings import flatten
from pipeline.store.write.figures import write_figures
from pipeline.store.write.table import write_csv
from pipeline.sweep.plan.axes import Axis
from pipeline.sweep.plan.plan import Plan
from pipeline.sweep.results.equivalents import show_equivalents
from pipeline.sweep.results.rows import Entries, Row, metrics_in, run_rows, setting_rows, varying
from pipeline.sweep.results.show import show, show_notices, show_repeats, show_verdicts

THIS = "path/to/this/sweep"  # in a command on the page, which does not depend on where it is


def summarize(plan: Plan, folder: Path, entries: Entries) -> None:
    """Writes and prints the results of the finished runs; `entries` are their ledger entries."""
    runs = run_rows(plan, entries, folder)
    if not runs:
        return
    rows = setting_rows(plan, runs)
    metrics = [name for name in metrics_in(runs, plan) if not is_uniform_name(name)]
    write_csv(folder / "runs.csv", as_table(runs))
    write_csv(folder / "summary.csv", as_table(rows))
    verdicts = judge_laws(plan, rows)
    if verdicts:
        columns = ("claim", "holds", "checked", "kept", "worst")
        write_csv(folder / "verdicts.csv", Table(columns, [astuple(v) for v in verdicts]))
    figures = plan.config.figures
    drawings = summary_curves(rows, plan.axes, metrics) if plan.config.plots else iter(())
    names = write_figures(
        folder / "figures",
        drawings,
        figures.formats,
        figures.dpi,
        figures.style,
        about=figure_key(plan),
    )
    write_file(folder / "report.html", page(find_runs([folder]), page_heading(plan, verdicts)))
    show(plan, rows, metrics, folder)
    show_repeats(plan, rows)
    show_equivalents(plan)
    console().print()
    show_notices(plan, entries, folder)
    show_verdicts(verdicts)
    for name in names:
        path = f"{display_path(folder)}/figures/{name}.{figures.formats[0]}"
        console().print(f"figure: {path}", soft_wrap=True)  # a path is never broken
    console().print(f"page: {display_path(folder)}/report.html", soft_wrap=True)


def figure_key(plan: Plan) -> dict[str, Any]:
    """What a sweep's figures depend on: its overrides, and the settings that varied or did not."""
    varied = [*(name for axis in plan.axes for name in axis.settings), *["seed"] * bool(plan.seeds)]
    held = {
        name: value
        for name, value in flatten(plan.config.settings()).items()
        if is_seen_in_figures(name) and not any(f"{name}.".startswith(f"{key}.") for key in varied)
    }
    return {
        "sweep": plan.name,
        "overrides": plan.recorded_overrides,
        "varied": {", ".join(axis.settings): axis.values for axis in plan.axes},
        "seeds": plan.seeds,
        "held": held,
    }


def page_heading(plan: Plan, verdicts: Sequence[Verdict]) -> PageHeading:
    """The heading of report.html: the command, the question and the verdicts."""
    command = shlex.join([".venv/bin/python", "-m", "pipeline", "-m", *plan.recorded_overrides])
    question, source = (plan.study.question, plan.study.source) if plan.study else ("", "")
    why = compare_command(THIS, "--causes", "all")
    return PageHeading(plan.name, command, question, source, verdicts, why)


def as_table(rows: Sequence[Row]) -> Table:
    """Rows of one kind as a table."""
    return Table(tuple(rows[0]), [tuple(row.values()) for row in rows])


def summary_curves(
    rows: Sequence[Mapping[str, Any]], axes: Sequence[Axis], metrics: Sequence[str]
) -> Iterator[tuple[str, Drawing]]:
    """The first metric along the longest numeric axis.

    Of the other axes the last is the lines and the first the panels; the rest are averaged over.
    """
    keys = [names[0] for names in varying(axes, rows)]
    numeric = [key for key in keys if all(is_number(row[key]) for row in rows)]
    if not numeric or not metrics:
        return
    x = max(numeric, key=lambda key: len({row[key] for row in rows}))
    others = [key for key in keys if key != x]
    hue = others[-1] if others else None
    panel = others[0] if len(others) > 1 else None
    name = f"{metrics[0]}_against_{x.rpartition('.')[2]}"
    yield name, curve(rows, x, hue, panel, metrics[0], over=others[1:-1])


def judge_laws(plan: Plan, rows: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    """The verdict on each law of the experiment."""
    if plan.study is None:
        return []
    settings = [key for keys in varying(plan.axes, rows) for key in keys]
    return [judge(rows, settings, **law_arguments(law)) for law in plan.study.holds]


def law_arguments(law: Law) -> dict[str, Any]:
    """A law as `judge` takes it, values as the rows hold them."""
    arguments = law.model_dump()
    along, where = arguments["along"], arguments["where"]
    arguments["along"] = None if along is None else [plain_value(value) for value in along]
    arguments["where"] = {name: plain_value(value) for name, value in where.items()}
    return arguments
