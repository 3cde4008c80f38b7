"""The records: frozen, compared by identity, every field with its meaning."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest

from pipeline.base import records
from pipeline.base.records import concat_heads
from pipeline.base.tables import Table
from tests.make import golden_outcome, outcome_of

RECORDS = {name: r for name, r in vars(records).items() if dataclasses.is_dataclass(r)}


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_is_frozen_and_compared_by_identity(name: str) -> None:
    record = RECORDS[name]
    assert record.__dataclass_params__.frozen  # type: ignore[union-attr]
    assert record.__eq__ is object.__eq__


def test_every_field_says_what_it_means() -> None:
    """Except one that is itself a record: its type says it."""
    source = Path(inspect.getfile(records)).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) not in RECORDS:
            assert "  # " in source.splitlines()[node.lineno - 1], ast.unparse(node)


def test_a_record_cannot_be_changed() -> None:
    table = Table(("a",), [])
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.columns = ("b",)  # type: ignore[misc]


def test_heads_are_concatenated_position_by_position() -> None:
    heads = np.arange(2 * 3 * 2).reshape(2, 3, 2).astype(float)
    concatenated = concat_heads(heads)
    assert concatenated.tolist() == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]


def test_static_and_contextual_are_values_and_outputs() -> None:
    golden = golden_outcome()
    np.testing.assert_array_equal(golden.before, golden.embedded.vectors)
    np.testing.assert_allclose(golden.after, golden.attended.weights[0] @ golden.before)
    many = outcome_of("abc", heads=2)
    assert many.before.shape == many.after.shape == (3, 16)
    np.testing.assert_array_equal(many.before[:, 8:], many.projected.value[1])
    np.testing.assert_array_equal(many.after[:, :8], many.attended.output[0])
