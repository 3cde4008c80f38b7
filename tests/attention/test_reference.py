"""attend against its definition: every normalizer, mask and bias, in every way it is computed.

Normalizers and masks are crossed; biases, scales, caps, shared heads and types take turns, so that
each meets every normalizer and every mask.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from pipeline.attention import (
    BIASES,
    MASKS,
    NORMALIZERS,
    attend,
    build_bias,
    build_mask,
    reference_attention,
)
from pipeline.attention.masks import Content
from tests.variants import bias_spec, mask_spec

pytestmark = pytest.mark.usefixtures("small_tiles")

HEADS, LENGTH, WIDTH = 4, 13, 6
TOKENS = np.arange(LENGTH) % 5, np.arange(LENGTH) % 5
SCALES: dict[Any, float] = {"sqrt_dk": WIDTH**-0.5, "none": 1.0, "dk": 1 / WIDTH, 0.7: 0.7}
TURNS = list(
    itertools.product(SCALES, (None, 2.0), BIASES, (1, 2, 4), (np.float64, np.float32, np.float16))
)
STRIDE = 29  # coprime to the number of turns, so that every setting changes from case to case


@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_attend_is_its_definition(normalizer: str) -> None:
    first = list(NORMALIZERS).index(normalizer) * len(MASKS)
    for number, mask in enumerate(MASKS, start=first):
        check(normalizer, mask, *TURNS[number * STRIDE % len(TURNS)])


def check(
    normalizer: str, mask: str, scale: Any, softcap: Any, bias: str, groups: int, dtype: Any
) -> None:
    drawn = np.random.default_rng(groups)
    query = drawn.standard_normal((2, HEADS, LENGTH, WIDTH)).astype(dtype)
    key, value = drawn.standard_normal((2, groups, LENGTH, WIDTH)).astype(dtype)
    record = NORMALIZERS[normalizer]()
    is_kernel = record.features is not None
    settings: dict[str, Any] = {
        "scale": scale,
        "temperature": 1.5 if groups == 1 else np.linspace(0.5, 2.0, HEADS),
        "softcap": None if is_kernel else softcap,
        "bias": "none" if is_kernel else bias_spec(bias),
        "mask": mask_spec(mask, LENGTH),
    }
    every_head = np.repeat(key, HEADS // groups, axis=0)
    content = Content(query, every_head, *TOKENS)
    by_head = np.reshape(settings["temperature"], (-1, 1, 1))
    weights, output = reference_attention(
        query, key, value,
        scale=SCALES[scale],
        temperature=by_head,
        softcap=settings["softcap"],
        bias=build_bias(settings["bias"], HEADS).block(None, 0, LENGTH, 0, LENGTH),
        mask=build_mask(settings["mask"]).bind(content).full(LENGTH, LENGTH),
        normalizer=record,
    )  # fmt: skip
    tolerance = 1e-13 if dtype is np.float64 else 2e-5 * max(1.0, np.abs(output).max())
    in_blocks: dict[str, Any] = {"rows": 1, "threads": 2}
    for ways in ({}, in_blocks, {**in_blocks, "keep_weights": False}):
        attended = attend(
            query, key, value, normalizer=normalizer, tokens=TOKENS, **settings, **ways
        )
        name = f"{mask} {settings} {ways} {dtype}"
        np.testing.assert_allclose(attended.output, output, rtol=0, atol=tolerance, err_msg=name)
        if "keep_weights" not in ways:
            np.testing.assert_allclose(
                attended.weights, weights, rtol=0, atol=tolerance, err_msg=name
            )
