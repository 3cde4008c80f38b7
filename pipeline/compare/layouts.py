"""What a comparison writes: one function a layout, each giving back what shows it afterwards.

Nothing is shown before everything is written, so that a fault stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pipeline.base.paths import display_path
from pipeline.base.tables import Table
from pipeline.compare.causes.attribution import attribute, causes_table
from pipeline.compare.causes.effects import effects_table
from pipeline.compare.causes.show import effect_bars, show_causes, show_effects, waterfalls
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
from pipeline.store.read.run import Run
from pipeline.store.write.table import write_csv

Show = Callable[[], None]
LEGIBLE = 1000  # rows up to which a table is written to be read


def groups_layout(runs: Sequence[Run], by: Sequence[str], folder: Path) -> Show:
    """Means of groups, and how sure they are."""
    groups = group_runs(runs, by)
    write_tables(folder, groups.table, groups.table)
    return partial(
        show_groups, groups, metric_names(runs), f"{display_path(folder)}/comparison.csv"
    )


def table_layout(
    runs: Sequence[Run], baseline: int, is_relative: bool, is_named: bool, folder: Path
) -> Show:
    """A row a run, with the metrics' changes from the baseline."""
    table, metrics = runs_table(runs), metric_names(runs)
    whole = with_changes_from(table, metrics, baseline, is_relative)
    write_tables(folder, whole, table)
    stands = "relative" if is_relative else "change" if is_named else "values"
    name = runs[baseline].folder.name
    return partial(show_many, runs, whole, name, stands, f"{display_path(folder)}/comparison.csv")


def pair_layout(runs: Sequence[Run], baseline: int, folder: Path, draw: Draw) -> Show:
    """The difference of two: what changed, what moved, and the pictures of it."""
    found = difference(runs[baseline], runs[1 - baseline])
    table = with_changes_from(runs_table(runs), metric_names(runs), baseline, is_relative=True)
    write_tables(folder, table, summary_table(found))
    extra = {"rows": row_distances(found), "pairs": largest_changes(found)}
    for name, one in (extra | {"unpaired": unpaired_tokens(found)}).items():
        if one.rows:
            write_csv(folder / f"{name}.csv", one)
    draw(drawings(found))
    return partial(show_pair, found)


def causes_layout(
    pair: tuple[Run, Run], metrics: Sequence[str], together: str | None, folder: Path, draw: Draw
) -> Show:
    """Which setting accounts for how much of the change."""
    with Ledger(folder / "ledger.jsonl").locked() as ledger:
        found = attribute(*pair, metrics, together, ledger.append)
    write_csv(folder / "causes.csv", causes_table(found))
    write_csv(folder / "mixtures.csv", found.mixtures)
    draw(waterfalls(found))
    return partial(show_causes, found)


def anova_layout(runs: Sequence[Run], metrics: Sequence[str], folder: Path, draw: Draw) -> Show:
    """Which setting of a grid accounts for how much of the variance."""
    table = effects_table(runs, metrics)
    write_csv(folder / "effects.csv", table)
    draw(effect_bars(table))
    return partial(show_effects, table)


def figures_layout(runs: Sequence[Run], grid: str | None, along: str | None, draw: Draw) -> Show:
    """Heatmaps over two settings, and a metric along one."""
    pictures = [*(grids(runs, grid) if grid else ()), *([curves(runs, along)] if along else ())]
    return partial(show_pictures, draw(pictures))


def write_tables(folder: Path, whole: Table, short: Table) -> None:
    """comparison.csv, with everything; comparison.md and .tex, to be shown to others.

    Nobody is shown thousands of rows: such a table is CSV alone.
    """
    write_csv(folder / "comparison.csv", whole)
    if len(short.rows) > LEGIBLE:
        return
    named = Table(shortened(short.columns), short.rows)
    write_file(folder / "comparison.md", markdown(named))
    write_file(folder / "comparison.tex", latex(named))
