"""The softmax Jacobian and its norms: against finite differences, eigenvalues and laws."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.records import Attended, Rows
from pipeline.metrics import ROW_METRICS
from pipeline.metrics.rows.jacobian import jacobian, jacobian_frobenius, spectral_norm
from pipeline.metrics.rows.sharpness import jacobian_norm

repeatable = settings(derandomize=True, deadline=None, max_examples=60)
seeds = st.integers(0, 2**32 - 1)


def softmax(logits):
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


@st.composite
def rows(draw):
    """Rows of every character: spread, sharp, tied, with zeros, short of a sum of 1."""
    random = np.random.default_rng(draw(seeds))
    logits = random.standard_normal((4, draw(st.integers(1, 24))))
    logits *= draw(st.sampled_from([0.0, 1e-9, 1e-3, 1.0, 5.0, 30.0, 300.0]))
    if draw(st.booleans()):
        logits = np.round(logits)  # ties
    p = softmax(logits)
    if draw(st.booleans()):
        p[random.random(p.shape) < 0.3] = 0.0
    return p * draw(st.sampled_from([1.0, 0.75, 1e-3]))


@given(seeds, st.integers(1, 12), st.sampled_from([0.1, 1.0, 4.0]))
@repeatable
def test_jacobian_times_a_vector_is_the_directional_derivative(seed, keys, spread):
    random = np.random.default_rng(seed)
    logits, way = spread * random.standard_normal((3, keys)), random.standard_normal((3, keys))
    step = 1e-5
    slope = (softmax(logits + step * way) - softmax(logits - step * way)) / (2 * step)
    found = np.einsum("nij,nj->ni", jacobian(softmax(logits)), way)
    np.testing.assert_allclose(found, slope, rtol=1e-6, atol=1e-9)


@given(rows())
@repeatable
def test_frobenius_is_that_of_the_explicit_matrix(p):
    # squared, as the closed form's sums cancel to rounding near a one-hot row
    explicit = np.linalg.norm(jacobian(p), axis=(-2, -1))
    np.testing.assert_allclose(jacobian_frobenius(p) ** 2, explicit**2, rtol=1e-13, atol=1e-15)


def test_the_metric_jacobian_norm_is_frobenius():
    p = softmax(np.random.default_rng(0).standard_normal((2, 5, 7)))
    attended = Attended(p, np.zeros((2, 5, 1)), np.ones((5, 7), bool))
    assert np.array_equal(jacobian_norm(attended.rows), jacobian_frobenius(p))


@given(rows())
@repeatable
def test_spectral_is_the_largest_eigenvalue(p):
    explicit = np.linalg.eigvalsh(jacobian(p))[..., -1]
    np.testing.assert_allclose(spectral_norm(p), explicit, rtol=0, atol=5e-15)


def nearly_one_hot(keys, leak, random):
    """All but `leak` on one key, and that shared out at random."""
    shares = leak * softmax(random.standard_normal(keys - 1))
    return np.insert(shares, random.integers(keys), 1.0 - leak)


@pytest.mark.parametrize("keys", [3, 200])
@pytest.mark.parametrize(
    ("kind", "cancels"),
    [
        ("random", False),
        ("uniform", False),
        ("one-hot", True),
        *((leak, leak < 0.01) for leak in (0.5, 0.1, 1e-3, 1e-9, 1e-16)),
    ],
)
def test_both_norms_are_those_of_the_eigenvalues(kind, cancels, keys):
    """‖J‖₂ is the largest eigenvalue of J = diag(p) − ppᵀ, ‖J‖_F the root of the sum of squares."""
    random = np.random.default_rng(keys)
    makers = {
        "random": lambda: softmax(random.standard_normal(keys)),
        "uniform": lambda: np.full(keys, 1.0 / keys),
        "one-hot": lambda: np.eye(keys)[-1],
    }
    p = makers[kind]() if kind in makers else nearly_one_hot(keys, kind, random)
    eigenvalues = np.linalg.eigvalsh(np.diag(p) - np.outer(p, p))
    assert spectral_norm(p) == pytest.approx(eigenvalues[-1], rel=0, abs=4e-15)
    tolerance = np.sqrt(np.finfo(float).eps) if cancels else 4e-15  # see its docstring
    frobenius = np.sqrt(np.sum(eigenvalues**2))
    assert jacobian_frobenius(p) == pytest.approx(frobenius, rel=0, abs=tolerance)


@given(rows())
@repeatable
def test_spectral_is_bounded_and_interlaced(p):
    found, rounding = spectral_norm(p), 1e-15
    first, second = -np.sort(-np.append(p, np.zeros((4, 1)), axis=-1), axis=-1)[:, :2].T
    assert (found <= 0.5 + rounding).all()
    assert (found >= np.maximum(second, first * (1 - first)) - rounding).all()
    assert (found <= first).all()
    full = np.isclose(p.sum(axis=-1), 1.0, atol=1e-12) & (first >= 0.5)
    assert (found <= 2 * first * (1 - first) + rounding)[full].all()
    assert (found <= jacobian_frobenius(p) + 1e-7).all()


@pytest.mark.parametrize("keys", [2, 3, 32, 1000])
def test_spectral_of_the_special_rows(keys):
    uniform, one_hot = np.full(keys, 1.0 / keys), np.eye(keys)[1]
    found = spectral_norm(np.stack([uniform, one_hot, np.zeros(keys)]))
    assert found.tolist() == [1.0 / keys, 0.0, 0.0]


def test_spectral_of_the_largest_entries_tied_is_their_value():
    assert spectral_norm(np.array([0.3, 0.1, 0.3, 0.3])).tolist() == 0.3
    nearly = np.array([0.4, np.nextafter(0.4, 1.0), 0.2])
    assert spectral_norm(nearly) == pytest.approx(0.4, abs=1e-15)


def test_spectral_of_two_keys_is_2pq():
    first = np.linspace(0.0, 1.0, 1001)
    p = np.stack([first, 1.0 - first], axis=-1)
    np.testing.assert_allclose(spectral_norm(p), 2 * p[:, 0] * p[:, 1], rtol=0, atol=3e-16)


@pytest.mark.parametrize("tiny", [5e-324, 1e-308, 1e-200, 1e-155, 1e-100, 1e-20])
@pytest.mark.parametrize("largest", [1.0, 0.5, 1e-150, 1e-290])
def test_spectral_of_tiny_entries_raises_no_warning(tiny, largest):
    p = np.array([[largest, tiny, tiny / 2], [tiny, largest, tiny], [largest, tiny, 0.0]])
    with warnings.catch_warnings(), np.errstate(under="raise"):
        warnings.simplefilter("error")
        found = spectral_norm(p)
    np.testing.assert_allclose(found, largest - largest**2, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 2e-15), (np.float32, 1e-6)])
@pytest.mark.parametrize("spread", [0.1, 1.0, 8.0])
def test_spectral_of_long_rows_solves_the_secular_equation(dtype, tolerance, spread):
    # The eigenvector of λ is p_i/(p_i − λ): its Rayleigh quotient is λ to the square of its error.
    logits = spread * np.random.default_rng(5).standard_normal((8, 4096))
    p = softmax(logits).astype(dtype)
    found = spectral_norm(p)
    assert found.dtype == dtype
    exact = p.astype(float)
    vector = exact / (exact - spectral_norm(exact)[:, None])
    vector /= np.linalg.norm(vector, axis=-1, keepdims=True)
    quotient = np.sum(exact * vector**2, axis=-1) - np.sum(exact * vector, axis=-1) ** 2
    np.testing.assert_allclose(found, quotient, rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", ["whole", "part of a larger array", "read-only"])
def test_the_metric_reads_rows_wherever_they_lie_and_leaves_them_as_they_were(kind):
    wide = np.random.default_rng(3).dirichlet(np.ones(9), (2, 4))
    weights = wide[..., :7] if kind == "part of a larger array" else wide
    weights.setflags(write=kind != "read-only")
    before = wide.copy()
    found = ROW_METRICS["jacobian_spectral"](Rows(weights, np.full((2, 4), weights.shape[-1])))
    np.testing.assert_allclose(found, spectral_norm(weights.copy()), rtol=1e-13)
    assert np.array_equal(wide, before)


def test_shapes_follow_the_leading_axes_and_the_rows_stay_as_they_were():
    p = softmax(np.random.default_rng(1).standard_normal((2, 3, 5)))
    kept = p.copy()
    assert jacobian(p).shape == (2, 3, 5, 5)
    assert jacobian_frobenius(p).shape == spectral_norm(p).shape == (2, 3)
    assert spectral_norm(p[:, ::2, ::-1]).tolist() == spectral_norm(p)[:, ::2].tolist()
    assert spectral_norm(p[:0]).shape == (0, 3)
    assert np.array_equal(p, kept)


@given(seeds, st.floats(0.1, 5.0))
@repeatable
def test_entropy_falls_with_beta_as_beta_times_the_variance(seed, beta):
    """dH/dβ = −β·Var_p(s), by finite differences and through the Jacobian."""
    s = np.random.default_rng(seed).standard_normal(9)

    def entropy(beta):
        p = softmax(beta * s)
        return -np.sum(p * np.log(p))

    p = softmax(beta * s)
    law = -beta * (np.sum(p * s**2) - np.sum(p * s) ** 2)
    through = -np.log(p) @ jacobian(p) @ s
    slope = (entropy(beta + 1e-5) - entropy(beta - 1e-5)) / 2e-5
    assert through == pytest.approx(law, rel=1e-12, abs=1e-14)
    assert slope == pytest.approx(law, rel=1e-6, abs=1e-9)


# Mean ‖J‖_F at d = 1024, n = 32, independent Q and K, from 3,000,000 rows, and its standard error.
SCALED, UNSCALED = (0.241132, 0.000013), (0.060408, 0.000075)


@pytest.mark.parametrize(("scale", "stated"), [(1 / 32, SCALED), (1.0, UNSCALED)])
def test_without_the_scale_a_wide_softmax_saturates(scale, stated):
    """Given q, the 32 scores are independent N(0, ‖q‖²): each row is drawn with its own χ²."""
    random = np.random.default_rng(2024)
    length = np.sqrt(random.chisquare(1024, (40_000, 1)))
    p = softmax(scale * length * random.standard_normal((40_000, 32)))
    mean, error = mean_and_error(jacobian_frobenius(p))
    assert mean == pytest.approx(stated[0], abs=4 * np.hypot(error, stated[1]))
    assert error < 0.001


@pytest.mark.parametrize(("scale", "stated"), [(1 / 32, SCALED), (1.0, UNSCALED)])
def test_scores_of_drawn_queries_and_keys_saturate_alike(scale, stated):
    random = np.random.default_rng(7)
    draws = []
    for _ in range(16):
        query, key = random.standard_normal((2, 32, 1024))
        draws.append(jacobian_frobenius(softmax(scale * query @ key.T)).mean())
    mean, error = mean_and_error(draws)
    assert mean == pytest.approx(stated[0], abs=4 * np.hypot(error, stated[1]))
    assert error < 0.01


@pytest.mark.oracle
@given(rows())
@repeatable
def test_oracle_norms_against_torch(p):
    torch = pytest.importorskip("torch")
    explicit = torch.from_numpy(jacobian(p))
    spectral = torch.linalg.matrix_norm(explicit, ord=2).numpy()
    frobenius = torch.linalg.matrix_norm(explicit).numpy()
    np.testing.assert_allclose(spectral_norm(p), spectral, rtol=0, atol=5e-15)
    np.testing.assert_allclose(jacobian_frobenius(p) ** 2, frobenius**2, rtol=1e-13, atol=1e-15)


@pytest.mark.oracle
@given(seeds, st.integers(1, 12))
@repeatable
def test_oracle_jacobian_against_autograd(seed, keys):
    torch = pytest.importorskip("torch")
    logits = np.random.default_rng(seed).standard_normal(keys)
    found = torch.autograd.functional.jacobian(
        lambda z: torch.softmax(z, dim=-1), torch.from_numpy(logits)
    )
    np.testing.assert_allclose(jacobian(softmax(logits)), found.numpy(), rtol=0, atol=1e-15)
