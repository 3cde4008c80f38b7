"""What is read off the weights in the pass that computes them: as off the whole, on any threads."""

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


def problem(queries: int, keys: int, heads: int = 2) -> tuple[Array, Array, Array]:
    """Query, key and value of those shapes."""
    drawn = np.random.default_rng(queries).standard_normal
    return drawn((heads, queries, 8)), drawn((heads, keys, 8)), drawn((heads, keys, 4))


def observed(
    queries: int, keys: int, mask: object, **settings: Any
) -> tuple[WeightObserver, WeightTotals]:
    """An observer that has seen every block of a problem, and its totals."""
    observer = observe(list(ROW_METRICS), (2, queries, keys), top=3)
    attend(*problem(queries, keys), mask=mask, keep_weights=False, observer=observer, **settings)
    return observer, observer.totals()


def arrays_of(observer: WeightObserver, totals: WeightTotals) -> dict[str, Any]:
    """All of its arrays by name."""
    assert totals.pooled is not None
    assert totals.top is not None
    return {
        **observer.rows,
        "counts": totals.allowed_counts,
        "self weight": totals.self_weight,
        "mass": totals.key_mass,
        "uniform": totals.key_mass_uniform,
        "pooled": totals.pooled.values,
        "top": totals.top.keys,
        "top weights": totals.top.weights,
    }


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("mask", [MASKS[0], MASKS[1], MASKS[5]], ids=str)
def test_results_are_bit_identical_for_any_number_of_threads(mask: object) -> None:
    one, *others = (arrays_of(*observed(300, 300, mask, rows=9, threads=t)) for t in (1, 2, 5))
    for other in others:
        for name, values in one.items():
            np.testing.assert_array_equal(other[name], values, err_msg=name)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("mask", MASKS, ids=str)
@pytest.mark.parametrize(("queries", "keys", "rows"), [(40, 40, 1), (7, 600, 1000), (280, 270, 16)])
def test_blocks_gather_what_the_whole_holds(mask: Any, rows: int, queries: int, keys: int) -> None:
    _, totals = observed(queries, keys, mask, rows=rows)
    weights = attend(*problem(queries, keys), mask=mask).weights
    allowed = np.broadcast_to(build_mask(mask).full(queries, keys), weights.shape)
    np.testing.assert_array_equal(totals.allowed_counts, allowed.sum(axis=-1))
    attending = np.maximum(allowed.any(axis=-1).sum(axis=-1), 1)[:, None]
    np.testing.assert_allclose(totals.key_mass, weights.sum(axis=1) / attending, atol=1e-14)
    uniform = allowed / np.maximum(allowed.sum(axis=-1, keepdims=True), 1)
    np.testing.assert_allclose(totals.key_mass_uniform, uniform.sum(axis=1) / attending, atol=1e-14)
    assert totals.pooled is not None
    expected = mean_of_bins(weights, allowed)
    np.testing.assert_allclose(totals.pooled.values, expected, atol=1e-14)
    assert totals.top is not None
    order = np.argsort(-np.where(allowed, weights, -1.0), axis=-1, kind="stable")[..., :3]
    taken = np.take_along_axis(allowed, order, axis=-1)
    best = np.sort(np.where(taken, order, keys), axis=-1)  # masked ones last
    np.testing.assert_array_equal(totals.top.keys, np.where(best < keys, best, -1))
    largest = np.take_along_axis(weights, np.minimum(best, keys - 1), axis=-1)
    np.testing.assert_allclose(totals.top.weights, np.where(best < keys, largest, 0.0), atol=1e-14)


def mean_of_bins(weights: Array, allowed: Any) -> Array:
    """The mean of the allowed pairs of every bin, NaN where there is none."""
    sizes = [-(-count // MAX_BINS) for count in weights.shape[1:]]
    rows, columns = (
        np.arange(0, n, size) for n, size in zip(weights.shape[1:], sizes, strict=True)
    )
    total, pairs = (
        np.add.reduceat(np.add.reduceat(values, rows, axis=1), columns, axis=2)
        for values in (weights, allowed.astype(int))
    )
    return np.where(pairs > 0, total / np.maximum(pairs, 1), np.nan)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("kind", POOLINGS)
@pytest.mark.parametrize("bins", [1, 4, 7, 100])
def test_bins_hold_the_mean_or_the_largest_of_their_pairs(kind: str, bins: int) -> None:
    queries, keys, mask = 23, 31, ["causal", {"dilated": {"step": 2}}]
    observer = observe([], (2, queries, keys), pooling=kind)
    observer.pool = Pool((2, queries, keys), POOLINGS[kind], bins)
    attend(*problem(queries, keys), mask=mask, rows=4, observer=observer)
    pooled, whole = observer.totals().pooled, attend(*problem(queries, keys), mask=mask)
    assert pooled is not None
    allowed = np.broadcast_to(build_mask(mask).full(queries, keys), whole.weights.shape)
    height, width = (-(-n // bins) for n in (queries, keys))
    for head, a, b in np.ndindex(*pooled.values.shape):
        cut = np.s_[head, a * height : (a + 1) * height, b * width : (b + 1) * width]
        part = whole.weights[cut][allowed[cut]]
        expected = (part.mean() if kind == "mean" else part.max()) if part.size else np.nan
        np.testing.assert_allclose(pooled.values[head, a, b], expected, atol=1e-15)
    assert pooled.is_whole == (bins == 100)
    assert pooled.kind == kind


def test_key_mass_by_hand() -> None:
    """Causal, all scores equal: key j receives Σ_{i ≥ j} 1/(i + 1), as under uniform attention."""
    query = np.zeros((1, 4, 2))
    observer = observe([], (1, 4, 4))
    attend(query, query, query, mask="causal", observer=observer, keep_weights=False)
    totals = observer.totals()
    expected = np.array([[1 + 1 / 2 + 1 / 3 + 1 / 4, 1 / 2 + 1 / 3 + 1 / 4, 1 / 3 + 1 / 4, 1 / 4]])
    np.testing.assert_allclose(totals.key_mass, expected / 4, rtol=1e-15)
    np.testing.assert_allclose(totals.key_mass_uniform, expected / 4, rtol=1e-15)


def test_fully_masked_queries_are_no_part_of_a_mean() -> None:
    mask = np.array([[1, 1], [0, 0], [1, 0]], bool)
    observer = observe(["entropy"], (1, 3, 2), top=2)
    zeros = np.zeros((1, 3, 2))
    attend(zeros, zeros[:, :2], zeros[:, :2], mask=mask, observer=observer)
    totals = observer.totals()
    assert totals.allowed_counts.tolist() == [[2, 0, 1]]
    assert totals.key_mass.tolist() == totals.key_mass_uniform.tolist() == [[0.75, 0.25]]
    assert totals.top is not None
    assert totals.top.keys.tolist() == [[[0, 1], [-1, -1], [0, -1]]]
    assert np.isnan(observer.rows["entropy"]).tolist() == [[False, True, False]]


@given(
    hnp.arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.integers(0, 3)),
    st.integers(1, 9),
)
def test_the_largest_are_those_of_a_stable_sort(values: Array, count: int) -> None:
    count = min(count, values.shape[1])
    expected = np.sort(np.argsort(-values, axis=1, kind="stable")[:, :count], axis=1)
    np.testing.assert_array_equal(top_k_keys(values, count), expected)
