"""Laws of every metric, and one case of each worked by hand."""

from __future__ import annotations

import doctest
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.attention import attend
from pipeline.base.errors import UserError
from pipeline.base.records import Array, Embeddings, Mask, Metrics, Rows
from pipeline.metrics import (
    EMBEDDING_METRICS,
    FLOW_METRICS,
    METRICS,
    ROW_METRICS,
    SET_METRICS,
    RowStream,
    mean_defined,
    measure,
    scalar_names,
)
from pipeline.metrics.rows.memo import memoize
from tests.make import attended, golden_outcome

UNIFORM, ONE_HOT = np.full((4, 4), 0.25), np.eye(4)[[1, 0, 3, 3]]
every_metric = pytest.mark.parametrize("name", METRICS)


@st.composite
def rows_of_weights(draw: st.DrawFn) -> Array:
    """[3, M] rows that sum to 1, some with zeros."""
    keys = draw(st.integers(2, 6))
    raw = draw(hnp.arrays(float, (3, keys), elements=st.just(0.0) | st.floats(1e-3, 1)))
    raw[:, 0] += 0.01  # no row all zero
    return raw / raw.sum(axis=-1, keepdims=True)


def measured(rows: Array, *names: str, allowed: Mask | None = None) -> Metrics:
    """Metrics of rows whose values are one-hot: token k's own value is the unit vector k."""
    looked = attended(rows[None], None if allowed is None else allowed[None])
    one_hot = np.eye(rows.shape[1])[None]
    numbers = np.arange(rows.shape[1]) % 2  # a sentence of two words in turn
    moved = Embeddings(one_hot, looked.output, np.ones((1, rows.shape[1])))
    return measure(looked, moved, names or METRICS, (numbers[: len(rows)], numbers))


# --- laws of all -----------------------------------------------------------------------------


@every_metric
@pytest.mark.parametrize("rows", [UNIFORM, ONE_HOT], ids=["uniform", "one-hot"])
def test_finite_on_uniform_and_one_hot_rows(name: str, rows: Array) -> None:
    result = measured(rows, name)
    assert tuple(result.scalars) == scalar_names([name])
    for values in result.rows.values():
        assert values.shape == (1, 4)
        first = 1 if name == "previous_token" else 0  # before the first token there is none
        assert np.isfinite(values[:, first:]).all() != (name == "norm_rank" and rows is UNIFORM)
    for key, value in result.scalars.items():
        assert math.isfinite(value) != (key == "norm_rank" and rows is UNIFORM), key


@every_metric
def test_a_scalar_is_the_mean_of_its_rows(name: str) -> None:
    result = golden_outcome().metrics
    if name == "duplicate_token":  # no word stands there twice
        assert math.isnan(result.scalars[name])
    elif name in result.rows:
        assert result.scalars[name] == pytest.approx(np.nanmean(result.rows[name]), rel=1e-15)
    else:
        assert set(scalar_names([name])) <= set(result.scalars)


@pytest.mark.parametrize("name", ROW_METRICS)
@given(rows_of_weights())
def test_a_metric_of_weights_reads_each_row_for_itself(name: str, rows: Array) -> None:
    square = np.resize(rows, (rows.shape[1], rows.shape[1]))
    whole = ROW_METRICS[name](attended(square).rows)
    several = ROW_METRICS[name](attended(np.stack([square, square[::-1]])).rows)
    np.testing.assert_allclose(several[0], whole, rtol=1e-12)


@pytest.mark.parametrize("name", [*ROW_METRICS, *EMBEDDING_METRICS])
def test_a_silent_row_is_left_out_and_the_others_stay(name: str) -> None:
    allowed = np.ones((4, 4), bool)
    allowed[2] = False
    rows = np.where(allowed, UNIFORM, 0.0)
    result, whole = measured(rows, name, allowed=allowed), measured(UNIFORM, name)
    undefined = np.isnan(whole.rows[name][0])  # a first token has no previous one
    assert np.isnan(result.rows[name][0]).tolist() == [*undefined[:2], True, undefined[3]]
    kept = [0, 1, 3]
    np.testing.assert_array_equal(result.rows[name][0, kept], whole.rows[name][0, kept])
    assert result.scalars[name] == pytest.approx(np.nanmean(whole.rows[name][0, kept]))


@every_metric
def test_all_rows_silent_leave_nothing_to_say_but_do_not_fail(name: str) -> None:
    nothing = np.zeros((4, 4))
    result = measured(nothing, name, allowed=nothing.astype(bool))
    for key, value in result.scalars.items():
        assert math.isnan(value) == (not key.endswith("_static"))


@every_metric
def test_every_metric_s_docstring_has_a_worked_example(name: str) -> None:
    function = {**ROW_METRICS, **EMBEDDING_METRICS, **FLOW_METRICS, **SET_METRICS}[name]
    assert function.__doc__ is not None
    assert doctest.DocTestParser().get_examples(function.__doc__)


