"""Faults: one line each, all at once."""

from __future__ import annotations

import pytest

from pipeline.base.errors import ErrorCollector, UserError, one_line, shorten


def test_a_fault_is_a_value_error_with_lines() -> None:
    fault = UserError("a: wrong", "b: wrong\n  too")
    assert isinstance(fault, ValueError)
    assert fault.lines == ("a: wrong", "b: wrong too")


def test_faults_are_collected_each_once_in_order() -> None:
    faults = ErrorCollector()
    faults.raise_if_any()
    for line in ("one", "two", "one"):
        with faults.collect("run: "):
            raise UserError(line)
    with pytest.raises(UserError) as caught:
        faults.raise_if_any()
    assert caught.value.lines == ("run: one", "run: two")


def test_what_is_no_fault_is_not_collected() -> None:
    faults = ErrorCollector()
    with pytest.raises(ValueError, match="a bug of ours"), faults.collect():
        raise ValueError("a bug of ours")
    assert faults.lines == []


def test_one_line_and_shorten() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert shorten("a" * 58) == repr("a" * 58)
    assert len(shorten("a" * 59)) == 60
    assert shorten("a" * 59).endswith("…")
