"""--plan: what a sweep would run, which runs are done already, and how long the rest will take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.base.console import console, text_table
from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT, display_path
from pipeline.base.threads import cores
from pipeline.config.schema.sweep import ENGINES
from pipeline.store.layout import slug
from pipeline.store.ledger import Ledger
from pipeline.store.read.find import by_time
from pipeline.store.read.json import ResumablePlan, read_json
from pipeline.sweep.execute.conclude import resume_command
from pipeline.sweep.plan.equivalence import NO_EQUIVALENT
from pipeline.sweep.plan.plan import Plan
from pipeline.sweep.results.equivalents import show_equivalents

MAX_LISTED = 12  # runs listed
MAX_SWEEPS = 50  # earlier sweeps that are read, the newest first


def preview(plan: Plan, begun: Path | None = None) -> int:
    """Prints the plan and writes nothing; `begun` is the sweep that it would resume, if named."""
    out = console()
    out.print(headline(plan), soft_wrap=True)
    if plan.points.grid.axes:
        out.print(text_table("", ("what varies", "values"), list(axis_rows(plan)), left=2), "")
    if plan.config.where:
        out.print(f"Left out are all but those with {plan.config.where}\n", soft_wrap=True)
    show_equivalents(plan)
    folder = begun or same_plan(plan)
    done = done_runs(folder) if folder else {}
    missing = [p.folder for p in plan.points if p.same_as is None and p.folder not in done]
    show_missing(plan, missing, folder)
    out.print(time_line(plan, len(missing), folder), soft_wrap=True)
    out.print("Nothing was run or written.")
    return 0


def headline(plan: Plan) -> str:
    """How many runs: of the grid, left out, equivalent to others, to be made."""
    runs, distinct = len(plan.points), count_distinct(plan)
    sizes = [len(axis.values) for axis in plan.points.grid.axes]
    product = math.prod(sizes)
    line = f"{plan.name}: {count_runs(runs)}"
    if len(sizes) > 1:
        line += f", {' × '.join(map(str, sizes))}"
    if product > runs:
        line += f" less the {product - runs} that where leaves out"
    if distinct < runs:
        line += f"; {distinct} to be made, as the others are the same as these"
    return line


def count_distinct(plan: Plan) -> int:
    """How many runs are not the same as an earlier one."""
    return int((plan.points.equivalent == NO_EQUIVALENT).sum())


def count_runs(runs: int) -> str:
    """A number of runs in words.

    >>> count_runs(1), count_runs(2)
    ('1 run', '2 runs')
    """
    return f"{runs} run{'' if runs == 1 else 's'}"


def axis_rows(plan: Plan) -> Iterator[tuple[str, str]]:
    """Each axis with its values, the first and the last where they are many."""
    for axis in plan.points.grid.axes:
        values = [text[0] if len(text) == 1 else f"[{', '.join(text)}]" for text in axis.values]
        shown = (
            values if len(values) <= MAX_LISTED else [*values[: MAX_LISTED - 2], "…", values[-1]]
        )
        yield ", ".join(axis.settings), ", ".join(shorten_plain(value) for value in shown)


def shorten_plain(text: str) -> str:
    """A value as it was written, shortened to 40 characters."""
    return text if len(text) <= 40 else f"{text[:39]}…"


def show_missing(plan: Plan, missing: list[str], folder: Path | None) -> None:
    """How many runs are done, and the first of those that are not."""
    out = console()
    if folder:
        total, command = count_distinct(plan), resume_command(folder)
        line = f"Done already: {total - len(missing)} of {total}, in {display_path(folder)}"
        out.print(line + (f"; to go on with it: {command}" if missing else ""), soft_wrap=True)
    out.print(f"To run: {len(missing)}")
    for run in missing[:MAX_LISTED]:
        out.print(f"  {run}", soft_wrap=True)
    if len(missing) > MAX_LISTED:
        out.print(f"  and {len(missing) - MAX_LISTED} more")


def same_plan(plan: Plan) -> Path | None:
    """The newest sweep that was begun with exactly these runs."""
    keys = [point.key for point in plan.points]
    for folder in newest_first(plan, f"*_{slug(plan.name)}"):
        try:
            if [
                run["key"] for run in read_json(folder / "plan.json", ResumablePlan)["runs"]
            ] == keys:
                return folder
        except UserError:  # unreadable, or of another format
            continue
    return None


def newest_first(plan: Plan, pattern: str) -> Iterable[Path]:
    """Sweep folders, the newest first."""
    paths = (ROOT / plan.config.outputs / "sweeps").glob(f"{pattern}/plan.json")
    return [path.parent for path in by_time(paths)[: -MAX_SWEEPS - 1 : -1]]


def done_runs(folder: Path) -> dict[str, dict[str, Any]]:
    """The finished runs of a sweep, from its ledger."""
    entries = Ledger(folder / "ledger.jsonl").entries()
    return {run: entry for run, entry in entries.items() if entry["status"] == "done"}


def time_line(plan: Plan, missing: int, folder: Path | None) -> str:
    """How long the missing runs will take, from the newest sweep that was timed."""
    if not missing:
        return "Time: none"
    folders = [
        *([folder] if folder else []),
        *newest_first(plan, f"*_{slug(plan.name)}"),
        *newest_first(plan, "*"),
    ]
    for timed in folders:
        seconds = [float(entry["seconds"]) for entry in done_runs(timed).values()]
        if seconds:
            mean = sum(seconds) / len(seconds)
            workers = min(missing, workers_of(plan))
            total, each = format_duration(mean * missing / workers), format_duration(mean)
            parallel = f", {workers} at a time" if workers > 1 else ""
            source = f"the mean of {count_runs(len(seconds))} of {display_path(timed)}"
            return f"Time: about {total} ({each} a run{parallel}; {source})"
    return "Time: not known, as no sweep has been timed yet"


def workers_of(plan: Plan) -> int:
    """How many runs are made at a time."""
    settings = plan.config.sweep
    return settings.workers or cores() if ENGINES[settings.engine].is_parallel else 1


def format_duration(seconds: float) -> str:
    """A duration in a unit that suits it.

    >>> (
    ...     format_duration(0.0041),
    ...     format_duration(0.32),
    ...     format_duration(600),
    ...     format_duration(20_000),
    ... )
    ('4.1 ms', '0.3 s', '10 min', '5.6 h')
    """
    for least, size, unit in ((7200, 3600, "h"), (120, 60, "min"), (0.1, 1, "s")):
        if seconds >= least:
            return f"{seconds / size:.{0 if seconds >= 10 * size else 1}f} {unit}"
    return f"{seconds * 1000:.1f} ms"
