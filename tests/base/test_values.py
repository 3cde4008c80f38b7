"""A setting's value: one text and one order, whatever it is."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.values import format_value, sorted_values

SPECS: list[Any] = [
    None, True, "softmax", 1, 1.5, {"entmax": {"alpha": 1.5}}, {"entmax": {"alpha": 2}},
    ["causal", {"window": {"left": 2}}], {"any": ["causal", {"window": {"left": 2}}]}, [1, 2],
]  # fmt: skip


def test_values_that_differ_have_texts_that_differ() -> None:
    texts = [format_value(value) for value in SPECS]
    assert len(set(texts)) == len(texts)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_reads_back_to_it(number: float) -> None:
    assert float(format_value(number)) == number


@pytest.mark.parametrize("values", [[None, 2, 1.5, "none"], ["entmax alpha=1.3", 2, None]])
def test_values_of_several_kinds_have_one_order(values: list[Any]) -> None:
    orders = {tuple(map(str, sorted_values(order))) for order in itertools.permutations(values)}
    assert len({tuple("none" if v == "None" else v for v in order) for order in orders}) == 1
