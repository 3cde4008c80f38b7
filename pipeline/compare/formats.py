"""A table as Markdown and as LaTeX, every cell escaped, numbers as the terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.base.console import format_number
from pipeline.base.serialize import escape_markdown
from pipeline.base.tables import Table

LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip
HEAD = "% Needs \\usepackage{booktabs}, and T1 fonts, XeLaTeX or LuaLaTeX for other letters."


def markdown(table: Table) -> str:
    """The table in GitHub's Markdown, numbers flush right.

    >>> print(markdown(Table(("scale", "entropy"), [("a|b", 0.5)])), end="")
    | scale | entropy |
    |---|--:|
    | a\\|b | 0.5000 |
    """
    sides = ["--:" if is_numeric(table, place) else "---" for place in range(len(table.columns))]
    lines = [table.columns, *([format_number(cell) for cell in row] for row in table.rows)]
    head, *rows = [
        "| " + " | ".join(escape_markdown(cell) for cell in line) + " |" for line in lines
    ]
    return "\n".join([head, "|" + "|".join(sides) + "|", *rows]) + "\n"


def latex(table: Table) -> str:
    """The table as a booktabs tabular.

    >>> print(latex(Table(("scale", "entropy"), [("sqrt_dk", -0.5)])).partition(chr(10))[2], end="")
    \\begin{tabular}{lr}
    \\toprule
    scale & entropy \\\\
    \\midrule
    sqrt\\_dk & $-$0.5000 \\\\
    \\bottomrule
    \\end{tabular}
    """
    sides = "".join("r" if is_numeric(table, place) else "l" for place in range(len(table.columns)))
    rows = [" & ".join(map(latex_cell, row)) + r" \\" for row in table.rows]
    names = " & ".join(map(latex_cell, table.columns)) + r" \\"
    body = [HEAD, rf"\begin{{tabular}}{{{sides}}}", r"\toprule", names, r"\midrule", *rows]
    return "\n".join([*body, r"\bottomrule", r"\end{tabular}"]) + "\n"


def latex_cell(value: object) -> str:
    """One cell: text with every character that LaTeX reads as a command made literal."""
    text = " ".join(format_number(value).split())
    if isinstance(value, float) and text.startswith("-"):
        return f"$-${text[1:]}"
    return "".join(LATEX.get(letter, letter) for letter in text)


def is_numeric(table: Table, place: int) -> bool:
    """Whether a column holds nothing but numbers."""
    cells = [row[place] for row in table.rows]
    return all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells)


def shortened(names: Sequence[str]) -> list[str]:
    """Names of columns by their last part where that is unmistakable.

    >>> shortened(["attention.scale", "a.kind", "b.kind"])
    ['scale', 'a.kind', 'b.kind']
    """
    tails = [name.rpartition(".")[2] for name in names]
    return [t if tails.count(t) == 1 else name for t, name in zip(tails, names, strict=True)]
