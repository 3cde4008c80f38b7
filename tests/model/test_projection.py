"""Projections: shapes, variance, and random choices that do not move one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.base.errors import UserError
from pipeline.base.records import Array, Projected
from pipeline.model import PROJECTIONS, project

VECTORS = np.random.default_rng(1).standard_normal((6, 12))


def random(vectors: Array = VECTORS, seed: int = 0, **settings: Any) -> Projected:
    """The random projection."""
    return project(vectors, "random", seed=seed, **settings)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_every_projection_maps_each_token_by_itself(name: str) -> None:
    projected = project(VECTORS, name)
    alone = project(VECTORS[2:3], name)
    for view in ("query", "key", "value"):
        array = getattr(projected, view)
        assert array.ndim == 3
        assert array.shape[1] == len(VECTORS)
        assert np.isfinite(array).all()
        # A token's view depends on its own vector alone.
        np.testing.assert_allclose(array[:, 2:3], getattr(alone, view), atol=1e-12)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_every_projection_is_linear(name: str) -> None:
    doubled, plain = project(2 * VECTORS, name), project(VECTORS, name)
    np.testing.assert_allclose(doubled.value, 2 * plain.value, rtol=1e-12)


def test_identity_leaves_the_vectors_unchanged() -> None:
    projected = project(VECTORS, "identity")
    for array in (projected.query, projected.key, projected.value):
        np.testing.assert_array_equal(array, VECTORS[None])


def test_shapes_with_and_without_widths() -> None:
    default = random(heads=3)
    assert default.query.shape == default.key.shape == default.value.shape == (3, 6, 4)
    given = random(heads=5, key_width=7, value_width=2)
    assert given.query.shape == given.key.shape == (5, 6, 7)
    assert given.value.shape == (5, 6, 2)


def test_seed_and_layer_choose_the_matrices() -> None:
    np.testing.assert_array_equal(random(seed=3).query, random(seed=3).query)
    assert not np.allclose(random(seed=3).query, random(seed=4).query)
    assert not np.allclose(random(seed=3).query, random(seed=3, layer=1).query)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_in_cross_attention_keys_and_values_are_of_the_keys(name: str) -> None:
    others = np.random.default_rng(2).standard_normal((4, 12))
    cross, queries, keys = (
        project(VECTORS, name, keys=others), project(VECTORS, name), project(others, name),
    )  # fmt: skip
    np.testing.assert_array_equal(cross.query, queries.query)
    np.testing.assert_array_equal(cross.key, keys.key)
    np.testing.assert_array_equal(cross.value, keys.value)


def test_query_key_value_and_heads_are_all_different() -> None:
    projected = random(heads=2)
    views = [*projected.query, *projected.key, *projected.value]
    for i, one in enumerate(views):
        for other in views[:i]:
            assert not np.allclose(one, other)


def test_the_value_width_does_not_change_queries_and_keys() -> None:
    plain, wide = random(value_width=12), random(value_width=5)
    np.testing.assert_array_equal(plain.query, wide.query)
    np.testing.assert_array_equal(plain.key, wide.key)


def test_more_heads_of_the_same_width_do_not_change_the_first() -> None:
    few, many = (random(heads=h, key_width=4, value_width=4) for h in (2, 5))
    np.testing.assert_allclose(few.query, many.query[:2], atol=1e-12)
    np.testing.assert_allclose(few.value, many.value[:2], atol=1e-12)


def test_entries_keep_the_variance_of_the_embeddings() -> None:
    """W has variance 1/D, so Var(q) = Var(x) and Var(q·k) = d_k, which 1/√d_k undoes."""
    vectors = np.random.default_rng(2).standard_normal((200, 128))
    projected = random(vectors, key_width=64, value_width=64)
    assert abs(projected.query.var() - 1) < 0.05
    scores = projected.query[0] @ projected.key[0].T
    assert abs(scores.var() / 64 - 1) < 0.1
    unit = random(np.eye(128), key_width=64).query  # with X = I, what comes out is W
    assert abs(unit.var() * 128 - 1) < 0.05


def test_heads_that_do_not_divide_the_width() -> None:
    with pytest.raises(UserError) as caught:
        random(heads=5)
    assert str(caught.value) == (
        "projection.heads: 5 heads do not divide the embedding width 12; "
        "choose another count, or set projection.key_width and projection.value_width"
    )
    assert random(heads=5, key_width=3, value_width=3).key.shape == (5, 6, 3)


def test_an_unknown_projection_lists_all() -> None:
    with pytest.raises(UserError) as caught:
        project(VECTORS, "rnadom")
    assert str(caught.value) == (
        f"projection.kind: got 'rnadom', expected one of: {', '.join(PROJECTIONS)} "
        "(did you mean 'random'?)"
    )
