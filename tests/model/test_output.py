"""Shared keys and the output projection: what moves where, in one space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.attention import attend
from pipeline.base.errors import UserError
from pipeline.base.records import Array, Embedded, LayerResult, Projected, Sentence, concat_heads
from pipeline.metrics import EMBEDDING_METRICS, measure
from pipeline.model import OUTPUTS, embeddings_after, project
from pipeline.model.projection import matrix_drawer
from tests.make import outcome_of

VECTORS = np.random.default_rng(5).standard_normal((6, 12))
MANY = project(VECTORS, "random", heads=6)


def grouped(key_heads: int) -> Projected:
    """Six query heads over that many heads of keys and values."""
    return project(VECTORS, "random", heads=6, key_heads=key_heads)


@pytest.mark.parametrize("key_heads", [1, 2, 3, 6])
def test_groups_of_heads_share_the_first_keys_and_values(key_heads: int) -> None:
    few = grouped(key_heads)
    np.testing.assert_array_equal(few.query, MANY.query)
    for name in ("key", "value"):
        view = getattr(few, name)
        assert view.shape == (key_heads, 6, 2)
        np.testing.assert_array_equal(view, getattr(MANY, name)[:key_heads])


@pytest.mark.parametrize("key_heads", [1, 2, 3])
def test_grouped_attention_is_attention_over_repeated_heads(key_heads: int) -> None:
    few, group = grouped(key_heads), 6 // key_heads
    key, value = (np.repeat(array, group, axis=0) for array in (few.key, few.value))
    looked, whole = attend(few.query, few.key, few.value), attend(few.query, key, value)
    np.testing.assert_allclose(looked.weights, whole.weights, rtol=1e-13)
    moved = embeddings_after(VECTORS, few, looked.output)
    np.testing.assert_array_equal(moved.before, value)  # a group starts where its values are
    np.testing.assert_array_equal(moved.after, looked.output)


def test_a_count_that_does_not_divide_is_refused_with_both_numbers() -> None:
    with pytest.raises(UserError) as caught:
        grouped(4)
    assert str(caught.value) == (
        "projection.key_heads: 4 key heads do not divide 6 heads; "
        "expected a count that divides, or null for as many"
    )


# --- the output projection ---------------------------------------------------------------------


def test_the_output_projection_moves_nothing_that_was_drawn_before() -> None:
    joined = project(VECTORS, "random", heads=6, output="random")
    for name in ("query", "key", "value"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(MANY, name))
    assert MANY.output is None
    assert joined.output is not None
    other = project(VECTORS, "random", heads=6, output="random", seed=1).output
    assert other is not None
    assert not np.allclose(joined.output, other)


@pytest.mark.parametrize("value_width", [None, 5])
def test_it_brings_the_heads_back_to_the_width_of_the_embeddings(value_width: int | None) -> None:
    outcome = joined(VECTORS, heads=3, value_width=value_width)
    output = outcome.projected.output
    assert output is not None
    assert output.shape == (3 * (value_width or 4), 12)
    assert outcome.before.shape == outcome.after.shape == (6, 12)
    np.testing.assert_array_equal(outcome.before, VECTORS)
    by_head = output.reshape(3, -1, 12)  # Σ_h A_h V_h W_O^h, head by head
    summed = sum(outcome.attended.output[h] @ by_head[h] for h in range(3))
    np.testing.assert_allclose(outcome.after, summed, atol=1e-12)


def joined(vectors: Array, **settings: Any) -> LayerResult:
    """A sentence whose heads are brought together."""
    projected = project(vectors, "random", output="random", **settings)
    looked = attend(projected.query, projected.key, projected.value)
    moved = embeddings_after(vectors, projected, looked.output)
    embedded = Embedded(Sentence("s", tuple("abcdef")), vectors)
    return LayerResult(
        embedded, projected, looked, moved, measure(looked, moved, tuple(EMBEDDING_METRICS))
    )


@pytest.mark.parametrize("name", EMBEDDING_METRICS)
def test_a_metric_of_moves_is_then_one_for_all_heads(name: str) -> None:
    outcome = joined(VECTORS, heads=3)
    values = outcome.metrics.rows[name]
    assert values.shape == (3, 6)
    expected = EMBEDDING_METRICS[name](VECTORS, outcome.after)
    np.testing.assert_allclose(values, np.stack([expected] * 3), rtol=1e-13)


def test_in_cross_attention_the_keys_are_brought_to_the_same_space() -> None:
    """A query that attends to one key alone ends where that key stands."""
    hard = outcome_of("abc", keys="defgh", heads=1, normalizer="hard", output="random")
    best = hard.attended.weights[0].argmax(axis=-1)
    assert hard.before.shape == (5, 8)
    np.testing.assert_allclose(hard.after, hard.before[best], atol=1e-12)


def test_its_entries_keep_the_variance_of_the_outputs() -> None:
    made = OUTPUTS["random"]((400, 300), matrix_drawer(0))
    assert made is not None
    assert abs(made.var() * 400 - 1) < 0.02
    assert abs(made.mean()) < 1e-3
    heads = np.random.default_rng(0).standard_normal((4, 50, 100))
    assert abs((concat_heads(heads) @ made).var() - 1) < 0.05
