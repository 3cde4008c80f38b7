"""What is read off the weights in the pass that makes them: as off the whole, on any threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.attention import attend, build_mask
from pipeline.base.records import Array, WeightTotals
from pipeline.metrics import POOLINGS, ROW_METRICS, WeightObserver, observe
from pipeline.metrics.streaming.pool import MAX_BINS, Pool
from pipeline.metrics.streaming.top_k import top_k_keys

MASKS: list[Any] = [
    "none", "causal", {"window": {"left": 3, "right": 0}}, {"dilated": {"step": 3}},
    {"window": {"left": 0, "right": 5}}, ["causal", {"dilated": {"step": 2}}],
]  # fmt: skip
every_mask = pytest.mark.parametrize("mask", MASKS, ids=str)


def problem(queries: int, keys: int, heads: int = 2) -> tuple[Array, Array, Array]:
    """Query, key and value of those shapes."""
    drawn = np.random.default_rng(queries).standard_normal
    return drawn((heads, queries, 8)), drawn((heads, keys, 8)), drawn((heads, keys, 4))


def watched(
    queries: int, keys: int, mask: object, **how: Any
) -> tuple[WeightObserver, WeightTotals]:
    """Everything that can be watched of a problem."""
    watching = observe(list(ROW_METRICS), (2, queries, keys), top=3)
    attend(*problem(queries, keys), mask=mask, keep_weights=False, observer=watching, **how)
    return watching, watching.totals()


def flat(watching: WeightObserver, seen: WeightTotals) -> dict[str, Any]:
    """All of its arrays by name."""
    assert seen.pooled is not None
    assert seen.top is not None
    return {
        **watching.rows, "counts": seen.allowed_counts, "itself": seen.self_weight, "mass": seen.key_mass,
        "uniform": seen.key_mass_uniform, "pooled": seen.pooled.values, "top": seen.top.keys,
        "top weights": seen.top.weights,
    }  # fmt: skip


@pytest.mark.usefixtures("small_tiles")
@every_mask
def test_no_bit_depends_on_the_count_of_threads(mask: object) -> None:
    one, two, five = (flat(*watched(700, 700, mask, rows=9, threads=t)) for t in (1, 2, 5))
    for name, values in one.items():
        np.testing.assert_array_equal(two[name], values, err_msg=name)
        np.testing.assert_array_equal(five[name], values, err_msg=name)


@pytest.mark.usefixtures("small_tiles")
@every_mask
@pytest.mark.parametrize("rows", [1, 16, 1000])
@pytest.mark.parametrize(("queries", "keys"), [(40, 40), (300, 290), (7, 600)])
def test_blocks_leave_what_the_whole_does(mask: Any, rows: int, queries: int, keys: int) -> None:
    _, seen = watched(queries, keys, mask, rows=rows)
    whole = attend(*problem(queries, keys), mask=mask)
    allowed = np.broadcast_to(build_mask(mask).full(queries, keys), whole.weights.shape)
    np.testing.assert_array_equal(seen.allowed_counts, allowed.sum(axis=-1))
    awake = np.maximum(allowed.any(axis=-1).sum(axis=-1), 1)[:, None]
    np.testing.assert_allclose(seen.key_mass, whole.weights.sum(axis=1) / awake, atol=1e-14)
    even = allowed / np.maximum(allowed.sum(axis=-1, keepdims=True), 1)
    np.testing.assert_allclose(seen.key_mass_uniform, even.sum(axis=1) / awake, atol=1e-14)
    assert seen.pooled is not None
    expected = pooled_by_hand(whole.weights, allowed, "mean")
    np.testing.assert_allclose(seen.pooled.values, expected, atol=1e-14)
    assert seen.top is not None
    for head, i in np.ndindex(2, queries):
        ranked = np.argsort(-np.where(allowed[head, i], whole.weights[head, i], -1), kind="stable")
        best = sorted(int(j) for j in ranked[:3] if allowed[head, i, j])
        assert [j for j in seen.top.keys[head, i] if j >= 0] == best
        np.testing.assert_allclose(
            seen.top.weights[head, i, : len(best)], whole.weights[head, i, best], atol=1e-14
        )


def pooled_by_hand(weights: Array, allowed: Any, kind: str, bins: int = MAX_BINS) -> Array:
    """Bin by bin: the mean or the largest of the pairs that take part, NaN where none does."""
    down, across = (-(-n // bins) for n in weights.shape[1:])
    shape = (len(weights), -(-weights.shape[1] // down), -(-weights.shape[2] // across))
    found = np.full(shape, np.nan)
    for head, a, b in np.ndindex(*shape):
        cut = np.s_[head, a * down : (a + 1) * down, b * across : (b + 1) * across]
        if allowed[cut].any():
            part = weights[cut][allowed[cut]]
            found[head, a, b] = part.mean() if kind == "mean" else part.max()
    return found


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("kind", POOLINGS)
@pytest.mark.parametrize("bins", [1, 4, 7, 100])
def test_bins_hold_what_they_say(kind: str, bins: int) -> None:
    queries, keys, mask = 23, 31, ["causal", {"dilated": {"step": 2}}]
    watching = observe([], (2, queries, keys), pooling=kind)
    watching.pool = Pool((2, queries, keys), POOLINGS[kind], bins)
    attend(*problem(queries, keys), mask=mask, rows=4, observer=watching)
    pooled, whole = watching.totals().pooled, attend(*problem(queries, keys), mask=mask)
    assert pooled is not None
    allowed = np.broadcast_to(build_mask(mask).full(queries, keys), whole.weights.shape)
    expected = pooled_by_hand(whole.weights, allowed, kind, bins)
    np.testing.assert_allclose(pooled.values, expected, atol=1e-15)
    assert pooled.is_whole == (bins == 100)
    assert pooled.kind == kind


def test_a_key_s_mass_of_a_case_worked_by_hand() -> None:
    """Causal, all scores equal: key j gets Σ_{i ≥ j} 1/(i + 1), which is its null."""
    query = np.zeros((1, 4, 2))
    watching = observe([], (1, 4, 4))
    attend(query, query, query, mask="causal", observer=watching, keep_weights=False)
    seen = watching.totals()
    expected = np.array([[1 + 1 / 2 + 1 / 3 + 1 / 4, 1 / 2 + 1 / 3 + 1 / 4, 1 / 3 + 1 / 4, 1 / 4]])
    np.testing.assert_allclose(seen.key_mass, expected / 4, rtol=1e-15)
    np.testing.assert_allclose(seen.key_mass_uniform, expected / 4, rtol=1e-15)


def test_queries_that_see_nothing_are_no_part_of_a_mean() -> None:
    mask = np.array([[1, 1], [0, 0], [1, 0]], bool)
    watching = observe(["entropy"], (1, 3, 2), top=2)
    zeros = np.zeros((1, 3, 2))
    attend(zeros, zeros[:, :2], zeros[:, :2], mask=mask, observer=watching)
    seen = watching.totals()
    assert seen.allowed_counts.tolist() == [[2, 0, 1]]
    assert seen.key_mass.tolist() == seen.key_mass_uniform.tolist() == [[0.75, 0.25]]
    assert seen.top is not None
    assert seen.top.keys.tolist() == [[[0, 1], [-1, -1], [0, -1]]]
    assert np.isnan(watching.rows["entropy"]).tolist() == [[False, True, False]]


@given(
    hnp.arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.integers(0, 3)),
    st.integers(1, 9),
)
def test_the_largest_are_those_of_a_stable_sort(values: Array, count: int) -> None:
    count = min(count, values.shape[1])
    expected = np.sort(np.argsort(-values, axis=1, kind="stable")[:, :count], axis=1)
    np.testing.assert_array_equal(top_k_keys(values, count), expected)
