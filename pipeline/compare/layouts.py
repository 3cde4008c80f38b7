"""What a comparison writes: one function a layout, each giving back what shows it afterwards.

Nothing is shown before everything is written, so that a fault stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pipeline.compare.causes import causes, causes_table
from pipeline.compare.difference import difference
from pipeline.compare.effects import effects_table
from pipeline.compare.figures import Draw
from pipeline.compare.formats import latex, markdown, shortened
from pipeline.compare.groups import grouped
from pipeline.compare.multiples import curves, grids
from pipeline.compare.pair import drawings, pairs_moved, rows_moved, sides, without_partner
from pipeline.compare.read import Run
from pipeline.compare.show import show_groups, show_many, show_pair, show_pictures
from pipeline.compare.table import against, metric_names, runs_table
from pipeline.compare.why import effect_bars, show_causes, show_effects, waterfalls
from pipeline.ledger import Ledger
from pipeline.records import Table
from pipeline.store import shown, write, write_csv

Show = Callable[[], None]
LEGIBLE = 1000  # rows up to which a table is written to be read


def of_groups(runs: Sequence[Run], by: Sequence[str], folder: Path) -> Show:
    """Means of groups, and how sure they are."""
    groups = grouped(runs, by)
    write_tables(folder, groups.table, groups.table)
    return partial(show_groups, groups, metric_names(runs), f"{shown(folder)}/comparison.csv")


def of_many(
    runs: Sequence[Run], baseline: int, is_relative: bool, is_named: bool, folder: Path
) -> Show:
    """A row a run, with the metrics' changes from the baseline."""
    table, metrics = runs_table(runs), metric_names(runs)
    whole = against(table, metrics, baseline, is_relative)
    write_tables(folder, whole, table)
    stands = "relative" if is_relative else "change" if is_named else "values"
    name = runs[baseline].folder.name
    return partial(show_many, runs, whole, name, stands, f"{shown(folder)}/comparison.csv")


def of_two(runs: Sequence[Run], baseline: int, folder: Path, draw: Draw) -> Show:
    """The difference of two: what changed, what moved, and the pictures of it."""
    found = difference(runs[baseline], runs[1 - baseline])
    table = against(runs_table(runs), metric_names(runs), baseline, is_relative=True)
    write_tables(folder, table, sides(found))
    extra = {"rows": rows_moved(found), "pairs": pairs_moved(found)}
    for name, one in (extra | {"unpaired": without_partner(found)}).items():
        if one.rows:
            write_csv(folder / f"{name}.csv", one)
    draw(drawings(found))
    return partial(show_pair, found)


def why_two(
    pair: tuple[Run, Run], metrics: Sequence[str], together: str | None, folder: Path, draw: Draw
) -> Show:
    """Which setting accounts for how much of the change."""
    with Ledger(folder / "ledger.jsonl").held() as ledger:
        found = causes(*pair, metrics, together, ledger.append)
    write_csv(folder / "causes.csv", causes_table(found))
    write_csv(folder / "mixtures.csv", found.mixtures)
    draw(waterfalls(found))
    return partial(show_causes, found)


def why_many(runs: Sequence[Run], metrics: Sequence[str], folder: Path, draw: Draw) -> Show:
    """Which setting of a grid accounts for how much of the variance."""
    table = effects_table(runs, metrics)
    write_csv(folder / "effects.csv", table)
    draw(effect_bars(table))
    return partial(show_effects, table)


def in_pictures(runs: Sequence[Run], grid: str | None, along: str | None, draw: Draw) -> Show:
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
    write(folder / "comparison.md", markdown(named))
    write(folder / "comparison.tex", latex(named))
