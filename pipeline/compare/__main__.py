"""python -m pipeline.compare: runs side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.command import Parser, guarded
from pipeline.compare.difference import difference
from pipeline.compare.find import find_runs
from pipeline.compare.formats import latex, markdown, shortened
from pipeline.compare.groups import columns_for, grouped
from pipeline.compare.names import chosen, find_baseline, in_order
from pipeline.compare.pair import drawings, pairs_moved, rows_moved, sides, without_partner
from pipeline.compare.read import Run
from pipeline.compare.show import show_groups, show_many, show_pair
from pipeline.compare.table import against, metric_names, runs_table
from pipeline.faults import Fault
from pipeline.records import Table
from pipeline.store import (
    ROOT,
    claim_comparison,
    shown,
    whole_or_gone,
    write,
    write_csv,
    write_drawings,
)

EXAMPLES = """\
examples
  python -m pipeline.compare                                  the newest sweep
  python -m pipeline.compare latest:2                         your last two runs, subtracted
  python -m pipeline.compare "outputs/sweeps/*" --where "temperature < 1 and scale == 'none'"
  python -m pipeline.compare outputs/sweeps/X --over seed --sort entropy
  python -m pipeline.compare A B --baseline A --relative"""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 2 a fault of the user's."""
    arguments = parser().parse_intermixed_args(argv)
    return guarded(lambda: compare(arguments), debug=arguments.debug)


def parser() -> Parser:
    """Which runs, how they are laid out, and what is worked out of them."""
    made = Parser(
        "python -m pipeline.compare",
        description="Runs side by side: the settings that differ, beside the metrics. Of two runs "
        "the difference. Tables and figures go to a new folder of outputs/comparisons.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("paths", nargs="*", metavar="RUNS",
                      help="run folders, sweep folders, folders of runs, globs of these, latest or "
                      "latest:3 (single runs); the newest sweep where there is none")  # fmt: skip
    which = made.add_argument_group("which runs, in which order")
    which.add_argument("--where", metavar="CONDITION",
                       help="as in \"temperature < 1 and scale == 'none'\"")  # fmt: skip
    which.add_argument("--sort", metavar="NAME,…", help="by settings or metrics, ascending")
    which.add_argument("--reverse", action="store_true", help="the other way round")
    which.add_argument("--baseline", metavar="RUN",
                       help="the run the others are held against, a folder or a part of its name; "
                       "the first where none is named")  # fmt: skip
    table = made.add_argument_group("the table")
    table.add_argument("--relative", action="store_true",
                       help="metrics as percent of the baseline's")  # fmt: skip
    groups = table.add_mutually_exclusive_group()
    groups.add_argument("--by", metavar="NAME,…",
                        help="a row a group of runs with these settings: means, standard errors "
                        "and 95 %% bootstrap intervals over the rest")  # fmt: skip
    groups.add_argument("--over", metavar="NAME,…",
                        help="the same, a row a group of runs that differ in these alone "
                        "(--over seed)")  # fmt: skip
    made.add_argument("--debug", action="store_true", help="keep the traceback of a fault")
    return made


def compare(asked: argparse.Namespace) -> int:
    """Finds the runs, lays them out, writes and shows what was asked for."""
    runs = in_order(chosen(find_runs(asked.paths), asked.where), asked.sort, asked.reverse)
    baseline = find_baseline(runs, asked.baseline)
    is_grouped = asked.by is not None or asked.over is not None
    if is_grouped and (asked.relative or asked.baseline):
        raise Fault("--by and --over: give means of groups, which have no baseline run; "
                    "leave --baseline and --relative out")  # fmt: skip
    by = columns_for(runs, asked.by, asked.over) if is_grouped else []
    folder = claim_comparison(ROOT / "outputs")
    with whole_or_gone(folder):
        if is_grouped:
            of_groups(runs, by, folder)
        elif len(runs) == 2:
            of_two(runs, baseline, folder)
        else:
            of_many(runs, baseline, asked, folder)
    print(shown(folder))
    return 0


def of_groups(runs: Sequence[Run], by: Sequence[str], folder: Path) -> None:
    """Means of groups, and how sure they are."""
    groups = grouped(runs, by)
    write_tables(folder, groups.table, groups.table)
    show_groups(groups, metric_names(runs), f"{shown(folder)}/comparison.csv")


def of_many(runs: Sequence[Run], baseline: int, asked: argparse.Namespace, folder: Path) -> None:
    """A row a run, with the metrics' changes from the baseline."""
    table, metrics = runs_table(runs), metric_names(runs)
    whole = against(table, metrics, baseline, asked.relative)
    write_tables(folder, whole, table)
    stands = "relative" if asked.relative else "change" if asked.baseline else "values"
    name = runs[baseline].folder.name
    show_many(runs, whole, name, stands, f"{shown(folder)}/comparison.csv")


def of_two(runs: Sequence[Run], baseline: int, folder: Path) -> None:
    """The difference of two: what changed, what moved, and the pictures of it."""
    found = difference(runs[baseline], runs[1 - baseline])
    table = against(runs_table(runs), metric_names(runs), baseline, is_relative=True)
    write_tables(folder, table, sides(found))
    extra = {"rows": rows_moved(found), "pairs": pairs_moved(found)}
    for name, one in (extra | {"unpaired": without_partner(found)}).items():
        if one.rows:
            write_csv(folder / f"{name}.csv", one)
    write_drawings(folder / "figures", drawings(found), ("png",), 144)
    show_pair(found)


def write_tables(folder: Path, whole: Table, short: Table) -> None:
    """comparison.csv, with everything; comparison.md and .tex, to be shown to others."""
    write_csv(folder / "comparison.csv", whole)
    named = Table(shortened(short.columns), short.rows)
    write(folder / "comparison.md", markdown(named))
    write(folder / "comparison.tex", latex(named))


if __name__ == "__main__":
    sys.exit(main())
