"""The layouts of a comparison: how runs are set side by side.

To add one: a function that writes its files and returns what shows them in the terminal, and its
entry in `LAYOUTS`, which says when it applies. Everything is written before anything is shown, so
that an error stands alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.base.paths import display_path
from pipeline.base.tables import Table
from pipeline.compare.causes.attribution import attribute, causes_table
from pipeline.compare.causes.effects import effects_table
from pipeline.compare.causes.show import effect_bars, show_causes, show_effects, waterfalls
from pipeline.compare.comparison import Comparison
from pipeline.compare.figures import Draw
from pipeline.compare.formats import latex, markdown, shortened
from pipeline.compare.multiples import curves, grids
from pipeline.compare.pair.difference import difference
from pipeline.compare.pair.tables import (
    drawings,
    largest_changes,
    row_distances,
    summary_table,
    unpaired_tokens,
)
from pipeline.compare.show import show_groups, show_many, show_pair, show_pictures
from pipeline.compare.table import group_runs, metric_names, runs_table, with_changes_from
from pipeline.store.atomic import write_file
from pipeline.store.ledger import Ledger
from pipeline.store.write.table import write_csv

Show = Callable[[], None]
LEGIBLE = 1000  # rows up to which a table is also written as Markdown and LaTeX


@dataclass(frozen=True)
class Layout:
    """One way to set runs side by side."""

    applies: Callable[[Comparison], bool]
    write: Callable[[Comparison, Path, Draw], Show]
    draws: bool  # whether it has figures


def groups_layout(asked: Comparison, folder: Path, draw: Draw) -> Show:
    """Means over groups of runs, with their standard errors and intervals."""
    assert asked.by is not None
    groups = group_runs(asked.runs, asked.by)
    write_tables(folder, groups.table, groups.table)
    csv = f"{display_path(folder)}/comparison.csv"
    return partial(show_groups, groups, metric_names(asked.runs), csv)


def table_layout(asked: Comparison, folder: Path, draw: Draw) -> Show:
    """One row per run, with each metric's change from the baseline."""
    runs, metrics = asked.runs, metric_names(asked.runs)
    table = runs_table(runs)
    whole = with_changes_from(table, metrics, asked.baseline, asked.is_relative)
    write_tables(folder, whole, table)
    shown = "relative" if asked.is_relative else "change" if asked.is_baseline_named else "values"
    name, csv = runs[asked.baseline].folder.name, f"{display_path(folder)}/comparison.csv"
    return partial(show_many, runs, whole, name, shown, csv)


def pair_layout(asked: Comparison, folder: Path, draw: Draw) -> Show:
    """The difference of two runs: changed settings, metrics, weights and embeddings."""
    runs, found = asked.runs, difference(*asked.pair)
    table = with_changes_from(runs_table(runs), metric_names(runs), asked.baseline, True)
    write_tables(folder, table, summary_table(found))
    tables = {
        "rows": row_distances(found),
        "pairs": largest_changes(found),
        "unpaired": unpaired_tokens(found),
    }
    for name, rows in tables.items():
        if rows.rows:
            write_csv(folder / f"{name}.csv", rows)
    draw(drawings(found))
    return partial(show_pair, found)


def causes_layout(asked: Comparison, folder: Path, draw: Draw) -> Show:
    """How much of the change between two runs each setting accounts for."""
    with Ledger(folder / "ledger.jsonl").locked() as ledger:
        found = attribute(*asked.pair, asked.causes_of, asked.together, ledger.append)
    write_csv(folder / "causes.csv", causes_table(found))
    write_csv(folder / "mixtures.csv", found.mixtures)
    draw(waterfalls(found))
    return partial(show_causes, found)


def anova_layout(asked: Comparison, folder: Path, draw: Draw) -> Show:
    """How much of the variance over a full grid each setting accounts for."""
    table = effects_table(asked.runs, asked.causes_of)
    write_csv(folder / "effects.csv", table)
    draw(effect_bars(table))
    return partial(show_effects, table)


def figures_layout(asked: Comparison, folder: Path, draw: Draw) -> Show:
    """Heatmaps over two settings, and a metric along one."""
    heatmaps = grids(asked.runs, asked.grid) if asked.grid else ()
    lines = [curves(asked.runs, asked.curve)] if asked.curve else []
    return partial(show_pictures, draw([*heatmaps, *lines]))


LAYOUTS: dict[str, Layout] = {  # in the order in which they are shown
    "groups": Layout(lambda a: a.by is not None, groups_layout, draws=False),
    "pair": Layout(lambda a: a.by is None and a.is_pair, pair_layout, draws=True),
    "table": Layout(lambda a: a.by is None and not a.is_pair, table_layout, draws=False),
    "causes": Layout(lambda a: bool(a.causes_of) and a.is_pair, causes_layout, draws=True),
    "anova": Layout(lambda a: bool(a.causes_of) and not a.is_pair, anova_layout, draws=True),
    "figures": Layout(lambda a: bool(a.grid or a.curve), figures_layout, draws=True),
}


def layouts_for(asked: Comparison) -> list[Layout]:
    """The layouts that apply."""
    return [layout for layout in LAYOUTS.values() if layout.applies(asked)]


def write_tables(folder: Path, whole: Table, short: Table) -> None:
    """comparison.csv with all columns; comparison.md and .tex, for readers, of a short table."""
    write_csv(folder / "comparison.csv", whole)
    if len(short.rows) > LEGIBLE:
        return
    named = Table(shortened(short.columns), short.rows)
    write_file(folder / "comparison.md", markdown(named))
    write_file(folder / "comparison.tex", latex(named))
