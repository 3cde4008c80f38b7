"""python -m pipeline.compare: runs side by side."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence

from pipeline.base.command import Parser, guarded
from pipeline.base.console import console
from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT, display_path
from pipeline.compare.causes.attribution import pick_metrics
from pipeline.compare.columns import find_baseline, select_runs, sort_runs
from pipeline.compare.comparison import Comparison
from pipeline.compare.figures import check_saving, figure_writer, file_settings
from pipeline.compare.layouts import layouts_for
from pipeline.compare.page import comparison_heading, page
from pipeline.compare.table import columns_for, metric_names
from pipeline.store.atomic import remove_on_error, write_file
from pipeline.store.layout import claim_comparison
from pipeline.store.read.find import find_runs

EXAMPLES = """\
examples
  python -m pipeline.compare                                  the newest sweep
  python -m pipeline.compare latest:2                         your last two runs, subtracted
  python -m pipeline.compare "outputs/sweeps/*" --where "temperature < 1 and scale == 'none'"
  python -m pipeline.compare outputs/sweeps/X --over seed --sort entropy
  python -m pipeline.compare A B --causes entropy             what each setting accounts for
  python -m pipeline.compare --curve entropy,temperature --paper   PDF and SVG for print"""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 2 a `UserError`."""
    arguments = parser().parse_intermixed_args(argv)
    return guarded(lambda: compare(arguments), debug=arguments.debug)


def parser() -> Parser:
    """The command's options: which runs, in which layout, with which figures."""
    options = Parser(
        "python -m pipeline.compare",
        description="Runs side by side: the settings that differ, beside the metrics. Of two runs "
        "the difference. Tables and figures go to a new folder of outputs/comparisons.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    options.add_argument("paths", nargs="*", metavar="RUNS",
                      help="run folders, sweep folders, folders of runs, globs of these, latest or "
                      "latest:3 (single runs); the newest sweep where there is none")  # fmt: skip
    which = options.add_argument_group("which runs, in which order")
    which.add_argument("--where", metavar="CONDITION",
                       help="as in \"temperature < 1 and scale == 'none'\"")  # fmt: skip
    which.add_argument("--sort", metavar="NAME,…", help="by settings or metrics, ascending")
    which.add_argument("--reverse", action="store_true", help="the other way round")
    which.add_argument("--baseline", metavar="RUN",
                       help="the run the others are compared with, a folder or a part of its name; "
                       "the first where none is named")  # fmt: skip
    table = options.add_argument_group("the table")
    table.add_argument("--relative", action="store_true",
                       help="metrics as percent of the baseline's")  # fmt: skip
    groups = table.add_mutually_exclusive_group()
    groups.add_argument("--by", metavar="NAME,…",
                        help="one row per group of runs with these settings: means, standard "
                        "errors and 95 %% bootstrap intervals over the rest")  # fmt: skip
    groups.add_argument("--over", metavar="NAME,…",
                        help="the same, one row per group of runs that differ in these alone "
                        "(--over seed)")  # fmt: skip
    why = options.add_argument_group("causes")
    why.add_argument("--causes", metavar="METRIC,…",
                     help="of two runs: how much of the change each setting accounts for, from "
                     "runs that are mixtures of both (Shapley values); of a full grid: each "
                     "setting's share of the variance; all is every metric")  # fmt: skip
    why.add_argument("--together", metavar="NAME,…",
                     help="settings that --causes moves as one, for one is wrong without the "
                     "other (sentences,embeddings)")  # fmt: skip
    pictures = options.add_argument_group("pictures")
    pictures.add_argument("--grid", metavar="ROWS,COLUMNS",
                          help="heatmaps over two settings on one color scale "
                          "(scale,temperature)")  # fmt: skip
    pictures.add_argument("--curve", metavar="METRIC,ALONG[,COLOR]",
                          help="a metric along a numeric setting, with 95 %% intervals "
                          "(entropy,temperature,scale)")  # fmt: skip
    pictures.add_argument("--paper", action="store_true",
                          help="as PDF and SVG, as wide as a journal's columns")  # fmt: skip
    pictures.add_argument("--formats", metavar="FORMAT,…",
                          help="any of png, svg, pdf; png where none is named")  # fmt: skip
    pictures.add_argument("--dpi", type=int, metavar="N",
                          help="pixels per inch of a png; 144 where none is named")  # fmt: skip
    options.add_argument("--debug", action="store_true", help="keep the traceback of an error")
    return options


def compare(arguments: argparse.Namespace) -> int:
    """Finds the runs, writes all layouts that apply, and then shows them."""
    how = file_settings(arguments.formats, arguments.dpi, arguments.paper)
    asked = comparison_of(arguments)
    layouts = layouts_for(asked)
    if not any(layout.draws for layout in layouts):
        check_saving(vars(arguments))
    folder = claim_comparison(ROOT / "outputs")
    draw = figure_writer(folder, how, asked.runs, vars(arguments))
    with remove_on_error(folder):
        shows = [layout.write(asked, folder, draw) for layout in layouts]
        heading = comparison_heading(asked.runs, vars(arguments))
        write_file(folder / "report.html", page(asked.runs, heading))
    for show in shows:
        show()
    console().print(f"page: {display_path(folder)}/report.html", soft_wrap=True)
    print(display_path(folder))
    return 0


def comparison_of(arguments: argparse.Namespace) -> Comparison:
    """The runs that the arguments name, in order, and what is asked of them."""
    named = find_runs(arguments.paths)
    runs = sort_runs(select_runs(named, arguments.where), arguments.sort, arguments.reverse)
    baseline = find_baseline(runs, arguments.baseline)
    is_grouped = arguments.by is not None or arguments.over is not None
    if is_grouped and (arguments.relative or arguments.baseline):
        raise UserError("--by and --over: give means of groups, which have no baseline run; "
                    "leave --baseline and --relative out")  # fmt: skip
    by = columns_for(runs, arguments.by, arguments.over) if is_grouped else None
    metrics = pick_metrics(metric_names(runs), arguments.causes) if arguments.causes else []
    return Comparison(
        runs,
        baseline,
        is_baseline_named=bool(arguments.baseline),
        is_relative=arguments.relative,
        by=by,
        causes_of=metrics,
        together=arguments.together,
        grid=arguments.grid,
        curve=arguments.curve,
    )


if __name__ == "__main__":
    gc.set_threshold(50_000)  # as in python -m pipeline
    code = main()
    gc.freeze()
    sys.exit(code)
