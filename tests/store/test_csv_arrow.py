"""Lines: by Arrow to the last byte what the csv module writes of the same rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.tables import Column, DictColumn, LongTable
from pipeline.store.write.csv import csv_lines
from pipeline.store.write.csv_arrow import arrow_csv, float_text

NUMBERS = [
    0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, 1e-4, 9.999e-5, 1.234e-5, 1e-5, 1.5e-7, 5e-324, 1e-300,
    123456789.0, 1234567890.5, 1e10, 12345678901.5, 1e15, 1.5e15, 1e16, 1.5e16, 1e22, 1.7e308,
    float("inf"), float("-inf"), float("nan"), 0.30000000000000004, 2.0**-1074, 1 - 2**-53,
]  # fmt: skip
TOKENS = [
    "a",
    "",
    "a,b",
    "=1+1",
    "-2",
    'say "no"',
    "two\nlines",
    "não",
    "🐧",
    " ",
    "'",
    "\r",
    "#",
    "1.0",
]


def written(*columns: Column) -> bytes:
    """The same rows by the csv module."""
    names = [f"c{k}" for k in range(len(columns))]
    table = LongTable(names, 1, lambda: iter([columns]))
    return "".join(csv_lines(table.rows)).encode()


def test_a_number_is_written_as_repr_writes_it() -> None:
    expected = ["" if number != number else repr(number) for number in NUMBERS]
    assert float_text(np.array(NUMBERS)).to_pylist() == expected


@given(st.lists(st.floats(), min_size=1))
def test_so_is_any(numbers: list[float]) -> None:
    column = np.array(numbers)
    assert arrow_csv(["x", column]) == written("x", column)


@given(st.lists(st.floats(1e-6, 1.0), min_size=1))
def test_so_are_weights(numbers: list[float]) -> None:
    column = np.array(numbers)
    assert arrow_csv(["x", column]) == written("x", column)


def test_texts_are_quoted_where_they_need_it() -> None:
    places = np.arange(len(TOKENS))
    columns = (
        TOKENS[2],
        7,
        DictColumn(TOKENS, places),
        DictColumn(range(99, 0, -1), places),
        places / 8,
    )
    assert arrow_csv(columns) == written(*columns)


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1))
def test_so_is_any_text(tokens: list[str]) -> None:
    columns = (0, DictColumn(tokens, np.arange(len(tokens))), np.ones(len(tokens)))
    assert arrow_csv(columns) == written(*columns)
