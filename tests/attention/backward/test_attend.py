"""attend_gradients: the central differences of attend itself, over every stage by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import attend, attend_gradients
from pipeline.attention import BIASES, MASKS, NORMALIZERS, QK_NORMS, ROTATIONS, SCALES, rotate
from pipeline.base.errors import UserError, shorten
from pipeline.base.records import Array
from tests.variants import bias_spec, mask_spec

repeatable = settings(derandomize=True, deadline=None, max_examples=60)
STEP = 1e-5
BEFORE = ("qk_norm", "qk_norm_gain", "rotation")
# The leading axes of query, key and value: none, heads, groups of heads, batches.
LEADING = [
    ((), (), ()),
    ((2,), (2,), (2,)),
    ((4,), (2,), (1,)),
    ((6,), (3,), (2,)),
    ((2, 4), (1, 2), (2,)),
    ((1,), (3,), (3,)),
]


def forward(query: Array, key: Array, value: Array, stages: dict[str, Any]) -> Array:
    """The output: norm and rotation as a run applies them, then attend."""
    norm = QK_NORMS[stages["qk_norm"]]
    query, key = (
        rotate(norm(vectors, stages["qk_norm_gain"]), stages["rotation"])
        for vectors in (query, key)
    )
    after: dict[str, Any] = {
        name: setting for name, setting in stages.items() if name not in BEFORE
    }
    return attend(query, key, value, **after).output


def check_directional_derivative(
    function: Callable[[Array], float], at: Array, gradient: Array
) -> None:
    """gradient·d is the central difference of `function` in a random direction d from `at`."""
    direction = np.random.default_rng(at.size).standard_normal(at.shape)
    slope = (function(at + STEP * direction) - function(at - STEP * direction)) / (2 * STEP)
    assert gradient.shape == at.shape
    # STEP² of the function's third derivative, and ε/STEP of the loss
    assert np.sum(gradient * direction) == pytest.approx(slope, rel=1e-6, abs=1e-7)


@st.composite
def cases(draw: Any) -> tuple[Any, ...]:
    """Arrays, every stage by a name that is drawn, and an upstream gradient."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    leads = draw(st.sampled_from(LEADING))
    mask = draw(st.sampled_from([*MASKS, "given", "fully masked row"]))
    queries, keys = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    keys = queries if mask == "document" else keys
    query, key = (
        random.standard_normal((*lead, count, 4))
        for lead, count in zip(leads, (queries, keys), strict=False)
    )
    value = random.standard_normal((*leads[2], keys, 3))
    bias = draw(st.sampled_from([None, *BIASES, "given"]))
    masks = {
        "given": random.random((queries, keys)) < 0.6,
        "fully masked row": np.arange(queries)[:, None] + np.zeros(keys) > 0,
    }
    heads = max((lead[-1] for lead in leads if lead), default=1)
    by_head = [random.uniform(0.4, 3.0, heads)] * 2 if leads[0] else []
    stages = {
        "scale": draw(st.sampled_from([*SCALES, 0.7, -1.3])),
        "log_n_factor": draw(st.sampled_from([1.0, 0.4])),
        "temperature": draw(st.sampled_from([0.5, 2.0, *by_head])),
        "softcap": draw(st.sampled_from([None, 0.5, 3.0])),
        "bias": random.standard_normal((queries, keys)) if bias == "given" else bias_spec(bias),
        "mask": masks[mask] if mask in masks else mask_spec(mask, queries),
        "tokens": (np.arange(queries) % 2, np.arange(keys) % 2),
        "qk_norm": draw(st.sampled_from([*QK_NORMS])),
        "qk_norm_gain": draw(st.sampled_from([1.0, 1.5, random.uniform(0.5, 2.0, 4)])),
        "rotation": draw(
            st.sampled_from([*ROTATIONS, {"rotary": {"fraction": 0.5, "interleaved": True}}])
        ),
    }
    upstream = random.standard_normal(forward(query, key, value, stages).shape)
    return query, key, value, upstream, stages


def plus(bias: object, more: Array) -> object:
    """A bias of any kind with numbers added to it."""
    if bias is None or isinstance(bias, np.ndarray):
        return more if bias is None else bias + more
    return [bias, {"matrix": {"values": more}}]


@given(cases())
@repeatable
def test_gradients_are_the_central_differences_of_attend(case: tuple[Any, ...]) -> None:
    query, key, value, upstream, stages = case

    def loss(query: Array = query, key: Array = key, value: Array = value, **changed: Any) -> float:
        return float(np.sum(upstream * forward(query, key, value, stages | changed)))

    gradients = attend_gradients(query, key, value, upstream, **stages)
    check_directional_derivative(lambda x: loss(query=x), query, gradients.query)
    check_directional_derivative(lambda x: loss(key=x), key, gradients.key)
    check_directional_derivative(lambda x: loss(value=x), value, gradients.value)
    check_directional_derivative(
        lambda x: loss(bias=plus(stages["bias"], x)),
        np.zeros_like(gradients.bias),
        gradients.bias,
    )
    check_directional_derivative(
        lambda x: loss(temperature=x if x.ndim else float(x)),
        np.array(stages["temperature"]),
        np.array(gradients.temperature),
    )
    if stages["softcap"] is None:
        np.testing.assert_array_equal(gradients.logits, gradients.bias)


