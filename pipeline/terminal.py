"""What the terminal shows: tables for people, on standard output; nothing here computes."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import IO

from rich.console import Console
from rich.table import Table as RichTable

from pipeline.metrics import is_null, null_of
from pipeline.records import Outcome, Result

SHOWN = 12  # tokens up to which the weights are printed
DECIMALS = 4
LONGEST = 200  # rows of a comparison that are printed


class Out(Console):
    """A console that leaves a closed pipe to the command, as print does; rich itself exits."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(stream: IO[str] | None = None) -> Console:
    """A console that takes tokens literally (no markup, no emoji codes) and knows its width."""
    stream = stream or sys.stdout
    width = None if stream.isatty() else shutil.get_terminal_size((120, 40)).columns
    return Out(file=stream, markup=False, emoji=False, highlight=False, width=width)


def number(value: object) -> str:
    """A number to four decimals, an undefined one as a dash, anything else as it is.

    >>> number(0.25), number(float("nan")), number("none")
    ('0.2500', '–', 'none')
    """
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "–"
    small = value != 0 and abs(value) < 10**-DECIMALS
    return f"{value:.1e}" if small else f"{value:.{DECIMALS}f}"


def grid(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], left: int = 1
) -> RichTable:
    """A light table, the first `left` columns flush left, the rest right."""
    table = RichTable(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1)
    )
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place >= left else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(number, row))
    return table


def show_result(result: Result, settings: str) -> None:
    """A run: its settings, its weights while they fit, its scalars and its notices."""
    out = console()
    out.print(f"{settings}\nembeddings: {result.outcomes[0].embedded.source}\n")
    if result.outcomes[0].attended.kept_weights is None:
        out.print(f"{unkept(result.outcomes[0])}\n")
    else:
        show_weights(result.outcomes, out)
    if result.scalars:
        out.print(scalars(result.scalars), "")
    for notice in result.notices:
        out.print(f"Notice: {notice}\n")


def unkept(outcome: Outcome) -> str:
    """Why there are no tables of weights."""
    if (top := outcome.measured.seen.top) is None:
        return "no weights kept (attention.keep=none); see metrics.csv and keys.csv"
    return f"weights.csv has the {top.keys.shape[-1]} largest of every row (attention.keep=top_k)"


def show_weights(outcomes: Sequence[Outcome], out: Console) -> None:
    """The first tables of weights that fit, and how many are not shown."""
    shown, stacked = 0, any(outcome.layer for outcome in outcomes)
    for outcome in outcomes:
        for head in range(len(outcome.attended.weights)):
            if max(map(len, (outcome.tokens, outcome.key_tokens))) <= SHOWN and shown < 4:
                shown += 1
                out.print(weights(outcome, head, stacked), "")
    total = sum(len(o.attended.weights) for o in outcomes)
    if shown < total:
        out.print(f"{total - shown} of {total} tables of weights not shown; weights.csv has all\n")


def weights(outcome: Outcome, head: int, stacked: bool) -> RichTable:
    """One head's weights, queries down and keys across; `stacked` among other layers."""
    sentence, many = outcome.embedded.sentence, len(outcome.attended.weights) > 1
    layer = f", layer {outcome.layer}" if stacked else ""
    title = f"Weights of {sentence.name}{layer}" + (f", head {head}" if many else "")
    rows = [
        (token, *map(float, row))
        for token, row in zip(sentence.tokens, outcome.attended.weights[head], strict=True)
    ]
    return grid(title, ("query \\ key", *outcome.key_tokens), rows)


def scalars(values: Mapping[str, float]) -> RichTable:
    """The run's scalars, one a line, each beside its null."""
    rows = [
        (name, value, values.get(null_of(name), ""))
        for name, value in values.items()
        if not is_null(name)
    ]
    columns = ("metric", "value", "if attention were even")
    return grid("Metrics, mean over queries", columns, rows)


def fitting(columns: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> int:
    """How many of the columns, from the left, a line of that width holds whole.

    >>> fitting(["a", "bbbb", "c"], [["x", "y", "zzzz"]], width=12)
    2
    """
    used = 0
    for place, column in enumerate(columns):
        used += max(len(column), *(len(number(row[place])) for row in rows)) + 2
        if used > width:
            return place
    return len(columns)


def show_comparison(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    settings: int,
    elsewhere: str,
) -> None:
    """Runs as rows, with as many columns as the terminal holds; `elsewhere` has them all.

    The first `settings` columns are settings: under the last part of their names where that is
    unmistakable, their numbers as short as they were given. Of very many rows the first are shown.
    """
    out = console()
    left, rows = len(rows) - LONGEST, rows[:LONGEST]
    tails = [name.rpartition(".")[2] for name in columns]
    columns = [t if tails.count(t) == 1 else name for t, name in zip(tails, columns, strict=True)]
    rows = [
        (*(f"{v:g}" if isinstance(v, float) else v for v in row[:settings]), *row[settings:])
        for row in rows
    ]
    count = max(fitting(columns, rows, out.width), min(2, len(columns)))
    out.print(grid(title, columns[:count], [row[:count] for row in rows]), "")
    if left > 0:
        out.print(f"and {left} more rows; see {elsewhere}\n", soft_wrap=True)
    if count < len(columns):
        missing = ", ".join(columns[count:])
        out.print(f"Not shown for want of width: {missing};")
        out.print(f"see {elsewhere}\n", soft_wrap=True)
