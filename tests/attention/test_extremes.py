"""The ends of floating point through the whole mechanism; pytest turns every warning into an error.

float16 is computed in float32, so its largest entries are multiplied and summed without overflow.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

from pipeline import attend, attend_gradients
from pipeline.attention import MASKS, NORMALIZERS, QK_NORMS, ROTATIONS, SCALES
from pipeline.base.errors import UserError
from pipeline.base.records import Array
from tests.variants import SUM_TO_ONE, bias_spec, mask_spec

pytestmark = pytest.mark.usefixtures("tiny_tiles")

LENGTH, WIDTH = 4, 6
DTYPES = [np.float16, np.float32, np.float64]
KERNELS = [name for name, make in NORMALIZERS.items() if make().features]
each_type = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


def signs(count: int, heads: int, length: int) -> Array:
    """`count` arrays of ±1, [H, N, D] each."""
    random = np.random.default_rng(7)
    return random.choice([-1.0, 1.0], (count, heads, length, WIDTH))


def drawn(size: str, dtype: Any, length: int = LENGTH) -> list[Array]:
    """query, key and value of one size, or of all at once."""
    info = np.finfo(dtype)
    large, small = 1e4, float(info.smallest_subnormal)
    plain = signs(3, 2, length)
    sizes = {
        "large": large * plain,
        "denormal": small * plain,
        "zero": 0.0 * plain,
        "all at once": np.where(np.arange(WIDTH) % 3 == 0, large, small) * plain,
    }
    return [array.astype(dtype) for array in sizes[size]]


def check(query: Array, key: Array, value: Array, **settings: Any) -> None:
    """Weights are weights and the output is finite, in one block and in blocks."""
    settings["tokens"] = np.arange(query.shape[-2]) % 2, np.arange(key.shape[-2]) % 2
    kept = np.float64 if query.dtype == np.float64 else np.float32
    for rows in (None, 2):
        attended = attend(query, key, value, rows=rows, **settings)
        assert attended.weights.dtype == attended.output.dtype == kept, settings
        assert np.isfinite(attended.weights).all(), settings
        assert np.isfinite(attended.output).all(), settings
        assert (attended.weights >= 0).all(), settings
        allowed = np.broadcast_to(attended.allowed, attended.weights.shape)
        assert not attended.weights[~allowed].any(), settings
        if settings["normalizer"] in SUM_TO_ONE:
            sums: Any = attended.weights.sum(axis=-1)
            due: Any = allowed.any(axis=-1).astype(kept)
            if settings["normalizer"] in KERNELS:  # products too small to hold make a row of zeros
                due[sums == 0.0] = 0.0
            tolerance = 16 * float(np.finfo(kept).eps)
            np.testing.assert_allclose(sums, due, rtol=tolerance, err_msg=str(settings))


SIZES = ["large", "denormal", "zero", "all at once"]


@each_type
@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_every_size_scale_and_mask_under_every_normalizer(normalizer: str, dtype: Any) -> None:
    """Sizes and scales are crossed; masks take turns, each normalizer starting with another."""
    start = list(NORMALIZERS).index(normalizer)
    masks = itertools.islice(itertools.cycle(MASKS), start, None)
    for scale, size in itertools.product([*SCALES, 1e4, -1e-4], SIZES):
        check(
            *drawn(size, dtype),
            scale=scale, mask=mask_spec(next(masks), LENGTH), normalizer=normalizer,
        )  # fmt: skip


@each_type
@pytest.mark.parametrize(("queries", "keys"), [(1, LENGTH), (LENGTH, 1), (1, 1)])
def test_one_query_and_one_key(queries: int, keys: int, dtype: Any) -> None:
    scales = itertools.cycle(SCALES)
    for normalizer, size in itertools.product(NORMALIZERS, ("large", "denormal")):
        query, key, value = drawn(size, dtype)
        check(
            query[:, :queries], key[:, :keys], value[:, :keys],
            scale=next(scales), mask="causal", normalizer=normalizer,
        )  # fmt: skip


@each_type
@pytest.mark.parametrize("bias", ["none", "alibi", 1e4])
@pytest.mark.parametrize("temperature", [1e-4, 1e4])
def test_caps_biases_and_temperatures(temperature: float, bias: Any, dtype: Any) -> None:
    added = bias_spec(bias) if isinstance(bias, str) else bias * signs(1, 2, LENGTH)[0, :, :, :4]
    softcaps = itertools.cycle([1e-30, 30.0, 1e30, 1e-30])
    for normalizer in sorted(set(NORMALIZERS) - set(KERNELS)):
        for size in ("large", "denormal", "large"):
            check(
                *drawn(size, dtype), temperature=temperature, bias=added,
                softcap=next(softcaps), mask="causal", normalizer=normalizer,
            )  # fmt: skip


@each_type
@pytest.mark.parametrize("qk_norm", QK_NORMS)
@pytest.mark.parametrize("rotation", ROTATIONS)
def test_gradients(rotation: str, qk_norm: str, dtype: Any) -> None:
    softcaps = itertools.cycle([None, 30.0, None])
    for size, scale in itertools.product(SIZES, SCALES):
        query, key, value = drawn(size, dtype)
        gradients = attend_gradients(
            query, key, value, value[..., ::-1, :],
            scale=scale, softcap=next(softcaps), mask="causal", qk_norm=qk_norm, rotation=rotation,
        )  # fmt: skip
        for field in dataclasses.fields(gradients):
            assert np.isfinite(getattr(gradients, field.name)).all(), (field.name, size, scale)


@pytest.mark.parametrize(
    "empty",
    [
        ((0, 3), (2, 3), (2, 3)),
        ((2, 0), (2, 0), (2, 3)),
        ((2, 3), (2, 3), (2, 0)),
        ((0, 2, 3), (0, 2, 3), (0, 2, 3)),
    ],
)
def test_nothing_at_all_is_refused(empty: tuple[tuple[int, ...], ...]) -> None:
    query, key, value = map(np.zeros, empty)
    with pytest.raises(UserError) as caught:
        attend(query, key, value)
    assert str(caught.value) == (
        f"attend: an axis of length 0 in query {empty[0]}, key {empty[1]}, value {empty[2]}; "
        "expected at least one of each"
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("length", [6, 300])  # with a bound on the scores from sums, from rows
@pytest.mark.parametrize("part", [-0.95, -0.6, 0.6, 0.95])  # of the type's range of exponents
def test_a_query_of_any_size_is_what_its_scale_makes_of_it(
    part: float, length: int, dtype: Any
) -> None:
    """Its square, by which scores are bounded, is beyond the type, at one end or the other."""
    size = float(np.finfo(dtype).max) ** part
    query, key, value = np.random.default_rng(5).standard_normal((3, 2, length, 8)).astype(dtype)
    made = attend((query * size).astype(dtype), key, value, scale=30.0 / size)
    plain = attend(query.astype(float), key.astype(float), value.astype(float), scale=30.0)
    for one, other in ((made.weights, plain.weights), (made.output, plain.output)):
        np.testing.assert_allclose(one, other, rtol=0, atol=2000 * np.finfo(dtype).eps)
