"""Rotary: lengths, distances alone, the two pairings, and the published decay."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.attention.score.rotary import rotary
from pipeline.base.errors import UserError
from pipeline.base.records import Array

VECTORS = np.random.default_rng(0).standard_normal((2, 6, 8))
both_pairings = pytest.mark.parametrize("interleaved", [False, True])


@both_pairings
@pytest.mark.parametrize("fraction", [0.25, 0.5, 1.0])
def test_lengths_are_kept(interleaved: bool, fraction: float):
    turned = rotary(VECTORS, interleaved=interleaved, fraction=fraction)
    np.testing.assert_allclose(
        np.linalg.norm(turned, axis=-1), np.linalg.norm(VECTORS, axis=-1), rtol=1e-14
    )


@both_pairings
def test_the_product_depends_on_the_distance_alone(interleaved: bool):
    query, key = (np.broadcast_to(VECTORS[h, 0], (40, 8)) for h in (0, 1))
    product = rotary(query, interleaved=interleaved) @ rotary(key, interleaved=interleaved).T
    for offset in range(-39, 40):
        diagonal = np.diagonal(product, offset)
        np.testing.assert_allclose(diagonal, diagonal[0], atol=1e-12)
    assert np.ptp(product) > 0.1


@both_pairings
def test_position_zero_is_left_as_it_is(interleaved: bool):
    np.testing.assert_array_equal(rotary(VECTORS, interleaved=interleaved)[:, 0], VECTORS[:, 0])


def test_one_pair_by_hand():
    """A quarter turn at position π/2: (1, 0) → (0, 1) and (0, 1) → (−1, 0)."""
    got = rotary(np.eye(2), positions=[np.pi / 2, np.pi / 2])
    np.testing.assert_allclose(got, [[0.0, 1.0], [-1.0, 0.0]], atol=1e-15)


def test_two_pairs_by_hand():
    """Width 4 at position 1: one pair turns by 1, the other by 10000^(−1/2) = 0.01."""
    slow, fast = (np.cos(0.01), np.sin(0.01)), (np.cos(1.0), np.sin(1.0))
    vector = np.array([[1.0, 1.0, 0.0, 0.0]])
    half = rotary(vector, positions=[1])
    np.testing.assert_allclose(half, [[fast[0], slow[0], fast[1], slow[1]]])
    paired = rotary(vector, positions=[1], interleaved=True)
    np.testing.assert_allclose(paired, [[fast[0] - fast[1], fast[0] + fast[1], 0.0, 0.0]])


def test_the_pairings_are_shuffles_of_each_other():
    shuffle = [0, 2, 4, 6, 1, 3, 5, 7]
    interleaved = rotary(VECTORS, interleaved=True)
    np.testing.assert_array_equal(interleaved[..., shuffle], rotary(VECTORS[..., shuffle]))
    assert not np.allclose(interleaved, rotary(VECTORS))


@both_pairings
def test_a_fraction_turns_the_first_entries_as_if_alone(interleaved: bool):
    turned = rotary(VECTORS, fraction=0.5, interleaved=interleaved)
    np.testing.assert_array_equal(turned[..., 4:], VECTORS[..., 4:])
    np.testing.assert_array_equal(
        turned[..., :4], rotary(VECTORS[..., :4], interleaved=interleaved)
    )


@both_pairings
def test_positions_may_be_given(interleaved: bool):
    places = np.array([5, 0, 3, 2, 1, 4])
    there = rotary(VECTORS[:, places], places, interleaved=interleaved)
    np.testing.assert_array_equal(there, rotary(VECTORS, interleaved=interleaved)[:, places])
    back = rotary(rotary(VECTORS, interleaved=interleaved), -np.arange(6), interleaved=interleaved)
    np.testing.assert_allclose(back, VECTORS, atol=1e-15)


def test_a_larger_base_turns_slower_but_for_the_first_pair():
    slow, fast = (rotary(np.ones((2, 8)), base=base)[1] for base in (5e5, 1e4))
    assert slow[0] == fast[0]
    assert (slow[1:4] > fast[1:4]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_type_is_kept(dtype: type):
    given: Array = VECTORS.astype(dtype)
    turned = rotary(given)
    assert turned.dtype == dtype
    np.testing.assert_array_equal(given, VECTORS.astype(dtype))
    np.testing.assert_allclose(turned, rotary(VECTORS), atol=1e-6)


@both_pairings
def test_long_term_decay(interleaved: bool):
    """Su 2021, §3.4.3: d = 128, q = k = 1, the product over its value at distance 0."""
    turned = rotary(np.ones((1001, 128)), interleaved=interleaved)
    product = turned @ turned[0] / 128
    expected = {0: 1.0, 1: 0.970, 10: 0.669, 100: 0.477, 1000: 0.159}
    got = {distance: round(float(product[distance]), 3) for distance in expected}
    assert got == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"fraction": 0.3},
            (
                "attention.rotary.fraction: got 0.3 of the key width D = 8, which is 2.4 "
                "entries, expected an even number of them, as they rotate in pairs"
            ),
        ),
        (
            {"fraction": 0.125},
            (
                "attention.rotary.fraction: got 0.125 of the key width D = 8, which is 1 "
                "entries, expected an even number of them, as they rotate in pairs"
            ),
        ),
        (
            {"fraction": 1e-12},
            (
                "attention.rotary.fraction: got 1e-12 of the key width D = 8, which is 8e-12 "
                "entries, expected an even number of them, as they rotate in pairs"
            ),
        ),
        (
            {"fraction": 0},
            "attention.rotary.fraction: got 0, expected a number above 0, at most 1",
        ),
        (
            {"fraction": 1.5},
            "attention.rotary.fraction: got 1.5, expected a number above 0, at most 1",
        ),
        (
            {"fraction": "all"},
            "attention.rotary.fraction: got 'all', expected a finite number",
        ),
        ({"base": 0}, "attention.rotary.base: got 0, expected a finite number > 0"),
        ({"base": np.inf}, "attention.rotary.base: got inf, expected a finite number > 0"),
    ],
)
def test_bad_settings_are_refused(settings, message: str):
    with pytest.raises(UserError) as error:
        rotary(VECTORS, **settings)
    assert str(error.value) == message
