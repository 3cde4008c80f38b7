"""Cells of CSV, safe to open in a spreadsheet.

Spreadsheets take a cell that begins with =, +, − or @ for a formula, quoted or not, and a token may
hold anything. Such text gets an apostrophe in front, which makes it text there; `unguard` removes
it. Numbers stay as they are.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

FLOATS = (float, np.floating)
# After any apostrophes and white space: a formula's first character, wide forms included; or a tab
# or line break at the very start, behind which some programs look for one.
FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")


@lru_cache(65536)  # a table repeats the same few tokens
def guard(text: str) -> str:
    """`text` as a CSV holds it.

    >>> guard("=1+1"), guard("'=1+1"), guard("1-1"), guard("'tis")
    ("'=1+1", "''=1+1", '1-1', "'tis")
    """
    return f"'{text}" if FORMULA.match(text) else text


def unguard(cell: str) -> str:
    """The text that `guard` changed into this cell.

    >>> unguard("'=1+1"), unguard("''=1+1"), unguard("1-1"), unguard("'tis")
    ('=1+1', "'=1+1", '1-1', "'tis")
    """
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def csv_cell(value: object) -> object:
    """A value for `csv` to write: an undefined number is empty, a formula is text.

    >>> csv_cell(float("nan")), csv_cell(np.float64(0.1)), csv_cell("=1+1"), csv_cell(3)
    ('', 0.1, "'=1+1", 3)
    """
    if isinstance(value, str):
        return guard(value)
    if isinstance(value, FLOATS):
        return float(value) if value == value else ""  # not a NaN
    return value


def csv_lines(rows: Iterable[Sequence[object]]) -> list[str]:
    r"""Each row as a line of CSV, ended by a line feed.

    >>> csv_lines([("a,b", 0.5)])
    ['"a,b",0.5\n']
    """
    lines = LineBuffer()
    writer = csv.writer(lines, lineterminator="\r\n")  # so that a cell with either is quoted
    writer.writerows(map(csv_cells, rows))
    return lines.written


def csv_cells(row: Sequence[object]) -> list[object]:
    """`csv_cell` of each value; plain types are handled inline, for speed.

    >>> csv_cells(["=1", 3, 0.5, float("nan")])
    ["'=1", 3, 0.5, '']
    """
    return [
        guard(v)
        if v.__class__ is str
        else (v if v.__class__ is int or (v.__class__ is float and v == v) else csv_cell(v))
        for v in row
    ]


class LineBuffer:
    """Collects rows of CSV, each ended by a line feed alone."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, row: str) -> None:
        self.written.append(row.removesuffix("\r\n") + "\n")