def test_the_width_of_the_scale_is_that_of_the_keys_and_names_are_numbers() -> None:
    random = np.random.default_rng(0)
    query, key, value, upstream = random.standard_normal((4, 5, 9))
    named = attend_gradients(query, key, value, upstream)
    numbered = attend_gradients(query, key, value, upstream, scale=1 / 3)
    np.testing.assert_allclose(named.query, numbered.query, rtol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [(np.float16, np.float32), (np.float32, np.float32), (np.float64, np.float64)],
)
def test_types_are_kept_or_widened(dtype: type, kept: type) -> None:
    arrays: Any = np.random.default_rng(1).standard_normal((4, 3, 2)).astype(dtype)
    gradients = attend_gradients(
        *arrays, bias=np.eye(3), scale="log_n", mask="causal", qk_norm="rms", rotation="rotary"
    )
    for gradient in (
        gradients.query,
        gradients.key,
        gradients.value,
        gradients.bias,
        gradients.logits,
    ):
        assert gradient.dtype == kept
    exact = attend_gradients(
        *arrays.astype(float),
        bias=np.eye(3), scale="log_n", mask="causal", qk_norm="rms", rotation="rotary",
    )  # fmt: skip
    np.testing.assert_allclose(gradients.query, exact.query, rtol=1e-4, atol=1e-5)


A, B, G = np.ones((2, 4)), np.ones((5, 4)), np.ones((2, 4))
GAIN = "expected a finite number or one for each entry, [D] = (4,)"
NORMALIZER = "expected softmax, the only one that has gradients"
BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "upstream of another shape": (
        (A, B, B, B), {},
        "upstream: got shape (5, 4), expected that of the output, [..., N, E] = (2, 4)",
    ),
    "upstream NaN": (
        (A, B, B, G * np.nan), {}, "upstream: holds NaN or infinity, expected finite numbers",
    ),
    "upstream of words": (
        (A, B, B, [["a"]]), {},
        "upstream: got <U1 of shape (1, 1), expected real numbers [..., N, E]",
    ),
    "widths": (
        (A, B[:, :3], B, G), {},
        ("attend: the key width D differs, query has 4 and key 3; expected query [..., N, D] and "
        "key [..., M, D], got query (2, 4), key (5, 3), value (5, 4)"),
    ),
    "a normalizer by its settings": (
        (A, B, B, G), {"normalizer": {"top_k": {"k": 2}}},
        f"attention.normalizer: got {{'top_k': {{'k': 2}}}}, {NORMALIZER}",
    ),
    "norm": (
        (A, B, B, G), {"qk_norm": "l3"},
        f"attention.qk_norm: got 'l3', expected one of: {', '.join(QK_NORMS)}",
    ),
    "gain of another width": (
        (A, B, B, G), {"qk_norm": "l2", "qk_norm_gain": [1.0, 2.0]},
        "attention.qk_norm_gain: got float64 of shape (2,), " + GAIN,
    ),
    "gain NaN": (
        (A, B, B, G), {"qk_norm": "l2", "qk_norm_gain": np.nan},
        "attention.qk_norm_gain: got nan, " + GAIN,
    ),
    "gain of several lengths": (
        (A, B, B, G), {"qk_norm": "l2", "qk_norm_gain": [[1, 2], [3]]},
        "attention.qk_norm_gain: got [[1, 2], [3]], " + GAIN,
    ),
    "gain too large for its type": (
        [array.astype(np.float32) for array in (A, B, B, G)],
        {"qk_norm": "l2", "qk_norm_gain": 1e39}, "attention.qk_norm_gain: got 1e+39, " + GAIN,
    ),
    "normalizer no name": (
        (A, B, B, G), {"normalizer": A},
        f"attention.normalizer: got {shorten(A)}, {NORMALIZER}",
    ),
    "norm no name": (
        (A, B, B, G), {"qk_norm": ["l2"]},
        f"attention.qk_norm: got ['l2'], expected one of: {', '.join(QK_NORMS)}",
    ),
    "rotation": (
        (A, B, B, G), {"rotation": "rotory"},
        (f"attention.rotation: got 'rotory', expected one of: {', '.join(ROTATIONS)} "
        "(did you mean 'rotary'?)"),
    ),
    "temperature": (
        (A, B, B, G), {"temperature": 0},
        "attention.temperature: got 0, expected a finite number > 0",
    ),
    "scores that overflow": (
        (A * 1e200, B * 1e200, B, G), {},
        ("attention.temperature: scores overflow float64; expected a scale and a temperature "
        "with which a float64 can hold them"),
    ),
    "gradients that overflow": (
        (A, B, np.arange(20.0).reshape(5, 4) * 1e200, G * 1e200), {},
        ("upstream: gradients overflow float64; expected upstream and inputs with which a float64 "
        "can hold them"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arrays", "stages", "message"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_line(
    arrays: tuple[Any, ...], stages: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        attend_gradients(*arrays, **stages)
    assert str(caught.value) == message


def test_every_other_normalizer_is_refused_by_name() -> None:
    for name in set(NORMALIZERS) - {"softmax"}:
        with pytest.raises(UserError) as caught:
            attend_gradients(A, B, B, G, normalizer=name)
        assert str(caught.value) == f"attention.normalizer: got {name!r}, {NORMALIZER}"


def test_a_temperature_per_head_has_a_gradient_per_head() -> None:
    """Each head's is that of the head alone, also in a batch and with shared keys."""
    random = np.random.default_rng(6)
    query, upstream = random.standard_normal((2, 2, 4, 5, 3))
    key, value = random.standard_normal((2, 2, 2, 5, 3))
    temperatures = np.array([0.5, 1.0, 2.0, 4.0])
    together = attend_gradients(query, key, value, upstream, temperature=temperatures).temperature
    assert np.shape(together) == (4,)
    for head, temperature in enumerate(temperatures):
        alone = attend_gradients(
            query[:, head], key[:, head // 2], value[:, head // 2], upstream[:, head],
            temperature=temperature,
        )  # fmt: skip
        np.testing.assert_allclose(np.array(together)[head], alone.temperature, rtol=1e-12)
