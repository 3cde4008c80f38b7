"""What the terminal shows of a number."""

from __future__ import annotations

import math

import pytest

from pipeline.base.console import format_number


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25, "0.2500"), (0.0, "0.0000"), (3e-5, "3.0e-05"), (-3e-5, "-3.0e-05"), (math.nan, "–"),
     (2, "2")],
)  # fmt: skip
def test_only_zero_is_shown_as_zero(value: float, text: str) -> None:
    assert format_number(value) == text
