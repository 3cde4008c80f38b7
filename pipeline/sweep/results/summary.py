"""What a sweep's finished runs show: summary.csv, the table, the curve and the verdicts."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from pipeline.base.console import console, show_table, text_table
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
from pipeline.store.schema import ENTRY, read_json
from pipeline.store.write.figures import write_figures
from pipeline.store.write.table import write_csv
from pipeline.sweep.plan.axes import Axis
from pipeline.sweep.plan.plan import Plan
from pipeline.sweep.results.equivalents import show_equivalents
from pipeline.sweep.results.rows import Entries, Row, metrics_in, run_rows, setting_rows

SHOWN = 60  # rows printed; summary.csv has all
THIS = "path/to/this/sweep"  # in a command on the page, which tells nothing of where it was made


def summarize(plan: Plan, folder: Path, entries: Entries) -> None:
    """Writes what the finished runs show and prints it; `entries` are their lines of the ledger."""
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
    how = figures.formats, figures.dpi, figures.style
    names = write_figures(folder / "figures", drawings, *how, about=about_sweep(plan))
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


def about_sweep(plan: Plan) -> dict[str, Any]:
    """What a sweep's figures say of themselves: what was asked, what varied and what was held."""
    varied = [*(name for axis in plan.axes for name in axis.settings), *["seed"] * bool(plan.seeds)]
    held = {
        name: value
        for name, value in flatten(plan.config.settings()).items()
        if is_seen_in_figures(name) and not any(f"{name}.".startswith(f"{one}.") for one in varied)
    }
    return {
        "sweep": plan.name,
        "overrides": plan.recorded_overrides,
        "varied": {", ".join(axis.settings): axis.values for axis in plan.axes},
        "seeds": plan.seeds,
        "held": held,
    }


def page_heading(plan: Plan, verdicts: Sequence[Verdict]) -> PageHeading:
    """What report.html tells beside the runs."""
    command = shlex.join([".venv/bin/python", "-m", "pipeline", "-m", *plan.recorded_overrides])
    question, source = (plan.study.question, plan.study.source) if plan.study else ("", "")
    why = compare_command(THIS, "--causes", "all")
    return PageHeading(plan.name, command, question, source, verdicts, why)


def as_table(rows: Sequence[Row]) -> Table:
    """Rows of one kind as a table."""
    return Table(tuple(rows[0]), [tuple(row.values()) for row in rows])


def varying(axes: Sequence[Axis], rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The settings of each axis that take more than one value; an axis without any is left out."""
    kept = [[s for s in axis.settings if len({row[s] for row in rows}) > 1] for axis in axes]
    return [settings for settings in kept if settings]


def summary_curves(
    rows: Sequence[Mapping[str, Any]], axes: Sequence[Axis], metrics: Sequence[str]
) -> Iterator[tuple[str, Drawing]]:
    """The first metric along the longest numeric axis.

    The last other axis gives the lines and the first the panels; over any between is the mean.
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
    given = law.model_dump()
    along, where = given["along"], given["where"]
    given["along"] = None if along is None else [plain_value(value) for value in along]
    given["where"] = {name: plain_value(value) for name, value in where.items()}
    return given


def show(plan: Plan, rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], at: Path) -> None:
    """The question, and the table of what differs beside the metrics."""
    if plan.study:
        console().print(f"{plan.study.question}\n({plan.study.source})\n")
    settings = [keys[0] for keys in varying(plan.axes, rows)]
    columns = [*settings, *metrics]
    cells = [tuple(row[column] for column in columns) for row in rows[:SHOWN]]
    title = f"{plan.name}, {len(rows)} {'settings' if plan.seeds else 'runs'}"
    if len(rows) > SHOWN:
        title += f", the first {SHOWN} of them"
    show_table(title, columns, cells, len(settings), f"{display_path(at)}/summary.csv")


def show_repeats(plan: Plan, rows: Sequence[Row]) -> None:
    """Over what the means are."""
    if not plan.seeds:
        return
    fewest = min(row["runs"] for row in rows)
    missing = f", of one setting {fewest}" if fewest < len(plan.seeds) else ""
    told = f"Each row is the mean of {len(plan.seeds)} seeds{missing}"
    console().print(f"{told}; summary.csv has standard errors and 95 % intervals.", soft_wrap=True)


def show_notices(plan: Plan, entries: Entries, folder: Path) -> None:
    """Where the vectors come from, and how often each kind of notice stands in the runs."""
    abouts = [about(entry, folder / "runs" / run) for run, entry in entries.items()]
    for source in dict.fromkeys(str(one["vectors"]) for one in abouts):
        console().print(f"embeddings: {source}")
    told = Counter(notice.partition(" (")[0] for one in abouts for notice in one["notices"])
    for notice, count in told.items():
        console().print(f"Notice in {count} of {len(abouts)} runs: {notice}")
    console().print()


def about(entry: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """What a run says of itself, from the ledger or else from its folder."""
    return entry if "notices" in entry else read_json(folder / "run.json", ENTRY, "sweep")


def show_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Each law, whether it holds, and in how many pairs of runs."""
    rows = [(verdict_word(v), v.claim, f"{v.kept} of {v.checked}", v.worst) for v in verdicts]
    if rows:
        columns = ("law", "claim", "pairs", "smallest margin")
        console().print(text_table("What must hold", columns, rows, left=2), "")


def verdict_word(verdict: Verdict) -> str:
    """What is said of a law: a law that found no two runs to compare was not put to the test.

    >>> verdict_word(Verdict("", holds=False, checked=0, kept=0, worst=float("nan")))
    'untested'
    """
    if not verdict.checked:
        return "untested"
    return "holds" if verdict.holds else "FAILS"