def test_one_token_alone_has_all_but_what_needs_two() -> None:
    result = measured(np.ones((1, 1)))
    need_two = {
        "entropy_normalized",
        "previous_token",
        "norm_rank",
        "duplicate_token",
        "pairwise_cosine_static",
        "pairwise_cosine_contextual",
    }
    for name in {*BY_HAND, *need_two}:
        assert math.isnan(result.scalars[name]) == (name in need_two), name


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UserError, match="metrics: got 'entorpy', expected one of"):
        measured(UNIFORM, "entorpy")


def test_scalars_come_in_the_order_they_are_announced() -> None:
    assert tuple(measured(UNIFORM).scalars) == scalar_names(METRICS)


# --- worked by hand --------------------------------------------------------------------------

HALVES = [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5], [0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0]]
BY_HAND: dict[str, list[float]] = {
    "entropy": [math.log(2), math.log(2), math.log(4), 0],
    "entropy_normalized": [0.5, 0.5, 1, 0],
    "effective_keys": [2, 2, 4, 1],
    "max_weight": [0.5, 0.5, 0.25, 1],
    "self_weight": [0.5, 0, 0.25, 0],
    "mean_distance": [0.5, 1.5, (2 + 1 + 0 + 1) / 4, 3],
    # J = [[¼, −¼], [−¼, ¼]] has norm ½; four equal keys √3/4; a one-hot row 0.
    "kl_uniform": [math.log(2), math.log(2), 0, math.log(4)],
    "support_size": [2, 2, 4, 1],
    "sink_mass": [0.5, 0, 0.25, 1],
    "duplicate_token": [0, 0.5, 0.25, 0],  # the words are a b a b
    "previous_token": [math.nan, 0, 0.25, 0],  # the first token has none before it
    "jacobian_spectral": [0.5, 0.5, 0.25, 0],
    "jacobian_norm": [0.5, 0.5, math.sqrt(3) / 4, 0],
    # (½, ½, 0, 0) − (1, 0, 0, 0) has length √½; (1, 0, 0, 0) − (0, 0, 0, 1) has √2.
    "displacement": [math.sqrt(0.5), math.sqrt(0.25 + 1 + 0.25), math.sqrt(0.75), math.sqrt(2)],
    "cosine": [math.sqrt(0.5), 0, 0.5, 0],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_rows_worked_by_hand(name: str) -> None:
    result = measured(np.array(HALVES), name)
    np.testing.assert_allclose(result.rows[name][0], BY_HAND[name], atol=1e-12)


def test_pairwise_cosine_worked_by_hand() -> None:
    result = measured(np.array(HALVES), "pairwise_cosine").scalars
    assert result["pairwise_cosine_static"] == pytest.approx(0, abs=1e-12)
    # Of the 6 pairs: 1·2 are 0, 1·3 and 2·3 are √½, 1·4 is √½, 2·4 is 0, 3·4 is ½.
    expected = (3 * math.sqrt(0.5) + 0.5) / 6
    assert result["pairwise_cosine_contextual"] == pytest.approx(expected)


def test_under_a_mask_entropy_counts_the_allowed_keys_alone() -> None:
    """Uniform over what a causal mask allows is as even as it can be: 1, whatever the length."""
    allowed = np.tri(4, dtype=bool)
    rows = allowed / allowed.sum(axis=-1, keepdims=True)
    result = measured(rows, "entropy", "entropy_normalized", allowed=allowed)
    np.testing.assert_allclose(result.rows["entropy"][0], np.log([1, 2, 3, 4]), atol=1e-12)
    assert math.isnan(result.rows["entropy_normalized"][0, 0])  # one key: no choice at all
    np.testing.assert_allclose(result.rows["entropy_normalized"][0, 1:], 1)
    assert result.scalars["entropy_normalized"] == pytest.approx(1)


def test_padding_does_not_dilute_the_entropy() -> None:
    rows = np.zeros((2, 64))
    rows[:, :8] = 1 / 8
    allowed = rows > 0
    result = measured(rows, "entropy_normalized", allowed=allowed)
    np.testing.assert_allclose(result.rows["entropy_normalized"], 1)


# --- laws of one -----------------------------------------------------------------------------


@given(rows_of_weights())
def test_the_jacobian_norm_is_that_of_the_matrix_built_out(rows: Array) -> None:
    built = [np.linalg.norm(np.diag(p) - np.outer(p, p)) for p in rows]
    found = ROW_METRICS["jacobian_norm"](attended(rows).rows)
    np.testing.assert_allclose(found, built, atol=1e-7)
    most = rows.max(axis=-1)
    spectral = np.array([np.linalg.norm(np.diag(p) - np.outer(p, p), 2) for p in rows])
    assert (spectral <= 0.5 + 1e-12).all()
    sharp = most >= 0.5
    assert (spectral[sharp] <= (2 * most * (1 - most))[sharp] + 1e-12).all()


def test_the_jacobian_is_the_derivative_of_attention() -> None:
    """Finite differences of a softmax of scores, through attend itself."""
    scores, step = np.array([0.3, -1.0, 0.8]), 1e-6

    def weights(s: Array) -> Array:
        return attend(np.ones((1, 1)), s[:, None], np.eye(3), scale="none").weights[0]

    columns = [(weights(scores + d) - weights(scores - d)) / (2 * step) for d in step * np.eye(3)]
    found = ROW_METRICS["jacobian_norm"](attended(weights(scores)[None]).rows)
    assert found[0] == pytest.approx(np.linalg.norm(columns), rel=1e-6)


@given(rows_of_weights())
def test_bounds_of_sharpness(rows: Array) -> None:
    keys = rows.shape[1]
    looked = attended(rows).rows
    entropy, effective, most = (
        ROW_METRICS[name](looked) for name in ("entropy", "effective_keys", "max_weight")
    )
    slack = 1e-12
    assert ((entropy >= 0) & (entropy <= math.log(keys) + slack)).all()
    assert ((most >= 1 / keys - slack) & (most <= 1)).all()
    # The Rényi entropies do not rise with their order: 1, then 2, then infinity.
    assert (np.log(effective) <= entropy + slack).all()
    assert (1 / most <= effective + 1e-9).all()


@given(
    hnp.arrays(float, st.tuples(st.integers(2, 6), st.integers(1, 4)), elements=st.integers(-3, 3))
)
def test_pairwise_cosine_is_the_mean_over_all_pairs(vectors: Array) -> None:
    nonzero = [v for v in vectors if v.any()]
    pairs = [
        a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
        for a, b in itertools.combinations(nonzero, 2)
    ]
    found = SET_METRICS["pairwise_cosine"](vectors)
    if pairs:
        assert found == pytest.approx(np.mean(pairs), abs=1e-12)
    else:
        assert math.isnan(found)


def test_the_cosine_of_a_zero_vector_is_undefined() -> None:
    static, moved = np.array([[[1.0, 0], [0, 0], [1, 1]]]), np.array([[[0.0, 0], [1, 0], [2, 2]]])
    found = EMBEDDING_METRICS["cosine"](static, moved)
    assert np.isnan(found).tolist() == [[True, True, False]]
    assert found[0, 2] == pytest.approx(1)


def test_the_mean_is_over_what_is_defined() -> None:
    assert mean_defined([1.0, math.nan, 2.0]) == 1.5
    assert math.isnan(mean_defined([math.nan]))
    assert mean_defined(np.array([[2.0, 4.0]])) == 3.0


# --- a block at a time -------------------------------------------------------------------------


@pytest.mark.usefixtures("tiny_tiles")
@pytest.mark.parametrize("mask", ["none", "causal", {"window": {"left": 2, "right": 0}}])
@pytest.mark.parametrize("rows", [1, 4, 5, 100])
def test_metrics_of_blocks_are_those_of_the_whole(mask: object, rows: int) -> None:
    query, key, value = np.random.default_rng(3).standard_normal((3, 2, 13, 8))
    whole = attend(query, key, value, mask=mask)
    stream = RowStream(ROW_METRICS, (2, 13, 13))
    attend(query, key, value, mask=mask, keep_weights=False, rows=rows, threads=2, observer=stream)
    for name, metric in ROW_METRICS.items():
        np.testing.assert_allclose(stream.rows[name], metric(whole.rows), atol=1e-9, err_msg=name)


@pytest.mark.usefixtures("tiny_tiles")
def test_a_query_without_a_key_stays_undefined_in_a_stream() -> None:
    mask = np.ones((6, 6), bool)
    mask[2] = False
    stream = RowStream({"entropy": ROW_METRICS["entropy"]}, (1, 6, 6))
    attend(*np.ones((3, 1, 6, 2)), mask=mask, keep_weights=False, rows=2, observer=stream)
    assert np.isnan(stream.rows["entropy"][0]).tolist() == [k == 2 for k in range(6)]


def test_what_metrics_share_is_worked_out_once_for_each_block() -> None:
    calls = []

    @memoize
    def counted(rows: Rows) -> Array:
        calls.append(rows)
        return rows.weights.sum(axis=-1)

    one, two = (Rows(weights, np.full(4, 4)) for weights in (UNIFORM, ONE_HOT))
    assert [counted(one).tolist() for _ in range(3)] == [[1.0] * 4] * 3
    counted(two)
    assert calls == [one, two]
