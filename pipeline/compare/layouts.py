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
from pipeline.compare.formats import latex, markdown, shortened
from pipeline.compare.groups import grouped
from pipeline.compare.multiples import curves, grids
from pipeline.compare.pair import drawings, pairs_moved, rows_moved, sides, without_partner
from pipeline.compare.read import Run
from pipeline.compare.settings import differing, value_of
from pipeline.compare.show import show_groups, show_many, show_pair, show_pictures
from pipeline.compare.table import against, metric_names, runs_table
from pipeline.compare.why import effect_bars, show_causes, show_effects, waterfalls
from pipeline.ledger import Ledger
from pipeline.records import Drawing, Table
from pipeline.store import shown, write, write_csv, write_drawings

Show = Callable[[], None]
TOLD = 50  # runs that a picture names in its metadata
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


def of_two(runs: Sequence[Run], baseline: int, folder: Path) -> Show:
    """The difference of two: what changed, what moved, and the pictures of it."""
    found = difference(runs[baseline], runs[1 - baseline])
    table = against(runs_table(runs), metric_names(runs), baseline, is_relative=True)
    write_tables(folder, table, sides(found))
    extra = {"rows": rows_moved(found), "pairs": pairs_moved(found)}
    for name, one in (extra | {"unpaired": without_partner(found)}).items():
        if one.rows:
            write_csv(folder / f"{name}.csv", one)
    draw(folder, list(drawings(found)), runs)
    return partial(show_pair, found)


def why_two(
    pair: tuple[Run, Run], metrics: Sequence[str], together: str | None, folder: Path
) -> Show:
    """Which setting accounts for how much of the change."""
    with Ledger(folder / "ledger.jsonl").held() as ledger:
        found = causes(*pair, metrics, together, ledger.append)
    write_csv(folder / "causes.csv", causes_table(found))
    write_csv(folder / "mixtures.csv", found.mixtures)
    draw(folder, list(waterfalls(found)), pair)
    return partial(show_causes, found)


def why_many(runs: Sequence[Run], metrics: Sequence[str], folder: Path) -> Show:
    """Which setting of a grid accounts for how much of the variance."""
    table = effects_table(runs, metrics)
    write_csv(folder / "effects.csv", table)
    draw(folder, list(effect_bars(table)), runs)
    return partial(show_effects, table)


def in_pictures(runs: Sequence[Run], grid: str | None, along: str | None, folder: Path) -> Show:
    """Heatmaps over two settings, and a metric along one."""
    pictures = [*(grids(runs, grid) if grid else ()), *([curves(runs, along)] if along else ())]
    return partial(show_pictures, folder, draw(folder, pictures, runs))


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


def draw(folder: Path, pictures: Sequence[tuple[str, Drawing]], runs: Sequence[Run]) -> list[str]:
    """Pictures into the folder of figures, with what sets their runs apart; their names."""
    settings = differing(runs)
    told = {run.name: {name: value_of(run, name) for name in settings} for run in runs[:TOLD]}
    about = {"comparison of": told}
    return write_drawings(folder / "figures", pictures, ("png",), 144, about=about)
