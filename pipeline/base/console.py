"""The terminal: tables of text, numbers to four decimals."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Sequence
from typing import IO

from rich.console import Console
from rich.table import Table as RichTable

DECIMALS = 4
MAX_ROWS = 200  # that show_table prints


class PipeSafeConsole(Console):
    """A console that raises BrokenPipeError as print does, where rich would exit by itself."""

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
    """A table without lines; the first `left` columns are aligned left, the others right."""
    table = RichTable(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1)
    )
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i < left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(format_number, row))
    return table


def fitting_columns(columns: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> int:
    """How many columns, from the left, fit into a line of `width` characters.

    >>> fitting_columns(["a", "bbbb", "c"], [["x", "y", "zzzz"]], width=12)
    2
    """
    used = 0
    for i, column in enumerate(columns):
        used += max(len(column), *(len(format_number(row[i])) for row in rows)) + 2
        if used > width:
            return i
    return len(columns)


def show_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    settings: int,
    elsewhere: str,
) -> None:
    """One row per run, with as many columns as fit the terminal; `elsewhere` has them all.

    The first `settings` columns are settings, whose numbers are as short as they were entered. A
    column is headed by the last part of its name where no other ends alike. Only the first
    MAX_ROWS rows are shown.
    """
    out = console()
    hidden, rows = len(rows) - MAX_ROWS, rows[:MAX_ROWS]
    tails = [name.rpartition(".")[2] for name in columns]
    columns = [t if tails.count(t) == 1 else name for t, name in zip(tails, columns, strict=True)]
    rows = [
        (*(f"{v:g}" if isinstance(v, float) else v for v in row[:settings]), *row[settings:])
        for row in rows
    ]
    count = max(fitting_columns(columns, rows, out.width), min(2, len(columns)))
    out.print(text_table(title, columns[:count], [row[:count] for row in rows]), "")
    if hidden > 0:
        out.print(f"and {hidden} more rows; see {elsewhere}\n", soft_wrap=True)
    if count < len(columns):
        missing = ", ".join(columns[count:])
        out.print(f"Not shown for want of width: {missing};")
        out.print(f"see {elsewhere}\n", soft_wrap=True)
