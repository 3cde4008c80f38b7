"""python -m pipeline.compare: runs side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from pipeline.command import Parser, guarded
from pipeline.compare.difference import differences
from pipeline.compare.read import Run, find_runs
from pipeline.compare.table import (
    against,
    differing,
    find_baseline,
    metric_names,
    runs_table,
    scalar,
    value_of,
)
from pipeline.records import Drawing, Table
from pipeline.store import ROOT, claim_comparison, shown, whole_or_gone, write_csv, write_drawings
from pipeline.terminal import console, grid, show_comparison


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 2 a fault of the user's."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: compare(arguments.paths, arguments.baseline), debug=arguments.debug)


def parser() -> Parser:
    """Paths and a baseline."""
    made = Parser(
        "python -m pipeline.compare",
        description="Runs side by side: the settings that differ, beside the metrics.",
    )
    made.add_argument("paths", nargs="*", metavar="PATH",
                      help="a run folder, a sweep folder or a folder of runs; "
                      "the newest sweep where none is named")  # fmt: skip
    made.add_argument("--baseline", metavar="RUN",
                      help="the run the others are held against, a folder or a part of its name; "
                      "the first where none is named")  # fmt: skip
    made.add_argument("--debug", action="store_true", help="keep the traceback of a fault")
    return made


def compare(paths: Sequence[str], asked: str | None) -> int:
    """Table, comparison.csv and, for two runs, the difference of their weights."""
    runs = find_runs(paths)
    baseline = find_baseline(runs, asked)
    metrics = metric_names(runs)
    table = against(runs_table(runs), metrics, baseline)
    folder = claim_comparison(ROOT / "outputs")
    with whole_or_gone(folder):
        write_csv(folder / "comparison.csv", table)
        pictures = draw_pair(runs, baseline) if len(runs) == 2 else []
        names = write_drawings(folder / "figures", pictures, ("png",), 144)
    show(runs, table, baseline, asked is not None, f"{shown(folder)}/comparison.csv")
    if len(runs) == 2 and not names:
        console().print("Weights not subtracted: the runs have no sentence of the same tokens.\n")
    print(shown(folder))
    return 0


def draw_pair(runs: Sequence[Run], baseline: int) -> Iterator[tuple[str, Drawing]]:
    """The other run minus the baseline, with the settings that changed as the caption."""
    before, after = runs[baseline], runs[1 - baseline]
    changed = [
        f"{name.rpartition('.')[2]} {value_of(before, name)} → {value_of(after, name)}"
        for name in differing(runs)
    ]
    return differences(before, after, ", ".join(changed[:3]) or "the same settings")


def show(runs: Sequence[Run], table: Table, baseline: int, named: bool, elsewhere: str) -> None:
    """Two runs as columns with their difference; more as rows."""
    settings, metrics = differing(runs), metric_names(runs)
    if not settings:
        console().print("The runs have the same settings.\n")
    if len(runs) == 2:
        before, after = runs[baseline], runs[1 - baseline]
        rows: list[tuple[object, ...]] = [
            (name, value_of(before, name), value_of(after, name), "") for name in settings
        ]
        for metric in metrics:
            one, two = scalar(before, metric), scalar(after, metric)
            rows.append((metric, one, two, two - one))
        console().print(f"baseline: {before.name}\nrun:      {after.name}\n", soft_wrap=True)
        console().print(grid("Two runs", ("", "baseline", "run", "difference"), rows), "")
        return
    width = 1 + len(settings) + len(metrics)
    columns, values = list(table.columns[1:width]), [list(row[1:width]) for row in table.rows]
    title = f"{len(runs)} runs"
    if named:
        for row, whole in zip(values, table.rows, strict=True):
            row[len(settings) :] = whole[width:]
        title += f", metrics as differences from {runs[baseline].folder.name}"
    show_comparison(title, columns, values, len(settings), elsewhere)


if __name__ == "__main__":
    sys.exit(main())
