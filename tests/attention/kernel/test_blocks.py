"""Blocks of whole rows: the same bits as one block, for every mask, normalizer and bias."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from pipeline import attend
from pipeline.attention import BIASES, MASKS, NORMALIZERS
from pipeline.attention.kernel.blocks import CHUNKS, DIRECT_WEIGHTS, chunk_blocks, fits_head_batch
from pipeline.attention.kernel.tiles import Tile
from pipeline.attention.masks import Mask
from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.threads import blas, share

pytestmark = pytest.mark.usefixtures("small_tiles")

HEADS, QUERIES, KEYS, WIDTH = 3, 29, 31, 8
MASK_SETTINGS = {
    "window": {"left": 3, "right": 2},
    "prefix": {"length": 5},
    "document": {"lengths": [10, 21]},
    "padding": {"length": 20},
    "dilated": {"step": 3},
    "global_tokens": {"count": 2},
    "matrix": {"values": (np.arange(KEYS) % 3 > 0)[None, :]},
}
BIAS_SETTINGS = {"matrix": {"values": np.linspace(-1, 1, QUERIES * KEYS).reshape(QUERIES, KEYS)}}


def problem(dtype: Any = np.float64, keys: int = KEYS, heads: int = HEADS) -> tuple[Array, ...]:
    drawn = np.random.default_rng(5)
    shapes = ((QUERIES, WIDTH), (keys, WIDTH), (keys, WIDTH + 1))
    return tuple(drawn.standard_normal((heads, *shape)).astype(dtype) for shape in shapes)


def spec(name: str, settings: dict[str, Any]) -> object:
    return {name: settings[name]} if name in settings else name


def same(one, two) -> None:
    """Equal to the last bit."""
    np.testing.assert_array_equal(one.output, two.output)
    np.testing.assert_array_equal(one.weights, two.weights)


@pytest.mark.parametrize("rows", [1, 7, 29, 100])
@pytest.mark.parametrize("mask", MASKS)
def test_blocks_of_any_size_equal_one_block_under_every_mask(mask, rows):
    keys = QUERIES if mask == "document" else KEYS
    settings = {**MASK_SETTINGS, "document": {"lengths": [10, 19]}}
    given = spec(mask, settings)
    whole = attend(*problem(keys=keys), mask=given)
    same(attend(*problem(keys=keys), mask=given, rows=rows, threads=2), whole)


@pytest.mark.parametrize("normalizer", NORMALIZERS)
@pytest.mark.parametrize("mask", ["none", "causal"])
def test_blocks_equal_one_block_under_every_normalizer(normalizer, mask):
    whole = attend(*problem(), mask=mask, normalizer=normalizer)
    same(attend(*problem(), mask=mask, normalizer=normalizer, rows=8, threads=2), whole)


@pytest.mark.parametrize("bias", BIASES)
def test_blocks_equal_one_block_under_every_bias(bias):
    given = spec(bias, BIAS_SETTINGS)
    whole = attend(*problem(), bias=given, softcap=2.0)
    same(attend(*problem(), bias=given, softcap=2.0, rows=8), whole)


@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_the_output_alone_equals_the_output_beside_the_weights(normalizer):
    kept = attend(*problem(np.float32), normalizer=normalizer, rows=8)
    how = {"normalizer": normalizer, "keep_weights": False}
    alone = attend(*problem(np.float32), rows=8, **how)
    assert np.array_equal(attend(*problem(np.float32), **how).output, alone.output)
    np.testing.assert_allclose(alone.output, kept.output, rtol=0, atol=2e-6)
    with pytest.raises(UserError, match=r"^attend: the weights were not kept"):
        _ = alone.weights


def test_any_count_of_threads_gives_the_same_bits():
    results = [attend(*problem(np.float32), mask="causal", rows=4, threads=t) for t in (1, 2, 3, 5)]
    for other in results[1:]:
        assert np.array_equal(results[0].weights, other.weights)
        assert np.array_equal(results[0].output, other.output)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("mask", ["none", "causal", {"window": {"left": 9, "right": 200}}])
def test_slabs_of_small_heads_equal_blocks_of_one_head_each(mask, threads):
    """The sizes at which attend itself chooses slabs, with keys shared by two heads each."""
    drawn = np.random.default_rng(2)
    query = drawn.standard_normal((8, 140, 8))
    key, value = drawn.standard_normal((2, 4, 140, 8))
    assert fits_head_batch((8, 140, 140))
    assert DIRECT_WEIGHTS < 8 * 140 * 140
    given = {"mask": mask, "threads": threads}
    slabs = attend(query, key, value, **given)
    same(slabs, attend(query, key, value, rows=32, **given))
    assert np.array_equal(slabs.weights, attend(query, key, value, mask=mask).weights)


def test_slabs_have_the_same_bits_on_any_number_of_threads_where_one_head_is_large():
    query, key, value = np.random.default_rng(8).standard_normal((3, 8, 140, 8))
    query[5] *= 400.0
    one, *others = (attend(query, key, value, threads=threads) for threads in (1, 2, 3, 8))
    for other in others:
        assert np.array_equal(one.weights, other.weights)
        assert np.array_equal(one.output, other.output)


@pytest.mark.parametrize("size", [1.0, 40.0])  # small logits, and those whose maximum comes first
@pytest.mark.parametrize("mask", ["none", "causal", {"window": {"left": 700}}])
def test_the_output_alone_is_the_same_a_stretch_of_keys_at_a_time(mask, size):
    keys = 40
    query, key, value = np.random.default_rng(4).standard_normal((3, 1, keys, 4))
    alone = attend(size * query, key, value, mask=mask, keep_weights=False, rows=16)
    whole = attend(size * query, key, value, mask=mask, rows=keys)
    np.testing.assert_allclose(alone.output, whole.output, rtol=0, atol=1e-14)
    np.testing.assert_allclose(whole.weights @ value, whole.output, rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [1.0, 40.0, 1e4])
@pytest.mark.parametrize("mask", ["none", "causal", np.arange(29) % 3 > 0, np.zeros(29, bool)])
def test_the_entropy_that_a_block_tells_is_that_of_its_weights(mask, size):
    query, key, value = problem(keys=QUERIES)
    told, found = np.full((2, HEADS, QUERIES), np.nan)

    def see(block, rows):
        p = rows.weights
        told[block.place][block.queries] = rows.entropy
        by_hand = -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1)
        found[block.place][block.queries] = by_hand

    attend(size * query, key, value, mask=mask, rows=8, observer=see)
    np.testing.assert_allclose(told, found, rtol=0, atol=1e-12)


def test_shared_heads_equal_repeated_ones_in_blocks():
    query, key, value = problem(heads=4)
    shared = attend(query, key[:2], value[:2], rows=8)
    repeated = attend(query, key[:2].repeat(2, axis=0), value[:2].repeat(2, axis=0), rows=8)
    assert np.array_equal(shared.weights, repeated.weights)


def test_a_batch_shares_a_key_and_a_mask_of_its_own_is_each_entrys():
    drawn = np.random.default_rng(1)
    query = drawn.standard_normal((2, 3, 6, 4))
    key, value = drawn.standard_normal((3, 6, 4)), drawn.standard_normal((1, 1, 6, 2))
    mask = drawn.random((2, 1, 6, 6)) > 0.4
    mask[0, 0, 2] = False
    whole = attend(query, key, value, mask=mask)
    blocks = attend(query, key, value, mask=mask, rows=2)
    same(blocks, whole)
    for batch in range(2):
        alone = attend(query[batch], key, value[0], mask=mask[batch])
        np.testing.assert_allclose(whole.weights[batch], alone.weights, rtol=0, atol=1e-15)
    assert not blocks.weights[0, :, 2].any()
    assert not blocks.output[0, :, 2].any()


def test_every_row_of_every_head_is_in_one_block_and_seen_once():
    seen = np.zeros((HEADS, QUERIES), int)
    lock = threading.Lock()

    def see(block, rows):
        with lock:
            seen[block.place][block.first : block.last] += 1
        assert rows.weights.shape == (block.last - block.first, block.high - block.low)

    attend(*problem(), rows=4, threads=3, observer=see, keep_weights=False)
    assert (seen == 1).all()


def test_no_key_outside_a_window_is_looked_at():
    def see(block, rows):
        assert block.high - block.low <= 12  # of rows of 3, 4 to a block: whole tiles of 4

    attend(*problem(), mask={"window": {"left": 1, "right": 1}}, rows=4, observer=see)


def test_chunks_do_not_depend_on_threads_and_are_few():
    chunks = list(chunk_blocks((2, 1000, 1000), 10, MASKS["none"](), Tile(10, 10)))
    assert len(chunks) <= 2 * CHUNKS
    assert sum(len(chunk) for chunk in chunks) == 2 * 100


def test_a_chunk_s_name_is_one_thread_s_alone_also_where_queries_see_nothing():
    """What an observer adds up by chunk depends on no thread: no chunk is in two draws."""
    gap = Mask(lambda queries: (0 * queries, np.where((queries < 10) | (queries >= 60), 8, 0)))
    chunks = chunk_blocks((2, 400, 8), 10, gap, Tile(10, 10))
    drawn = [{(block.part_of_head_axes, block.part) for block in chunk} for chunk in chunks]
    assert all(len(names) == 1 for names in drawn)
    assert len(set.union(*drawn)) == len(drawn) <= 2 * CHUNKS


def test_queries_that_all_see_nothing_give_zeros_in_blocks():
    attended = attend(*problem(), mask=np.zeros((QUERIES, KEYS), bool), rows=8)
    assert not attended.weights.any()
    assert not attended.output.any()


def test_stages_are_captured_in_their_order():
    stages: dict[str, Array] = {}
    query, key, value = problem()
    attended = attend(
        query, key, value, softcap=1.0, bias="alibi", mask="causal", temperature=2.0,
        on_stage=lambda stage, array: stages.update({stage: array.copy()}),
    )  # fmt: skip
    assert list(stages) == ["scores", "scaled", "capped", "biased", "masked", "weights"]
    np.testing.assert_allclose(stages["scores"], query @ key.swapaxes(-1, -2))
    np.testing.assert_allclose(stages["scaled"], stages["scores"] / np.sqrt(WIDTH) / 2)
    np.testing.assert_allclose(stages["capped"], np.tanh(stages["scaled"]))
    added = attend(query, key, value, bias="alibi", scale=0.0)  # nothing but the bias is left
    shifted = stages["biased"] - stages["capped"]
    np.testing.assert_allclose(softmaxed(shifted), added.weights)
    seen = np.tri(QUERIES, KEYS, dtype=bool)
    np.testing.assert_array_equal(stages["masked"][:, seen], stages["biased"][:, seen])
    assert np.isneginf(stages["masked"][:, 0, 1:]).all()
    assert np.array_equal(stages["weights"], attended.weights)


def softmaxed(logits: Array) -> Array:
    """The softmax of every row, written out."""
    parts = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True)


def test_the_mask_comes_after_the_cap_so_nothing_leaks():
    attended = attend(*problem(), softcap=5.0, mask="causal", rows=8)
    assert not np.triu(attended.weights, 1)[..., :QUERIES].any()


def threads_of_blas() -> list[int]:
    loaded = [library for library in blas().info() if library["user_api"] == "blas"]
    return [library["num_threads"] for library in loaded]  # another library's OpenMP is not ours


def test_blas_is_left_as_it_was_found_also_after_an_error():
    before = threads_of_blas()
    inside = []
    attend(*problem(), rows=8, observer=lambda block, rows: inside.extend(threads_of_blas()))
    assert threads_of_blas() == before
    assert set(inside) <= {1}

    def fail(block, rows):
        raise RuntimeError("seen enough")

    with pytest.raises(RuntimeError, match="seen enough"):
        attend(*problem(), rows=8, observer=fail)
    assert threads_of_blas() == before


def test_an_error_on_a_helper_is_raised_to_the_caller():
    caller = threading.current_thread()

    barrier = threading.Event()

    def work_until(jobs):
        for _ in jobs:
            if threading.current_thread() is not caller:
                barrier.set()
                raise ValueError("on a helper")
            barrier.wait(5)

    with pytest.raises(ValueError, match="on a helper"):
        share(work_until, range(8), threads=2)


@pytest.mark.parametrize("rows", [None, 1])
def test_an_output_beyond_its_type_is_said(rows):
    large = np.full((3, 2), 1e150)
    with pytest.raises(UserError, match="weights and values overflow float64"):
        attend(large, large, 1e50 * large, scale="none", normalizer="relu", rows=rows)


def test_scores_that_overflow_are_said_in_blocks_too():
    query, key, value = problem(np.float32)
    with pytest.raises(UserError, match=r"^attention\.temperature: scores overflow float32"):
        attend(query * 1e30, key * 1e30, value, rows=8)
