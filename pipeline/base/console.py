"""The terminal: tables for people, numbers to four decimals."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Sequence
from typing import IO

from rich.console import Console
from rich.table import Table as RichTable

DECIMALS = 4
MAX_ROWS = 200  # rows of a comparison that are printed


class PipeSafeConsole(Console):
    """A console that leaves a closed pipe to the command, as print does; rich itself exits."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(stream: IO[str] | None = None) -> Console:
    """A console that takes tokens literally (no markup, no emoji codes) and knows its width."""
    stream = stream or sys.stdout
    width = None if stream.isatty() else shutil.get_terminal_size((120, 40)).columns
    return PipeSafeConsole(file=stream, markup=False, emoji=False, highlight=False, width=width)


def format_number(value: object) -> str:
    """A number to four decimals, an undefined one as a dash, anything else as it is.

    >>> format_number(0.25), format_number(float("nan")), format_number("none")
    ('0.2500', '–', 'none')
    """
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return "–"
    small = value != 0 and abs(value) < 10**-DECIMALS
    return f"{value:.1e}" if small else f"{value:.{DECIMALS}f}"


def text_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], left: int = 1
) -> RichTable:
    """A light table, the first `left` columns flush left, the rest right."""
    table = RichTable(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1)
    )
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place >= left else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(format_number, row))
    return table


def fitting_columns(columns: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> int:
    """How many of the columns, from the left, a line of that width holds whole.

    >>> fitting_columns(["a", "bbbb", "c"], [["x", "y", "zzzz"]], width=12)
    2
    """
    used = 0
    for place, column in enumerate(columns):
        used += max(len(column), *(len(format_number(row[place])) for row in rows)) + 2
        if used > width:
            return place
    return len(columns)


def show_table(
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
    left, rows = len(rows) - MAX_ROWS, rows[:MAX_ROWS]
    tails = [name.rpartition(".")[2] for name in columns]
    columns = [t if tails.count(t) == 1 else name for t, name in zip(tails, columns, strict=True)]
    rows = [
        (*(f"{v:g}" if isinstance(v, float) else v for v in row[:settings]), *row[settings:])
        for row in rows
    ]
    count = max(fitting_columns(columns, rows, out.width), min(2, len(columns)))
    out.print(text_table(title, columns[:count], [row[:count] for row in rows]), "")
    if left > 0:
        out.print(f"and {left} more rows; see {elsewhere}\n", soft_wrap=True)
    if count < len(columns):
        missing = ", ".join(columns[count:])
        out.print(f"Not shown for want of width: {missing};")
        out.print(f"see {elsewhere}\n", soft_wrap=True)
