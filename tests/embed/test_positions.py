"""Additive positions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline.embed import POSITIONS


@pytest.mark.parametrize("name", POSITIONS)
@pytest.mark.parametrize("shape", [(1, 1), (4, 7), (100, 512)])
def test_every_position_is_finite_and_does_not_depend_on_the_length(
    name: str, shape: tuple[int, int]
) -> None:
    encoded = POSITIONS[name](*shape)
    assert encoded.shape == shape
    assert np.isfinite(encoded).all()
    np.testing.assert_array_equal(encoded, POSITIONS[name](2 * shape[0], shape[1])[: shape[0]])


def test_none_adds_nothing() -> None:
    assert not POSITIONS["none"](5, 8).any()


@pytest.mark.parametrize("width", [1, 4, 5])
def test_sinusoidal_by_its_formula(width: int) -> None:
    """PE(p, 2k) = sin(p / 10000^(2k/D)), PE(p, 2k+1) = cos of the same (Vaswani 2017, §3.5)."""
    encoded = POSITIONS["sinusoidal"](6, width)
    for p in range(6):
        for entry in range(width):
            angle = p / 10000 ** (2 * (entry // 2) / width)
            expected = math.cos(angle) if entry % 2 else math.sin(angle)
            assert encoded[p, entry] == pytest.approx(expected, abs=1e-12)


def test_sinusoidal_products_depend_on_the_distance_alone() -> None:
    encoded = POSITIONS["sinusoidal"](150, 512)
    products = encoded @ encoded.T / 256  # each pair of entries gives sin² + cos² = 1
    for distance, published in ((0, 1.0), (1, 0.973), (10, 0.679), (100, 0.437)):
        along = np.diagonal(products, distance)
        np.testing.assert_allclose(along, along[0], rtol=1e-9)
        assert along[0] == pytest.approx(published, abs=5e-4)
