"""Cells of text in CSV: what a spreadsheet would run is written so that it does not, and read back.

Spreadsheets take a cell that begins with =, +, − or @ for a formula, quoted or not, and a token may
hold anything. Such text gets an apostrophe in front, which spreadsheets show as text; `unguard`
takes it off again. Numbers are numbers and stay as they are.
"""

from __future__ import annotations

import re

# After any apostrophes and white space: a formula's first character, wide forms included; or a tab
# or line break at the very start, behind which some programs look for one.
RUNS = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")


def guard(text: str) -> str:
    """`text` as a CSV holds it.

    >>> guard("=1+1"), guard("'=1+1"), guard("1-1"), guard("'tis")
    ("'=1+1", "''=1+1", '1-1', "'tis")
    """
    return f"'{text}" if RUNS.match(text) else text


def unguard(cell: str) -> str:
    """The text that `guard` wrote as `cell`.

    >>> unguard("'=1+1"), unguard("''=1+1"), unguard("1-1"), unguard("'tis")
    ('=1+1', "'=1+1", '1-1', "'tis")
    """
    return cell[1:] if cell.startswith("'") and RUNS.match(cell) else cell
