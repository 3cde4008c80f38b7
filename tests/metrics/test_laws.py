"""Laws of every metric."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.metrics import (
    EMBEDDING_METRICS,
    HEAD_METRICS,
    METRICS,
    ROW_METRICS,
    mean_defined,
    scalar_names,
)
from tests.make import attended, golden_outcome
from tests.metrics.make import measured

UNIFORM, ONE_HOT = np.full((4, 4), 0.25), np.eye(4)[[1, 0, 3, 3]]
every_metric = pytest.mark.parametrize("name", METRICS)


@every_metric
def test_finite_on_uniform_and_one_hot_rows(name: str) -> None:
    for rows in (UNIFORM, ONE_HOT):
        result, constant = measured(rows, name), name == "norm_rank" and rows is UNIFORM
        assert tuple(result.scalars) == scalar_names([name])
        for values in result.rows.values():
            assert values.shape == (1, 4)
            first = 1 if name == "previous_token" else 0  # the first token has no previous one
            assert np.isfinite(values[:, first:]).all() != constant
        for values in result.heads.values():
            assert values.shape == (1,)
        assert all(math.isfinite(value) != constant for value in result.scalars.values())


@every_metric
def test_a_scalar_is_the_mean_over_rows_or_heads(name: str) -> None:
    result = golden_outcome().metrics
    if name == "duplicate_token":  # no word occurs twice
        assert math.isnan(result.scalars[name])
    elif name in (values := {**result.rows, **result.heads}):
        assert result.scalars[name] == pytest.approx(np.nanmean(values[name]), rel=1e-15)
    else:
        assert set(scalar_names([name])) <= set(result.scalars)


@pytest.mark.parametrize("name", ROW_METRICS)
@given(hnp.arrays(float, (4, 4), elements=st.just(0.0) | st.floats(1e-3, 1)))
def test_a_row_metric_reads_each_row_by_itself(name: str, raw: Array) -> None:
    rows = (raw + 0.01 * np.eye(4)) / (raw + 0.01 * np.eye(4)).sum(axis=-1, keepdims=True)
    alone = ROW_METRICS[name](attended(rows).rows)
    with_another = ROW_METRICS[name](attended(np.stack([rows, rows[::-1]])).rows)
    np.testing.assert_allclose(with_another[0], alone, rtol=1e-12)


@pytest.mark.parametrize("name", [*ROW_METRICS, *EMBEDDING_METRICS, *HEAD_METRICS])
def test_a_fully_masked_query_is_left_out_and_the_others_stay(name: str) -> None:
    allowed = np.ones((4, 4), bool)
    allowed[2] = False
    result = measured(np.where(allowed, UNIFORM, 0.0), name, allowed=allowed)
    unmasked = measured(UNIFORM, name)
    if name in HEAD_METRICS:
        np.testing.assert_allclose(result.heads[name], unmasked.heads[name])
        return
    expected = unmasked.rows[name].copy()  # NaN for a first token that needs a previous one
    expected[0, 2] = np.nan
    np.testing.assert_array_equal(result.rows[name], expected)
    assert result.scalars[name] == pytest.approx(np.nanmean(expected))


@every_metric
def test_with_every_query_masked_all_is_undefined_but_the_static_embeddings(name: str) -> None:
    nothing = np.zeros((4, 4))
    result = measured(nothing, name, allowed=nothing.astype(bool))
    for key, value in result.scalars.items():
        assert math.isnan(value) == (not key.endswith("_static"))


@every_metric
def test_every_docstring_has_an_example(name: str) -> None:
    assert doctest.DocTestParser().get_examples(METRICS[name].__doc__ or "")


def test_one_token_alone_has_all_but_what_needs_two() -> None:
    result = measured(np.ones((1, 1)))
    undefined = {name for name, value in result.scalars.items() if math.isnan(value)}
    assert undefined == {
        "entropy_normalized",
        "previous_token",
        "norm_rank",
        "duplicate_token",
        "pairwise_cosine_static",
        "pairwise_cosine_contextual",
    }


def test_an_unknown_metric_is_refused_with_all_choices() -> None:
    with pytest.raises(UserError) as caught:
        measured(UNIFORM, "entorpy")
    assert str(caught.value) == (
        f"metrics: got 'entorpy', expected one of: {', '.join(METRICS)} (did you mean 'entropy'?)"
    )


def test_scalars_have_the_announced_order() -> None:
    assert tuple(measured(UNIFORM).scalars) == scalar_names(METRICS)
    mixed = ("key_entropy", "pairwise_cosine", "entropy")
    assert tuple(measured(UNIFORM, *mixed).scalars) == scalar_names(mixed)


def test_the_mean_is_over_what_is_defined() -> None:
    assert mean_defined([1.0, math.nan, 2.0]) == 1.5
    assert math.isnan(mean_defined([math.nan]))
    assert mean_defined(np.array([[2.0, 4.0]])) == 3.0
