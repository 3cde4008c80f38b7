"""Errors of the user: one line each, all at once."""

from __future__ import annotations

import pytest

from pipeline.base.errors import ErrorCollector, UserError, one_line, shorten


def test_a_user_error_is_a_value_error_with_lines() -> None:
    error = UserError("a: wrong", "b: wrong\n  too")
    assert isinstance(error, ValueError)
    assert error.lines == ("a: wrong", "b: wrong too")


def test_errors_are_collected_once_each_in_order() -> None:
    errors = ErrorCollector()
    errors.raise_if_any()
    for line in ("one", "two", "one"):
        with errors.collect("run: "):
            raise UserError(line)
    with pytest.raises(UserError) as caught:
        errors.raise_if_any()
    assert caught.value.lines == ("run: one", "run: two")


def test_other_exceptions_are_not_collected() -> None:
    errors = ErrorCollector()
    with pytest.raises(ValueError, match="a bug in this project"), errors.collect():
        raise ValueError("a bug in this project")
    assert errors.lines == []


def test_one_line_and_shorten() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert shorten("a" * 58) == repr("a" * 58)
    assert len(shorten("a" * 59)) == 60
    assert shorten("a" * 59).endswith("…")
