"""What the terminal shows of a sweep: the table, the repeats, the notices and the verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.base.console import console, show_table, text_table
from pipeline.base.paths import display_path
from pipeline.laws import Verdict
from pipeline.store.read.json import LedgerEntry, read_json
from pipeline.sweep.plan.plan import Plan
from pipeline.sweep.results.rows import Entries, Row, varying

MAX_ROWS_PRINTED = 60  # rows printed; summary.csv has all


def show(plan: Plan, rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], at: Path) -> None:
    """The question, and the table of what varies beside the metrics."""
    if plan.study:
        console().print(f"{plan.study.question}\n({plan.study.source})\n")
    settings = [keys[0] for keys in varying(plan.axes, rows)]
    columns = [*settings, *metrics]
    cells = [tuple(row[column] for column in columns) for row in rows[:MAX_ROWS_PRINTED]]
    title = f"{plan.name}, {len(rows)} {'settings' if plan.seeds else 'runs'}"
    if len(rows) > MAX_ROWS_PRINTED:
        title += f", the first {MAX_ROWS_PRINTED} of them"
    show_table(title, columns, cells, len(settings), f"{display_path(at)}/summary.csv")


def show_repeats(plan: Plan, rows: Sequence[Row]) -> None:
    """How many repeats the means are over."""
    if not plan.seeds:
        return
    fewest = min(row["runs"] for row in rows)
    missing = f", of one setting {fewest}" if fewest < len(plan.seeds) else ""
    line = f"Each row is the mean of {len(plan.seeds)} seeds{missing}"
    console().print(f"{line}; summary.csv has standard errors and 95 % intervals.", soft_wrap=True)


def show_notices(plan: Plan, entries: Entries, folder: Path) -> None:
    """Where the vectors come from, and how many runs have each kind of notice."""
    records = [record(entry, folder / "runs" / run) for run, entry in entries.items()]
    for source in dict.fromkeys(str(each["vectors"]) for each in records):
        console().print(f"embeddings: {source}")
    counts = Counter(notice.partition(" (")[0] for each in records for notice in each["notices"])
    for notice, count in counts.items():
        console().print(f"Notice in {count} of {len(records)} runs: {notice}")
    console().print()


def record(entry: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """A run's record, from the ledger or else from its folder."""
    return entry if "notices" in entry else read_json(folder / "run.json", LedgerEntry, "sweep")


def show_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Each law, whether it holds, and in how many pairs of runs."""
    rows = [(verdict_word(v), v.claim, f"{v.kept} of {v.checked}", v.worst) for v in verdicts]
    if rows:
        columns = ("law", "claim", "pairs", "smallest margin")
        console().print(text_table("What must hold", columns, rows, left=2), "")


def verdict_word(verdict: Verdict) -> str:
    """The word for a verdict: a law that found no two runs to compare was not tested.

    >>> verdict_word(Verdict("", holds=False, checked=0, kept=0, worst=float("nan")))
    'untested'
    """
    if not verdict.checked:
        return "untested"
    return "holds" if verdict.holds else "FAILS"
