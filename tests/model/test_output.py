"""The output projection and the residual: the vectors before and after attention, in one space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.attention import attend
from pipeline.base.errors import UserError
from pipeline.base.records import Array, Embedded, LayerResult, Projected, Sentence, concat_heads
from pipeline.metrics import EMBEDDING_METRICS, measure
from pipeline.model import OUTPUTS, check_residual, embeddings_after, project
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
    attended, repeated = attend(few.query, few.key, few.value), attend(few.query, key, value)
    np.testing.assert_allclose(attended.weights, repeated.weights, rtol=1e-13)
    embeddings = embeddings_after(VECTORS, few, attended.output)
    np.testing.assert_array_equal(embeddings.before, value)  # a group starts where its values are
    np.testing.assert_array_equal(embeddings.after, attended.output)


def test_a_count_that_does_not_divide_is_refused_with_both_numbers() -> None:
    with pytest.raises(UserError) as caught:
        grouped(4)
    assert str(caught.value) == (
        "projection.key_heads: 4 key heads do not divide 6 heads; "
        "expected a count that divides, or null for as many"
    )


# --- the output projection ---------------------------------------------------------------------


def test_the_output_projection_changes_no_other_matrix() -> None:
    with_output = project(VECTORS, "random", heads=6, output="random")
    for name in ("query", "key", "value"):
        np.testing.assert_array_equal(getattr(with_output, name), getattr(MANY, name))
    assert MANY.output is None
    assert with_output.output is not None
    other = project(VECTORS, "random", heads=6, output="random", seed=1).output
    assert other is not None
    assert not np.allclose(with_output.output, other)


@pytest.mark.parametrize("value_width", [None, 5])
def test_it_brings_the_heads_to_the_width_of_the_embeddings(value_width: int | None) -> None:
    layer = layer_with_output(VECTORS, heads=3, value_width=value_width)
    output = layer.projected.output
    assert output is not None
    assert output.shape == (3 * (value_width or 4), 12)
    assert layer.before.shape == layer.after.shape == (6, 12)
    np.testing.assert_array_equal(layer.before, VECTORS)
    by_head = output.reshape(3, -1, 12)  # Σ_h A_h V_h W_O^h, head by head
    summed = sum(layer.attended.output[h] @ by_head[h] for h in range(3))
    np.testing.assert_allclose(layer.after, summed, atol=1e-12)


def layer_with_output(vectors: Array, **settings: Any) -> LayerResult:
    """A sentence whose heads are joined by W_O."""
    projected = project(vectors, "random", output="random", **settings)
    attended = attend(projected.query, projected.key, projected.value)
    embeddings = embeddings_after(vectors, projected, attended.output)
    embedded = Embedded(Sentence("s", tuple("abcdef")), vectors)
    return LayerResult(
        embedded,
        projected,
        attended,
        embeddings,
        measure(attended, embeddings, tuple(EMBEDDING_METRICS)),
    )


@pytest.mark.parametrize("name", EMBEDDING_METRICS)
def test_embedding_metrics_are_then_the_same_for_all_heads(name: str) -> None:
    layer = layer_with_output(VECTORS, heads=3)
    values = layer.metrics.rows[name]
    assert values.shape == (3, 6)
    expected = EMBEDDING_METRICS[name](VECTORS, layer.after)
    np.testing.assert_allclose(values, np.stack([expected] * 3), rtol=1e-13)


def test_in_cross_attention_the_keys_are_projected_to_the_same_space() -> None:
    """The output of a query that attends to one key alone is that key's vector."""
    hard = outcome_of("abc", keys="defgh", heads=1, normalizer="hard", output="random")
    best = hard.attended.weights[0].argmax(axis=-1)
    assert hard.before.shape == (5, 8)
    np.testing.assert_allclose(hard.after, hard.before[best], atol=1e-12)


def test_it_keeps_the_variance_of_the_outputs() -> None:
    output = OUTPUTS["random"]((400, 300), matrix_drawer(0))
    assert output is not None
    assert abs(output.var() * 400 - 1) < 0.02
    assert abs(output.mean()) < 1e-3
    heads = np.random.default_rng(0).standard_normal((4, 50, 100))
    assert abs((concat_heads(heads) @ output).var() - 1) < 0.05


def test_a_residual_adds_the_embeddings_with_and_without_output() -> None:
    """x + A·V, heads side by side, or x + (A·V)·W_O; what attention starts from is then x."""
    for output in ("none", "random"):
        projected = project(VECTORS, "random", heads=3, output=output)
        heads = attend(projected.query, projected.key, projected.value).output
        embeddings = embeddings_after(VECTORS, projected, heads, is_residual=True)
        joined = concat_heads(heads)
        added = joined if projected.output is None else joined @ projected.output
        np.testing.assert_array_equal(embeddings.before, VECTORS[None])
        np.testing.assert_allclose(embeddings.after, (VECTORS + added)[None], rtol=1e-12)


def test_a_residual_needs_equal_widths() -> None:
    with pytest.raises(UserError) as caught:
        check_residual(VECTORS, project(VECTORS, "random", heads=5, key_width=2, value_width=2))
    assert str(caught.value).startswith("layers.residual: the output is 10 wide")
    check_residual(VECTORS, MANY)


@pytest.mark.parametrize("output", ["none", "random"])
def test_value_norms_are_the_lengths_of_what_each_key_adds(output: str) -> None:
    projected = project(VECTORS, "random", heads=6, key_heads=2, output=output)
    norms = embeddings_after(VECTORS, projected, np.zeros((6, 6, 2))).value_norms
    value = np.repeat(projected.value, 3, axis=0)
    if projected.output is not None:
        value = value @ projected.output.reshape(6, 2, 12)
    np.testing.assert_allclose(norms, np.linalg.norm(value, axis=-1), rtol=1e-12)
