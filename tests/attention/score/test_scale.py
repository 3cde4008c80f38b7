"""Scale: its law for each entry, and the published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.attention import SCALES
from pipeline.attention.score.scale import NEEDS_COUNTS, multiplier
from pipeline.base.errors import UserError

COUNTS = np.arange(1, 7)[:, None]


@pytest.mark.parametrize("name", SCALES)
def test_only_a_scale_that_says_so_reads_the_counts(name: str):
    moved = np.ptp(np.broadcast_to(multiplier(name, 64, COUNTS), COUNTS.shape)) > 0
    assert moved == (name in NEEDS_COUNTS)


@pytest.mark.parametrize("name", sorted(set(SCALES) - NEEDS_COUNTS))
def test_the_others_need_no_counts(name: str):
    assert isinstance(multiplier(name, 64), float)


@pytest.mark.parametrize("name", sorted(NEEDS_COUNTS))
def test_a_row_each_as_the_counts_are(name: str):
    counts = np.array([[[0], [1], [5]]])
    scaled = np.asarray(multiplier(name, 64, counts))
    assert scaled.shape == counts.shape
    assert np.isfinite(scaled).all()


@pytest.mark.parametrize(
    ("scale", "width", "expected"),
    [("sqrt_dk", 64, 0.125), ("none", 64, 1.0), ("dk", 64, 1 / 64), (0.3, 64, 0.3), (-2, 1, -2.0)],
)
def test_numbers(scale: str | float, width: int, expected: float):
    assert multiplier(scale, width) == expected


def test_log_n_by_hand():
    got = multiplier("log_n", 16, np.array([[0], [1], [8]]), 2.0)
    np.testing.assert_allclose(got, [[0.0], [0.0], [2 * np.log(8) / 4]])


@pytest.mark.parametrize("width", [1, 4, 64, 1024])
def test_muP_keeps_the_score_of_aligned_vectors(width: int):
    """q = k with entries ±1: q·k = d, so 1/d gives 1 at any width where 1/√d gives √d."""
    assert width * multiplier("dk", width) == 1.0
    assert width * multiplier("sqrt_dk", width) == pytest.approx(np.sqrt(width))


@pytest.mark.parametrize(
    ("lead", "expected"), [(1.5, 0.992), (1.0, 0.5), (0.5, 0.008)], ids=["above", "at", "below"]
)
def test_log_n_has_its_threshold_at_a_lead_of_one(lead: float, expected: float):
    """One of n = 16,384 keys is ahead by Δ: p = 1/(1 + (n − 1)·n^(−sΔ)); Nakanishi 2025."""
    n = 16_384
    logits = np.zeros(n)
    logits[0] = lead
    logits = logits * np.asarray(multiplier("log_n", 1, np.array([[n]])))[0]
    weights = np.exp(logits - logits.max())
    assert weights[0] / weights.sum() == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (
            "sqrt_d",
            (
                "attention.scale: got 'sqrt_d', expected one of: sqrt_dk, none, dk, log_n "
                "(did you mean 'sqrt_dk'?)"
            ),
        ),
        (float("nan"), "attention.scale: got nan, expected a name or a finite number"),
        (float("inf"), "attention.scale: got inf, expected a name or a finite number"),
        (True, "attention.scale: got True, expected a name or a finite number"),
        (None, "attention.scale: got None, expected a name or a finite number"),
        (10**400, f"attention.scale: got 1{'0' * 58}…, expected a name or a finite number"),
    ],
    ids=["name", "nan", "inf", "bool", "none", "huge"],
)
def test_bad_settings_are_refused(scale, message: str):
    with pytest.raises(UserError) as error:
        multiplier(scale, 64)
    assert str(error.value) == message
