"""Scales, by name and as numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.attention import SCALES, factor
from pipeline.faults import Fault


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("width", [1, 2, 4, 50, 1024])
def test_every_scale_is_a_finite_positive_number(name: str, width: int) -> None:
    multiplier = factor(name, width)
    assert type(multiplier) is float
    assert 0 < multiplier < math.inf


@pytest.mark.parametrize(("width", "expected"), [(1, 1.0), (4, 0.5), (16, 0.25), (100, 0.1)])
def test_sqrt_dk_by_hand(width: int, expected: float) -> None:
    assert factor("sqrt_dk", width) == expected


def test_none_and_numbers_do_not_depend_on_the_width() -> None:
    assert {factor("none", width) for width in (1, 7, 64)} == {1.0}
    assert {factor(0.3, width) for width in (1, 7, 64)} == {0.3}
    assert factor(0, 4) == 0.0


def test_an_unknown_name_lists_every_scale() -> None:
    with pytest.raises(Fault) as caught:
        factor("sqrt_d", 4)
    assert str(caught.value) == (
        "attention.scale: got 'sqrt_d', expected one of: "
        f"{', '.join(SCALES)} (did you mean 'sqrt_dk'?)"
    )


def test_sqrt_dk_gives_scores_of_unit_variance_at_any_width() -> None:
    """Var(q·k) = d_k for independent entries of unit variance (Vaswani et al. 2017, note 4)."""
    rng = np.random.default_rng(0)
    for width in (1, 16, 256):
        query, key = rng.standard_normal((2, 20_000, width))
        scores = np.sum(query * key, axis=-1)
        assert abs(scores.var() / width - 1) < 0.05
        assert abs((scores * factor("sqrt_dk", width)).var() - 1) < 0.05
