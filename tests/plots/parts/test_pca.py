"""Principal components, against scikit-learn's as an oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.base.records import Array
from pipeline.plots.parts.pca import fit
from tests.golden import Golden

POINTS = hnp.arrays(
    float, st.tuples(st.integers(1, 7), st.integers(1, 6)), elements=st.integers(-9, 9)
)


def same_up_to_sign(found: Array, expected: Array) -> bool:
    """Whether two columns, or rows, agree or are opposite."""
    return np.allclose(found, expected, atol=1e-6) or np.allclose(found, -expected, atol=1e-6)


@given(POINTS, st.randoms(use_true_random=False))
def test_it_is_scikit_learn_s_up_to_sign(points: Array, rng: object) -> None:
    from sklearn.decomposition import PCA

    # Two components of equal variance may be turned at will: keep what is well determined.
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    distinct = [s for s in spread if s > 1e-6]
    if len(distinct) < 3 or np.ptp(distinct[:2]) < 1e-3 or np.ptp(distinct[1:3]) < 1e-3:
        return
    basis, oracle = fit(points), PCA(2, svd_solver="full").fit(points)
    np.testing.assert_allclose(basis.explained, oracle.explained_variance_ratio_, atol=1e-9)
    for found, expected in zip(basis.directions, oracle.components_, strict=True):
        assert same_up_to_sign(found, expected)
    others = points[::-1] * 0.5 + 1
    for found, expected in zip(basis.project(others).T, oracle.transform(others).T, strict=True):
        assert same_up_to_sign(found, expected)


@given(POINTS)
def test_directions_are_orthonormal_or_absent(points: Array) -> None:
    basis = fit(points)
    real = basis.directions.any(axis=1)
    product = basis.directions @ basis.directions.T
    np.testing.assert_allclose(product, np.diag(real.astype(float)), atol=1e-9)
    assert basis.explained[0] >= basis.explained[1] >= 0
    assert basis.explained.sum() <= 1 + 1e-9
    np.testing.assert_array_equal(basis.explained > 0, real)


@given(POINTS)
def test_the_largest_entry_of_a_direction_is_positive(points: Array) -> None:
    for direction in fit(points).directions:
        largest = np.abs(direction).max()
        first = direction[np.isclose(np.abs(direction), largest, atol=1e-9)][0]
        assert first >= 0


def test_points_mirrored_have_the_same_directions() -> None:
    """So that the picture does not flip where a library changes its mind."""
    points = np.random.default_rng(0).standard_normal((6, 4))
    np.testing.assert_allclose(fit(points).directions, fit(-points).directions, atol=1e-9)


@pytest.mark.parametrize(
    ("points", "explained"),
    [
        ([[1.0, 2.0]], [0, 0]),  # one point
        ([[3.0, 3.0]] * 4, [0, 0]),  # one place
        ([[0.0], [2.0]], [1, 0]),  # one axis
        ([[0.0, 0.0], [3.0, 4.0]], [1, 0]),  # a line
        ([[1.0, 0], [-1, 0], [0, 0.5], [0, -0.5]], [0.8, 0.2]),  # variances 2 and ½
    ],
)
def test_explained_variance_worked_by_hand(
    points: list[list[float]], explained: list[float]
) -> None:
    np.testing.assert_allclose(fit(np.array(points)).explained, explained, atol=1e-12)


def test_a_line_worked_by_hand() -> None:
    basis = fit(np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(basis.directions, [[0.6, 0.8], [0.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(basis.project(np.array([[3.0, 4.0]])), [[2.5, 0]], atol=1e-12)


def test_the_seed_s_vectors(golden: Golden) -> None:
    projected = fit(golden.vectors).project(golden.vectors)
    for found, published in zip(projected.T, golden.static.T, strict=True):
        assert min(abs(found - published).max(), abs(found + published).max()) < 5.1e-4
