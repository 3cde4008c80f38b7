"""Cells of text: no spreadsheet runs one, and each reads back as it was."""

from __future__ import annotations

import csv
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.tables import Table
from pipeline.store.write.csv import guard, unguard
from pipeline.store.write.table import write_csv

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", "'=1", "''=1", "'",
    "''", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0", "a,b", 'a"b', "<script>", "</script>",
    "NA", "null", "nan", "inf", "-", "--", "'tis", "\u202eabc", "شكرا", "🐧👩\u200d👧", "e\u0301",
    "\x00", "a\rb", "x" * 10_000, "\ufeff", "\u2028",
]  # fmt: skip
letters = st.text(st.sampled_from("'=+-@\t\r\n ＝a"), max_size=6)


@given(letters | st.text(max_size=8))
def test_every_text_reads_back(text: str) -> None:
    assert unguard(guard(text)) == text


@given(letters)
def test_no_guarded_text_begins_as_a_formula_does(text: str) -> None:
    assert guard(text).lstrip()[:1] not in tuple("=+-@＝＋－＠")
    assert guard(text)[:1] not in tuple("\t\r\n")


def test_what_no_program_runs_stays_as_it_is() -> None:
    for text in ("Os", "não", "1+1", "a=b", "'tis", "don't", "", "1e-3", "<script>", "(=1)"):
        assert guard(text) == text


def test_a_csv_keeps_text_and_numbers(tmp_path: Path) -> None:
    rows = [(text, -0.1, -3) for text in HOSTILE]
    write_csv(tmp_path / "x.csv", Table(("=name", "value", "count"), rows))
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        head, *found = csv.reader(file)
    assert head == ["'=name", "value", "count"]
    assert [unguard(row[0]) for row in found] == HOSTILE
    assert {tuple(row[1:]) for row in found} == {("-0.1", "-3")}  # a number is not a formula


def test_lines_end_alike_whatever_is_in_them(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", Table(("a", "b"), [("x\ry", 1), ("x\r\n", 2), ("z", 3)]))
    assert (tmp_path / "x.csv").read_bytes() == b'a,b\n"x\ry",1\n"x\r\n",2\nz,3\n'


def test_every_text_reads_back_into_a_frame(tmp_path: Path) -> None:
    from pipeline.compare.frames import read_frame

    texts = [text for text in HOSTILE if "\x00" not in text]  # no token holds a NUL
    rows = [(text, 0.1) for text in texts]
    write_csv(tmp_path / "x.csv", Table(("query", "weight"), [*rows, ("z", float("nan"))]))
    frame = read_frame(tmp_path / "x.csv")
    assert frame["query"].tolist() == [*texts, "z"]
    assert frame["weight"].tolist()[:-1] == [0.1] * len(texts)
    assert frame["weight"].isna().tolist()[-1]
