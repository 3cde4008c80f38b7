"""Rollout: shares of the first layer's tokens, followed up through the layers."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.base.records import Array
from pipeline.config.schema.config import Config
from pipeline.metrics import is_uniform_name
from pipeline.metrics.flow.rollout import rollout
from pipeline.run import run

ConfigOf = Callable[..., Config]
STACK = ("embeddings=gaussian", "projection=random", "projection.heads=2", "layers.count=4")
NAMES = "metrics=[rollout_entropy,rollout_self]"


def layers_of_weights(count: int, seed: int = 0) -> Array:
    """[L, 2, 5, 5] rows that sum to one."""
    raw = np.random.default_rng(seed).random((count, 2, 5, 5))
    return raw / raw.sum(axis=-1, keepdims=True)


def rolled(layers: Array, is_residual: bool) -> Array:
    """All layers, from below."""
    found: Array | None = None
    for weights in layers:
        found = rollout(weights, found, is_residual)
    assert found is not None
    return found


@pytest.mark.parametrize("count", [1, 2, 5])
def test_of_uniform_attention_with_a_residual(count: int) -> None:
    """R = 2^−L·I + (1 − 2^−L)·11ᵀ/n, exactly."""
    uniform = np.full((count, 3, 8, 8), 1 / 8)
    expected = 0.5**count * np.eye(8) + (1 - 0.5**count) / 8
    np.testing.assert_allclose(rolled(uniform, True), expected, atol=1e-15)
    np.testing.assert_allclose(rolled(uniform, False), 1 / 8, atol=1e-15)


@pytest.mark.parametrize("is_residual", [False, True])
def test_it_is_the_sum_over_all_paths(is_residual: bool) -> None:
    """The paper's picture: a path's share is the product of its edges."""
    layers = layers_of_weights(3)
    edges = layers.mean(axis=1)
    if is_residual:
        edges = (edges + np.eye(5)) / 2
    expected = np.zeros((5, 5))
    for start, a, b, end in itertools.product(range(5), repeat=4):
        expected[end, start] += edges[0][a, start] * edges[1][b, a] * edges[2][end, b]
    found = rolled(layers, is_residual)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=1e-12)


def test_a_query_that_sees_nothing_keeps_what_the_residual_gives_it() -> None:
    weights = np.array([[[0.0, 0.0], [0.5, 0.5]]])
    assert rollout(weights, None, is_residual=True).tolist() == [[1.0, 0.0], [0.25, 0.75]]
    assert rollout(weights, None, is_residual=False).tolist() == [[0.0, 0.0], [0.5, 0.5]]


@pytest.mark.parametrize("residual", ["false", "true"])
def test_a_run_rolls_its_layers_out(config_of: ConfigOf, residual: str) -> None:
    result = run(config_of(*STACK, NAMES, f"layers.residual={residual}"))
    weights = np.stack([layer_result.attended.weights for layer_result in result.layers])
    for layer, layer_result in enumerate(result.layers):
        flow = layer_result.metrics.flow
        assert flow is not None
        expected = rolled(weights[: layer + 1], residual == "true")
        np.testing.assert_allclose(flow.rollout, expected, rtol=1e-12)
        own = layer_result.metrics.rows["rollout_self"]
        np.testing.assert_allclose(own, np.stack([expected.diagonal()] * 2))
        entropies = -np.sum(expected * np.log(expected), axis=-1)
        np.testing.assert_allclose(
            layer_result.metrics.rows["rollout_entropy"], np.stack([entropies] * 2)
        )
        assert layer_result.uniform is not None
        assert layer_result.uniform.flow is not None
        even = rolled(np.full((layer + 1, *weights.shape[1:]), 1 / 5), residual == "true")
        np.testing.assert_allclose(layer_result.uniform.flow.rollout, even, rtol=1e-12)
    last = result.layers[-1].metrics.scalars
    of_metrics = {
        name: value for name, value in result.scalars.items() if not is_uniform_name(name)
    }
    assert of_metrics == {name: last[name] for name in of_metrics}  # no mean


def test_no_flow_is_traced_unless_needed(config_of: ConfigOf) -> None:
    assert all(layer_result.metrics.flow is None for layer_result in run(config_of(*STACK)).layers)
