"""Metrics by head: the entropy of the mean row, and adding another one."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.attention import attend
from pipeline.base.records import Array, WeightTotals
from pipeline.config.schema.config import Config
from pipeline.metrics import HEAD_METRICS, observe
from pipeline.metrics.heads import key_entropy
from pipeline.run import run
from pipeline.store.write.run import write_run
from pipeline.store.write.tables import heads_table
from tests.metrics.make import measured

ConfigOf = Callable[..., Config]
GAUSSIAN = ("embeddings=gaussian", "projection=random", "projection.heads=2", "plots=[]")


def test_by_hand_for_two_heads() -> None:
    """All queries on one key: 0. Each on a key of its own: ln 3, though no row has any entropy."""
    heads = np.stack([np.eye(3)[[1, 1, 1]], np.eye(3)])
    result = measured(heads, "key_entropy", "entropy")
    np.testing.assert_allclose(result.heads["key_entropy"], [0.0, math.log(3)], atol=1e-12)
    assert result.scalars["key_entropy"] == pytest.approx(math.log(3) / 2)
    assert result.scalars["entropy"] == 0.0
    assert "key_entropy" not in result.rows


def test_by_hand_under_a_causal_mask() -> None:
    """Uniform causal attention of two tokens: the mean row is (3/4, 1/4)."""
    rows = np.array([[1.0, 0.0], [0.5, 0.5]])
    result = measured(rows, "key_entropy", allowed=np.tri(2, dtype=bool))
    expected = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    assert result.heads["key_entropy"][0] == pytest.approx(expected)


@given(hnp.arrays(float, (2, 5, 4), elements=st.floats(1e-3, 1)), st.floats(0.1, 10))
def test_it_is_at_most_ln_m_at_least_the_mean_entropy_and_free_of_scale(
    raw: Array, factor: float
) -> None:
    rows = raw / raw.sum(axis=-1, keepdims=True)
    result = measured(rows, "key_entropy", "entropy")
    found = result.heads["key_entropy"]
    assert (found <= math.log(4) + 1e-12).all()
    assert (found >= result.rows["entropy"].mean(axis=-1) - 1e-12).all()
    scaled = measured(factor * rows, "key_entropy")  # as of a normalizer whose rows do not sum to 1
    np.testing.assert_allclose(scaled.heads["key_entropy"], found, rtol=1e-12)


@pytest.mark.usefixtures("tiny_tiles")
def test_it_is_the_same_without_the_weights_for_any_block_size() -> None:
    query, key, value = np.random.default_rng(3).standard_normal((3, 2, 13, 8))
    whole = attend(query, key, value, mask="causal").weights.mean(axis=1)
    expected = -np.sum(whole * np.log(whole), axis=-1)
    for rows in (1, 5, 100):
        observer = observe([], (2, 13, 13))
        attend(query, key, value, mask="causal", keep_weights=False, rows=rows, observer=observer)
        np.testing.assert_allclose(key_entropy(observer.totals()), expected, rtol=1e-12)


@pytest.mark.parametrize("cross", [(), ("sentences.keys=u v w x y z",)], ids=["self", "cross"])
def test_a_run_tells_it_by_head_beside_its_uniform_value(
    config_of: ConfigOf, cross: tuple[str, ...]
) -> None:
    config = config_of(*GAUSSIAN, *cross, "sentences.text=a b c", "metrics=[entropy,key_entropy]")
    result = run(config)
    (layer,) = result.layers
    assert layer.uniform is not None
    uniform = math.log(len(layer.key_tokens))
    np.testing.assert_allclose(layer.uniform.heads["key_entropy"], uniform)
    table = heads_table(result.layers, config.metrics)
    assert list(table.columns) == [
        "sentence", "layer", "head", "key_entropy", "key_entropy_uniform",
    ]  # fmt: skip
    found = layer.metrics.heads["key_entropy"].tolist()
    name = layer.embedded.sentence.name
    assert table.rows == [(name, 0, head, found[head], pytest.approx(uniform)) for head in range(2)]
    assert result.scalars["key_entropy"] == pytest.approx(np.mean(found))
    assert result.scalars["key_entropy_uniform"] == pytest.approx(uniform)


def test_heads_csv_is_written_only_where_a_head_metric_is_asked_for(
    config_of: ConfigOf, tmp_path: Path
) -> None:
    for metrics, header in (("entropy", None), ("entropy,key_entropy", "sentence,layer,head,key_")):
        config = config_of(*GAUSSIAN, f"metrics=[{metrics}]")
        write_run(tmp_path / metrics, run(config), [], "", config.settings(), [], dict)
        path = tmp_path / metrics / "heads.csv"
        assert path.exists() == (header is not None)
        if header:
            assert path.read_text(encoding="utf-8").startswith(header)


def test_another_one_is_a_function_and_an_entry(
    config_of: ConfigOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the dict to the run's scalars and heads.csv, with no other change."""

    def largest_mass(totals: WeightTotals) -> Array:
        return totals.key_mass.max(axis=-1)

    monkeypatch.setitem(HEAD_METRICS, "largest_mass", largest_mass)
    config = config_of(*GAUSSIAN, "metrics=[key_entropy]")
    config = config.model_copy(update={"metrics": ("largest_mass", "key_entropy")})
    result = run(config)
    masses = result.layers[0].metrics.totals.key_mass.max(axis=-1)
    assert result.scalars["largest_mass"] == pytest.approx(masses.mean())
    assert result.scalars["largest_mass_uniform"] == pytest.approx(1 / 5)
    table = heads_table(result.layers, config.metrics)
    assert list(table.columns[3:]) == [
        "largest_mass", "key_entropy", "largest_mass_uniform", "key_entropy_uniform",
    ]  # fmt: skip
    assert [row[3] for row in table.rows] == masses.tolist()
