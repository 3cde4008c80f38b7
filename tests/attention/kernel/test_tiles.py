"""Results are bit-identical for any block size, any number of threads, ours or of BLAS."""

from __future__ import annotations

import tracemalloc
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import attend
from pipeline.attention import NORMALIZERS, build_mask
from pipeline.attention.kernel.tiles import CACHE_WEIGHTS, MIN_ROWS, Tile, choose_tile, mix, scores
from pipeline.attention.masks import Mask
from pipeline.attention.masks.position import causal
from pipeline.attention.row_sums import CHUNK_KEYS
from pipeline.base.records import Array, Attended
from pipeline.base.threads import blas

MASKS: dict[str, Any] = {
    "none": "none",
    "causal": "causal",
    "window": {"window": {"left": 40, "right": 3}},
    "padding": {"padding": {"length": 90}},
    "comb": ["causal", {"dilated": {"step": 3}}],
    "global": {"global_tokens": {"count": 2}},
}
# N, M, D, E, the size of the logits and the type; each normalizer meets each under some mask
CASES: list[Any] = [
    ((100, 100, 64, 64), 30.0, np.float64),
    ((513, 513, 31, 33), 1.0, np.float32),
    ((1100, 141, 8, 9), 30.0, np.float64),
    ((60, 900, 300, 20), 30.0, np.float32),
]


def problem(shape: tuple[int, int, int, int], size: float, dtype: Any) -> tuple[Array, ...]:
    """Query, key and value of two heads."""
    queries, keys, width, values = shape
    drawn = np.random.default_rng(queries).standard_normal
    query = size * drawn((2, queries, width)) / np.sqrt(width)
    return tuple(
        a.astype(dtype) for a in (query, drawn((2, keys, width)), drawn((2, keys, values)))
    )


def same(one: Attended, other: Attended) -> None:
    """Equal to the last bit."""
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_array_equal(one.output, other.output)


@pytest.fixture
def always_direct(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No problem is too large for one block, unless rows are asked for."""
    monkeypatch.setattr(import_module("pipeline.attention.attend"), "DIRECT_WEIGHTS", 1 << 40)
    return monkeypatch


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_results_are_bit_identical_for_any_blocks_and_threads(
    normalizer: str, mask: str, always_direct: pytest.MonkeyPatch
) -> None:
    """Blocks that divide the length and that do not, and the default, against one block."""
    turn = list(MASKS).index(mask) + list(NORMALIZERS).index(normalizer)
    query, key, value = problem(*CASES[turn % len(CASES)])
    stages: Any = {"mask": MASKS[mask], "normalizer": normalizer}
    direct = attend(query, key, value, **stages)
    for rows, threads in ((1, 2), (300, 3)):
        same(attend(query, key, value, rows=rows, threads=threads, **stages), direct)
    alone = attend(query, key, value, keep_weights=False, rows=1, threads=2, **stages)
    np.testing.assert_array_equal(alone.output, direct.output)
    always_direct.undo()
    same(attend(query, key, value, **stages), direct)


def test_bisected_entmax_is_bit_identical_too(always_direct: pytest.MonkeyPatch) -> None:
    stages: Any = {"mask": "causal", "normalizer": {"entmax": {"alpha": 3.0}}}
    three = problem((300, 141, 31, 9), 20.0, np.float64)
    same(attend(*three, rows=1, threads=2, **stages), attend(*three, **stages))


OPENBLAS = any(
    library["internal_api"] == "openblas"
    for library in blas().info()
    if library["user_api"] == "blas"
)


@pytest.mark.skipif(not OPENBLAS, reason="known of OpenBLAS alone")
@settings(max_examples=12)
@given(st.data())
def test_results_are_bit_identical_for_any_threads_of_blas(data: st.DataObject) -> None:
    """Also where a small problem leaves threads to BLAS: multiples of 16 up to 128."""
    unit = data.draw(st.sampled_from([1, 16]))
    queries, width = (data.draw(st.integers(1, 160)) for _ in range(2))
    keys, values = (unit * data.draw(st.integers(1, 160 // unit)) for _ in range(2))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    three = problem((queries, keys, width, values), 3.0, dtype)
    results = []
    for threads in (1, 2, 3, 8):
        with blas().limit(limits=threads, user_api="blas"):
            results.append(attend(*three))
    for other in results[1:]:
        same(other, results[0])


@given(st.data())
def test_products_in_tiles_are_the_products(data: st.DataObject) -> None:
    queries, keys = (data.draw(st.integers(1, 12)) for _ in range(2))
    tile = Tile(*(data.draw(st.integers(1, 13)) for _ in range(2)))
    query, key = (np.arange(2.0 * n * 3).reshape(2, n, 3) for n in (queries, keys))
    product = scores(query, key, tile, np.empty((2, queries, keys)))
    np.testing.assert_array_equal(product, query @ key.swapaxes(-1, -2))  # whole numbers: exact
    mixed = mix(product, key, tile, np.empty((2, queries, 3)))
    np.testing.assert_array_equal(mixed, product @ key)


@pytest.mark.parametrize("mask", [Mask(), causal()], ids=["none", "causal"])
def test_a_tile_of_whole_rows_fits_the_cache_down_to_a_few(mask: Mask) -> None:
    tiles = [choose_tile(1 << n, 1 << n, mask) for n in range(20)]
    for n, tile in enumerate(tiles):
        assert tile.rows * (1 << n) <= CACHE_WEIGHTS or tile.rows == MIN_ROWS
        assert tile.keys % CHUNK_KEYS == 0 or tile.keys == 1 << n


def test_bits_are_the_same_where_rows_are_so_long_that_tiles_are_larger(always_direct: Any) -> None:
    query, key, value = problem((300, 5000, 16, 9), 1.0, np.float32)
    mask = {"global_tokens": {"count": 2}}
    assert choose_tile(300, 5000, build_mask(mask)).keys > CHUNK_KEYS
    same(attend(query, key, value, mask=mask, rows=1), attend(query, key, value, mask=mask))


@pytest.mark.slow
def test_weights_that_are_not_kept_are_never_in_memory() -> None:
    drawn = np.random.default_rng(0)
    query, key, value = (drawn.standard_normal((8192, 16)).astype(np.float32) for _ in range(3))
    tracemalloc.start()
    attend(query, key, value, keep_weights=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8192 * 8192 * 4 / 10
