"""Findings: what the runs show, in sentences with numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.compare.page.columns import Column, describe_run
from pipeline.compare.page.effects import describe_effects, format_short
from pipeline.laws import Verdict
from pipeline.store.read.run import Run


@dataclass(frozen=True)
class Finding:
    """One sentence, and its kind."""

    kind: str  # holds, fails, untested, effect, twins, notice, causes
    text: str
    command: str = ""  # shown at its end, if any


def findings(
    runs: Sequence[Run], columns: Sequence[Column], verdicts: Sequence[Verdict]
) -> list[Finding]:
    """Verdicts first, then effects, equivalent runs and notices."""
    return [
        *map(describe_verdict, verdicts),
        *(Finding("effect", text) for text in describe_effects(columns)),
        *twins(columns),
        *notices(runs),
    ]


def describe_verdict(law: Verdict) -> Finding:
    """Whether one law holds, with numbers."""
    if not law.checked:
        return Finding("untested", f"{law.claim}: no two of these runs put it to the test.")
    kind = "holds" if law.holds else "fails"
    pairs = "pair" if law.checked == 1 else "pairs"
    margin = f"smallest margin {format_short(law.worst)}"
    text = f"{law.claim}: {law.kept} of {law.checked} {pairs} of neighboring runs, {margin}."
    return Finding(kind, text)


def twins(columns: Sequence[Column]) -> Iterator[Finding]:
    """Runs with the same metrics, to twelve digits: their settings are equivalent."""
    leaders = [column for column in columns if column.leads]
    metrics = [column for column in columns if column.kind == "metric"]
    by_numbers: dict[tuple[str, ...], list[int]] = {}
    for run in range(len(metrics[0].values) if metrics else 0):
        numbers = tuple(f"{column.values[run]:.12g}" for column in metrics)
        by_numbers.setdefault(numbers, []).append(run)
    same = [group for group in by_numbers.values() if len(group) > 1]
    if same:
        many = sum(map(len, same))
        one, two = same[0][:2]
        text = f"{many} runs share all their numbers with another, to twelve digits, and are no "
        text += f"findings of their own: {difference(leaders, one, two)}, for example."
        yield Finding("twins", text)


def difference(leaders: Sequence[Column], one: int, two: int) -> str:
    """Two runs in words: the settings that differ, then those that they share."""
    differ = [column for column in leaders if column.values[one] != column.values[two]]
    same = [column for column in leaders if column not in differ]
    shared = f" (both with {describe_run(same, one)})" if same else ""
    return f"{describe_run(differ, one)} and {describe_run(differ, two)}{shared}"


def notices(runs: Sequence[Run]) -> Iterator[Finding]:
    """How many runs have each kind of notice."""
    counts = Counter(
        notice.partition(" (")[0] for run in runs for notice in run.record.get("notices", ())
    )
    for notice, count in counts.items():
        yield Finding("notice", f"In {count} of {len(runs)} runs: {notice}.")
