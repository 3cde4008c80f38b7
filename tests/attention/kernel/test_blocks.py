"""Blocks of whole rows: the same bits as one block; each row is observed once, on any thread."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from pipeline import attend
from pipeline.attention import BIASES, MASKS
from pipeline.attention.kernel.blocks import CHUNKS, chunk_blocks
from pipeline.attention.kernel.tiles import Tile
from pipeline.attention.masks import Mask
from pipeline.base.errors import UserError
from pipeline.base.records import Array, Attended, Block, Rows
from pipeline.base.threads import blas, share
from tests.variants import bias_spec, mask_spec

pytestmark = pytest.mark.usefixtures("small_tiles")

HEADS, LENGTH, WIDTH = 3, 29, 8
TOKENS = np.arange(LENGTH) % 4, np.arange(LENGTH) % 4


def problem(dtype: Any = np.float64, heads: int = HEADS) -> tuple[Array, ...]:
    """Query, key and value of a few heads."""
    drawn = np.random.default_rng(5)
    shapes = ((LENGTH, WIDTH), (LENGTH, WIDTH), (LENGTH, WIDTH + 1))
    return tuple(drawn.standard_normal((heads, *shape)).astype(dtype) for shape in shapes)


def assert_same_bits(one: Attended, other: Attended) -> None:
    np.testing.assert_array_equal(one.output, other.output)
    np.testing.assert_array_equal(one.weights, other.weights)


@pytest.mark.parametrize("mask", MASKS)
def test_blocks_of_any_size_equal_one_block_under_every_mask(mask: str) -> None:
    settings: Any = {"mask": mask_spec(mask, LENGTH), "tokens": TOKENS}
    whole = attend(*problem(), **settings)
    for rows in (1, 7, LENGTH, 100):
        assert_same_bits(attend(*problem(), rows=rows, threads=2, **settings), whole)


@pytest.mark.parametrize("bias", BIASES)
def test_blocks_equal_one_block_under_every_bias(bias: str) -> None:
    settings: Any = {"bias": bias_spec(bias), "softcap": 2.0, "scale": "log_n", "mask": "causal"}
    assert_same_bits(attend(*problem(), rows=8, **settings), attend(*problem(), **settings))


def test_the_output_alone_is_the_output_beside_the_weights() -> None:
    for rows in (None, 8):
        alone = attend(*problem(), keep_weights=False, rows=rows)
        np.testing.assert_array_equal(alone.output, attend(*problem(), rows=rows).output)
        with pytest.raises(UserError, match=r"^attend: the weights were not kept"):
            _ = alone.weights


@pytest.mark.parametrize("size", [1.0, 40.0, 1e4])
@pytest.mark.parametrize("mask", ["none", "causal", np.arange(29) % 3 > 0, np.zeros(29, bool)])
def test_the_entropy_an_observer_gets_is_that_of_the_weights(mask: Any, size: float) -> None:
    query, key, value = problem()
    observed, by_hand = np.full((2, HEADS, LENGTH), np.nan)

    def observe(block: Block, rows: Rows) -> None:
        p = rows.weights
        assert rows.entropy is not None
        observed[block.head][block.queries] = rows.entropy
        by_hand[block.head][block.queries] = -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)

    for keep_weights in (True, False):
        attend(
            size * query, key, value,
            mask=mask, rows=8, observer=observe, keep_weights=keep_weights,
        )  # fmt: skip
        np.testing.assert_allclose(observed, by_hand, rtol=0, atol=1e-12)


def test_a_batch_shares_a_key_and_each_entry_has_its_own_mask() -> None:
    drawn = np.random.default_rng(1)
    query = drawn.standard_normal((2, 3, 6, 4))
    key, value = drawn.standard_normal((3, 6, 4)), drawn.standard_normal((1, 1, 6, 2))
    mask = drawn.random((2, 1, 6, 6)) > 0.4
    mask[0, 0, 2] = False
    whole = attend(query, key, value, mask=mask)
    blocks = attend(query, key, value, mask=mask, rows=2)
    assert_same_bits(blocks, whole)
    for batch in range(2):
        alone = attend(query[batch], key, value[0], mask=mask[batch])
        np.testing.assert_allclose(whole.weights[batch], alone.weights, rtol=0, atol=1e-15)
    assert not blocks.weights[0, :, 2].any()
    assert not blocks.output[0, :, 2].any()


def test_every_row_of_every_head_is_observed_once() -> None:
    seen = np.zeros((HEADS, LENGTH), int)
    lock = threading.Lock()

    def observe(block: Block, rows: Rows) -> None:
        with lock:
            seen[block.head][block.queries] += 1
        expected = (block.query_stop - block.query_start, block.key_stop - block.key_start)
        assert rows.weights.shape == expected

    attend(*problem(), rows=4, threads=3, observer=observe, keep_weights=False)
    assert (seen == 1).all()


def test_no_key_outside_a_window_is_computed() -> None:
    def observe(block: Block, rows: Rows) -> None:
        assert block.key_stop - block.key_start <= 12  # blocks of 4 rows see 6 keys: 3 tiles of 4

    attend(*problem(), mask={"window": {"left": 1, "right": 1}}, rows=4, observer=observe)


def test_chunks_do_not_depend_on_threads_and_each_has_one_part_number() -> None:
    """What an observer adds up part by part then depends on no thread, even with a gap."""
    chunks = list(chunk_blocks((2, 1000, 1000), 10, MASKS["none"](), Tile(10, 10)))
    assert len(chunks) <= 2 * CHUNKS
    assert sum(len(chunk) for chunk in chunks) == 2 * 100
    gap = Mask(lambda queries: (0 * queries, np.where((queries < 10) | (queries >= 60), 8, 0)))
    parts = [
        {(block.head, block.part) for block in chunk}
        for chunk in chunk_blocks((2, 400, 8), 10, gap, Tile(10, 10))
    ]
    assert all(len(names) == 1 for names in parts)
    assert len(set.union(*parts)) == len(parts) <= 2 * CHUNKS


def test_queries_that_are_all_fully_masked_give_zeros() -> None:
    attended = attend(*problem(), mask=np.zeros((LENGTH, LENGTH), bool), rows=8)
    assert not attended.weights.any()
    assert not attended.output.any()


def test_stages_are_captured_in_their_order() -> None:
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
    i, j = np.indices((LENGTH, LENGTH))
    slopes = np.array([2**-4, 2**-8, 2**-2])[:, None, None]
    np.testing.assert_allclose(stages["biased"] - stages["capped"], -slopes * abs(i - j))
    np.testing.assert_array_equal(stages["masked"][:, j <= i], stages["biased"][:, j <= i])
    assert np.isneginf(stages["masked"][:, j > i]).all()
    assert np.array_equal(stages["weights"], attended.weights)


def threads_of_blas() -> list[int]:
    loaded = [library for library in blas().info() if library["user_api"] == "blas"]
    return [library["num_threads"] for library in loaded]  # another library's OpenMP does not count


def test_blas_has_its_threads_back_also_after_an_error() -> None:
    before = threads_of_blas()
    inside: list[int] = []
    attend(*problem(), rows=8, observer=lambda block, rows: inside.extend(threads_of_blas()))
    assert threads_of_blas() == before
    assert set(inside) <= {1}

    def fail(block: Block, rows: Rows) -> None:
        raise RuntimeError("seen enough")

    with pytest.raises(RuntimeError, match="seen enough"):
        attend(*problem(), rows=8, observer=fail)
    assert threads_of_blas() == before


def test_an_error_on_a_worker_is_raised_to_the_caller() -> None:
    caller = threading.current_thread()
    failed = threading.Event()

    def work(jobs: Any) -> None:
        for _ in jobs:
            if threading.current_thread() is not caller:
                failed.set()
                raise ValueError("on a worker")
            failed.wait(30)

    with pytest.raises(ValueError, match="on a worker"):
        share(work, range(8), threads=2)


@pytest.mark.parametrize("rows", [None, 1])
def test_overflow_is_reported(rows: int | None) -> None:
    large = np.full((3, 2), 1e150)
    with pytest.raises(UserError, match="weights and values overflow float64"):
        attend(large, large, 1e50 * large, scale="none", normalizer="relu", rows=rows)
    query, key, value = problem(np.float32)
    with pytest.raises(UserError, match=r"^attention\.temperature: scores overflow float32"):
        attend(query * 1e30, key * 1e30, value, rows=rows)
