"""--plan: what a sweep would run, what of it is done already and how long the rest will take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.base.console import console, text_table
from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT, display_path
from pipeline.base.threads import cores
from pipeline.store.layout import slug
from pipeline.store.ledger import Ledger
from pipeline.store.read.find import by_time
from pipeline.store.schema import BEGUN, read_json
from pipeline.sweep.execute.execute import resume_command
from pipeline.sweep.plan.equivalence import NO_EQUIVALENT
from pipeline.sweep.plan.plan import Plan
from pipeline.sweep.results.equivalents import show_equivalents

SHOWN = 12  # runs listed
BACK = 50  # sweeps looked back at, the newest first


def preview(plan: Plan, begun: Path | None = None) -> int:
    """Prints the plan and writes nothing; `begun` is the sweep it would go on with, if named."""
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
    out.print(time_told(plan, len(missing), folder), soft_wrap=True)
    out.print("Nothing was run or written.")
    return 0


def headline(plan: Plan) -> str:
    """The counts: of the product, of what is left out, of what is the same, of what is run."""
    runs, alone = len(plan.points), int((plan.points.equivalent == NO_EQUIVALENT).sum())
    sizes = [len(axis.values) for axis in plan.points.grid.axes]
    whole = math.prod(sizes)
    told = f"{plan.name}: {count_runs(runs)}"
    if len(sizes) > 1:
        told += f", {' × '.join(map(str, sizes))}"
    if whole > runs:
        told += f" less the {whole - runs} that where leaves out"
    return told + (f"; {alone} to be made, as the others are the same as these" * (alone < runs))


def count_runs(runs: int) -> str:
    """So many runs.

    >>> count_runs(1), count_runs(2)
    ('1 run', '2 runs')
    """
    return f"{runs} run{'' if runs == 1 else 's'}"


def axis_rows(plan: Plan) -> Iterator[tuple[str, str]]:
    """Each axis with its values, cut where they are many."""
    for axis in plan.points.grid.axes:
        values = [text[0] if len(text) == 1 else f"[{', '.join(text)}]" for text in axis.values]
        few = values if len(values) <= SHOWN else [*values[: SHOWN - 2], "…", values[-1]]
        yield ", ".join(axis.settings), ", ".join(shorten_plain(value) for value in few)


def shorten_plain(text: str) -> str:
    """A value as it was written, cut to fit a line."""
    return text if len(text) <= 40 else f"{text[:39]}…"


def show_missing(plan: Plan, missing: list[str], folder: Path | None) -> None:
    """What is done, and the first of what is not."""
    out = console()
    alone = int((plan.points.equivalent == NO_EQUIVALENT).sum())
    if folder:
        command = resume_command(folder)
        told = f"Done already: {alone - len(missing)} of {alone}, in {display_path(folder)}"
        out.print(told + (f"; to go on with it: {command}" if missing else ""), soft_wrap=True)
    out.print(f"To run: {len(missing)}")
    for run in missing[:SHOWN]:
        out.print(f"  {run}", soft_wrap=True)
    if len(missing) > SHOWN:
        out.print(f"  and {len(missing) - SHOWN} more")


def same_plan(plan: Plan) -> Path | None:
    """The newest sweep that was begun with these very runs."""
    keys = [point.key for point in plan.points]
    for folder in newest_first(plan, f"*_{slug(plan.name)}"):
        try:
            if [run["key"] for run in read_json(folder / "plan.json", BEGUN)["runs"]] == keys:
                return folder
        except UserError:  # a record of another format, or none
            continue
    return None


def newest_first(plan: Plan, pattern: str) -> Iterable[Path]:
    """Sweep folders, the newest first."""
    found = (ROOT / plan.config.outputs / "sweeps").glob(f"{pattern}/plan.json")
    return [path.parent for path in by_time(found)[: -BACK - 1 : -1]]


def done_runs(folder: Path) -> dict[str, dict[str, Any]]:
    """The finished runs of a sweep, from its ledger."""
    entries = Ledger(folder / "ledger.jsonl").entries()
    return {run: entry for run, entry in entries.items() if entry["status"] == "done"}


def time_told(plan: Plan, missing: int, folder: Path | None) -> str:
    """How long the missing runs will take, from the newest timings there are."""
    if not missing:
        return "Time: none"
    folders = [
        *([folder] if folder else []),
        *newest_first(plan, f"*_{slug(plan.name)}"),
        *newest_first(plan, "*"),
    ]
    for one in folders:
        seconds = [float(entry["seconds"]) for entry in done_runs(one).values()]
        if seconds:
            mean = sum(seconds) / len(seconds)
            workers = min(missing, workers_of(plan))
            at_once = f", {workers} at a time" if workers > 1 else ""
            whole = mean * missing / workers
            return (
                f"Time: about {format_duration(whole)} ({format_duration(mean)} a run{at_once}; the mean of "
                f"{count_runs(len(seconds))} of {display_path(one)})"
            )
    return "Time: not known, as no sweep has been timed yet"


def workers_of(plan: Plan) -> int:
    """How many runs are made at a time."""
    asked = plan.config.sweep
    return 1 if asked.engine == "inline" else asked.workers or cores()


def format_duration(seconds: float) -> str:
    """A time in the unit that suits it.

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
