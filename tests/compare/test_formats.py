"""Markdown and LaTeX: what a cell says is text, whatever is in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.base.tables import Table
from pipeline.compare.formats import latex, markdown, shortened

CELLS = [
    "a|b", "a_b", "50 %", "$x$", "\\input{x}", "{", "}", "#1", "~", "^", "&", "<script>",
    "two\nlines",     "`code`", "*bold*", "[link](http://x)", '"quoted"',
]  # fmt: skip
TABLE = Table(("what", "run_change"), [(cell, -0.5) for cell in CELLS])


def test_a_markdown_table_has_its_rows_and_columns_whatever_is_in_it() -> None:
    lines = markdown(TABLE).splitlines()
    assert len(lines) == 2 + len(CELLS)
    assert lines[1] == "|---|--:|"
    for line in lines:
        assert len(re.findall(r"(?<!\\)\|", line)) == 3
    assert "<" not in "".join(lines)
    assert lines[2].startswith("| a\\|b | -0.5000 |")


def test_latex_keeps_no_letter_that_is_a_command() -> None:
    text = latex(TABLE)
    rows = text.split("\\midrule\n")[1].split("\\bottomrule")[0].splitlines()
    assert len(rows) == len(CELLS)
    for row in rows:
        cell, number = row.removesuffix(r" \\").rsplit(" & ", 1)
        assert number == "$-$0.5000"
        bare = re.sub(r"\\(text[a-z]+\{\}|[{}&%$#_])", "", cell)
        assert not set(bare) & set("\\{}$&#^_~%")
    assert r"what & run\_change \\" in text


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX here")
def test_latex_compiles(tmp_path: Path) -> None:
    (tmp_path / "x.tex").write_text(
        "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs}\\begin{document}\n"
        + latex(TABLE) + "\\end{document}\n", encoding="utf-8",
    )  # fmt: skip
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_column_of_numbers_is_flush_right_and_an_undefined_one_a_dash() -> None:
    table = Table(("a", "b"), [(1, "x"), (float("nan"), "y")])
    assert markdown(table).splitlines()[1:] == ["|--:|---|", "| 1 | x |", "| – | y |"]


def test_names_are_short_where_that_is_unmistakable() -> None:
    names = ["run", "attention.scale", "embeddings.kind", "projection.kind"]
    assert shortened(names) == ["run", "scale", "embeddings.kind", "projection.kind"]
