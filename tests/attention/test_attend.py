"""attend: the golden numbers, the laws of the mechanism, and what bad input gets."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.attention import BIASES, MASKS, NORMALIZERS, SCALES, attend
from pipeline.base.errors import UserError
from pipeline.base.records import Array
from tests.golden import Golden
from tests.variants import bias_spec

FINITE = st.floats(-3, 3, width=32)
RNG = np.random.default_rng(0)
QUERY, KEY, VALUE = (
    RNG.standard_normal(shape) for shape in ((2, 4, 3, 8), (2, 4, 5, 8), (2, 4, 5, 6))
)


def by_hand(query: Array, key: Array, value: Array, divisor: float) -> tuple[Any, Any]:
    """softmax(QKᵀ/divisor)V of three matrices, number by number, as the formula reads."""
    weights = []
    for q in query.tolist():
        powers = [
            math.exp(sum(a * b for a, b in zip(q, k, strict=True)) / divisor) for k in key.tolist()
        ]
        weights.append([power / sum(powers) for power in powers])
    output = [
        [sum(w * v for w, v in zip(row, column, strict=True)) for column in value.T.tolist()]
        for row in weights
    ]
    return weights, output


def test_all_25_golden_digits(golden: Golden) -> None:
    weights = attend(golden.vectors, golden.vectors, golden.vectors).weights
    printed = tuple(tuple(f"{w:.8f}".rstrip("0") for w in row) for row in weights)
    assert printed == golden.printed


@given(st.data())
def test_the_formula_number_by_number(data: st.DataObject) -> None:
    n, m, d, e = data.draw(st.tuples(*[st.integers(1, 5)] * 4))
    query, key, value = (
        data.draw(hnp.arrays(float, shape, elements=FINITE)) for shape in ((n, d), (m, d), (m, e))
    )
    temperature = data.draw(st.floats(0.25, 4))
    attended = attend(query, key, value, temperature=temperature)
    weights, output = by_hand(query, key, value, math.sqrt(d) * temperature)
    np.testing.assert_allclose(attended.weights, weights, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(attended.output, output, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("tiny_tiles")
@pytest.mark.parametrize("bias", BIASES)
def test_without_an_axis_of_heads_a_bias_is_that_of_one_head(bias: str) -> None:
    plain, one = QUERY[0, 0], QUERY[0, :1]
    for rows in (None, 2):
        alone = attend(plain, plain, plain, bias=bias_spec(bias), rows=rows)
        headed = attend(one, one, one, bias=bias_spec(bias), rows=rows)
        assert alone.weights.shape == (3, 3)
        np.testing.assert_allclose(alone.weights, headed.weights[0], rtol=1e-12)


def test_leading_axes_are_attended_one_by_one() -> None:
    whole = attend(QUERY, KEY, VALUE)
    assert whole.weights.shape == (2, 4, 3, 5)
    assert whole.output.shape == (2, 4, 3, 6)
    for batch, head in np.ndindex(2, 4):
        one = attend(QUERY[batch, head], KEY[batch, head], VALUE[batch, head])
        np.testing.assert_allclose(whole.weights[batch, head], one.weights, rtol=1e-12)
        np.testing.assert_allclose(whole.output[batch, head], one.output, rtol=1e-12)


@pytest.mark.parametrize(
    ("query", "key", "value"),
    [
        (QUERY, KEY[0, 0], VALUE[0, 0]),  # no leading axes at all
        (QUERY, KEY[:, :1], VALUE[:, :1]),  # one head for all (multi-query)
        (QUERY, KEY[0], VALUE[:1]),  # no batch, a batch of one
        (QUERY[:, :1], KEY, VALUE),  # one query head against many
        (QUERY[0, 0], KEY, VALUE),
    ],
)
def test_leading_axes_broadcast(query: Array, key: Array, value: Array) -> None:
    attended = attend(query, key, value)
    full = [np.broadcast_to(a, (2, 4, *a.shape[-2:])) for a in (query, key, value)]
    expected = attend(*full)
    np.testing.assert_allclose(attended.weights, expected.weights, rtol=1e-12)
    np.testing.assert_allclose(attended.output, expected.output, rtol=1e-12)


@pytest.mark.usefixtures("tiny_tiles")
@pytest.mark.parametrize(("key_heads", "value_heads"), [(2, 2), (1, 2), (2, 4), (4, 1)])
def test_heads_shared_by_groups_are_heads_repeated(key_heads: int, value_heads: int) -> None:
    """Grouped-query attention: heads 0, 1 share the first key head, 2, 3 the second."""
    key, value = KEY[:, :key_heads], VALUE[:, :value_heads]
    every_key, every_value = (array.repeat(4 // array.shape[1], axis=1) for array in (key, value))
    for normalizer, rows in itertools.product(("softmax", "entmax", "favor"), (None, 2)):
        shared = attend(QUERY, key, value, normalizer=normalizer, rows=rows)
        repeated = attend(QUERY, every_key, every_value, normalizer=normalizer, rows=rows)
        np.testing.assert_array_equal(shared.weights, repeated.weights)
        np.testing.assert_array_equal(shared.output, repeated.output)


TEMPERATURES = np.array([0.5, 1.0, 2.0, 8.0])


def test_a_temperature_per_head_by_hand() -> None:
    """Logits 0 and ln 4, halved and doubled by T = 2 and T = ½: 4^½ = 2 and 4² = 16."""
    query, key = np.full((2, 1, 1), np.log(4.0)), np.array([[[0.0], [1.0]]] * 2)
    weights = attend(query, key, key, scale=1.0, temperature=[2.0, 0.5]).weights
    np.testing.assert_allclose(weights[:, 0], [[1 / 3, 2 / 3], [1 / 17, 16 / 17]], rtol=1e-14)


@pytest.mark.usefixtures("tiny_tiles")
@pytest.mark.parametrize("rows", [None, 2])
@pytest.mark.parametrize("normalizer", ["softmax", "sparsemax", "linear", "favor"])
@pytest.mark.parametrize("scale", ["sqrt_dk", "log_n"])
def test_a_temperature_per_head_is_a_loop_over_heads(
    scale: str, normalizer: str, rows: int | None
) -> None:
    settings: Any = {"scale": scale, "normalizer": normalizer, "mask": "causal", "rows": rows}
    together = attend(QUERY, KEY[:, :2], VALUE[:, :2], temperature=TEMPERATURES, **settings)
    for head, temperature in enumerate(TEMPERATURES):
        alone = attend(
            QUERY[:, head], KEY[:, head // 2], VALUE[:, head // 2],
            temperature=temperature, **settings,
        )  # fmt: skip
        np.testing.assert_allclose(together.weights[:, head], alone.weights, rtol=1e-11)
        np.testing.assert_allclose(together.output[:, head], alone.output, rtol=0, atol=1e-13)


def test_without_an_axis_of_heads_one_temperature_is_a_list_of_one() -> None:
    plain = QUERY[0, 0]
    listed = attend(plain, plain, plain, temperature=[2.0]).weights
    np.testing.assert_array_equal(listed, attend(plain, plain, plain, temperature=2.0).weights)


def test_unscaled_at_the_root_of_the_width_is_scaled_at_one() -> None:
    scaled = attend(QUERY, KEY, VALUE)
    unscaled = attend(QUERY, KEY, VALUE, scale="none", temperature=math.sqrt(8))
    np.testing.assert_allclose(unscaled.weights, scaled.weights, rtol=1e-12)


def test_a_scale_by_name_is_its_number() -> None:
    for name, number in (("sqrt_dk", 1 / math.sqrt(8)), ("none", 1)):
        named, numbered = (attend(QUERY, KEY, VALUE, scale=s).weights for s in (name, number))
        np.testing.assert_array_equal(named, numbered)
    uniform = attend(QUERY, KEY, VALUE, scale=0).weights
    np.testing.assert_allclose(uniform, 1 / 5, rtol=1e-12)


def test_extreme_temperatures_pick_the_best_key_or_all_alike() -> None:
    cold = attend(QUERY, KEY, VALUE, temperature=1e-6).weights
    best = (QUERY @ KEY.swapaxes(-1, -2)).argmax(axis=-1)
    np.testing.assert_array_equal(cold, np.eye(5)[best])
    hot = attend(QUERY, KEY, VALUE, temperature=1e12).weights
    np.testing.assert_allclose(hot, 1 / 5, rtol=1e-9)


def test_equal_keys_share_the_weight_of_the_coldest_row(golden: Golden) -> None:
    """pinguins · (pinguins, tem, joelho) = 1 each, so a third each however cold it gets."""
    cold = attend(golden.vectors, golden.vectors, golden.vectors, temperature=1e-3).weights
    np.testing.assert_allclose(cold[1], [0, 1 / 3, 0, 1 / 3, 1 / 3], atol=1e-12)


def test_causal_rows_are_those_of_the_sentence_cut_short() -> None:
    x = RNG.standard_normal((6, 4))
    whole = attend(x, x, x, mask="causal")
    for end in range(1, 7):
        cut = attend(x[:end], x[:end], x[:end]).weights[-1]
        np.testing.assert_allclose(whole.weights[end - 1, :end], cut, rtol=1e-12)
        assert (whole.weights[end - 1, end:] == 0).all()


def test_masking_a_key_is_deleting_it_and_its_value() -> None:
    kept = np.array([True, False, True, True, False])
    masked = attend(QUERY, KEY, VALUE, mask=kept)
    deleted = attend(QUERY, KEY[..., kept, :], VALUE[..., kept, :])
    np.testing.assert_allclose(masked.weights[..., kept], deleted.weights, rtol=1e-12)
    np.testing.assert_allclose(masked.output, deleted.output, rtol=1e-12)


def test_a_mask_by_name_is_its_booleans_and_none_masks_nothing() -> None:
    for name in ("none", "causal"):
        named = attend(QUERY, KEY, VALUE, mask=name)
        given = attend(QUERY, KEY, VALUE, mask=MASKS[name]().full(3, 5))
        np.testing.assert_array_equal(named.weights, given.weights)
    np.testing.assert_array_equal(
        attend(QUERY, KEY, VALUE, mask=None).weights, attend(QUERY, KEY, VALUE, mask="none").weights
    )


def test_a_mask_may_differ_from_head_to_head() -> None:
    mask = RNG.random((4, 3, 5)) < 0.7
    mask[..., 0] = True
    attended = attend(QUERY, KEY, VALUE, mask=mask)
    for head in range(4):
        one = attend(QUERY[1, head], KEY[1, head], VALUE[1, head], mask=mask[head])
        np.testing.assert_allclose(attended.weights[1, head], one.weights, rtol=1e-12)


def test_a_query_whose_every_key_is_masked_attends_to_nothing() -> None:
    mask = np.ones((3, 5), bool)
    mask[1] = False
    attended = attend(QUERY, KEY, VALUE, mask=mask)
    assert (attended.weights[..., 1, :] == 0).all()
    assert (attended.output[..., 1, :] == 0).all()
    np.testing.assert_allclose(attended.weights[..., [0, 2], :].sum(axis=-1), 1, rtol=1e-12)


@given(st.permutations(range(5)))
def test_permuting_keys_and_values_permutes_weights_and_keeps_the_output(order: list[int]) -> None:
    plain = attend(QUERY, KEY, VALUE)
    permuted = attend(QUERY, KEY[..., order, :], VALUE[..., order, :])
    np.testing.assert_allclose(permuted.weights, plain.weights[..., order], rtol=1e-12)
    np.testing.assert_allclose(permuted.output, plain.output, rtol=1e-9, atol=1e-12)


def test_one_key_gets_all_and_one_query_is_a_row() -> None:
    one_key = attend(QUERY, KEY[..., :1, :], VALUE[..., :1, :])
    assert (one_key.weights == 1).all()
    np.testing.assert_array_equal(one_key.output, np.broadcast_to(VALUE[..., :1, :], (2, 4, 3, 6)))
    one_query = attend(QUERY[..., 1:2, :], KEY, VALUE)
    whole = attend(QUERY, KEY, VALUE)
    np.testing.assert_allclose(one_query.weights, whole.weights[..., 1:2, :], rtol=1e-12)


@pytest.mark.parametrize(
    ("given_dtype", "kept"),
    [
        (np.float64, np.float64),
        (np.float32, np.float32),
        (np.float16, np.float32),
        (np.int64, np.float64),
        (np.uint8, np.float64),
    ],
)
def test_types_are_kept_or_widened(given_dtype: type[np.number[Any]], kept: type) -> None:
    ones = np.ones((2, 3), given_dtype)
    attended = attend(ones, ones, ones, mask="causal")
    assert attended.weights.dtype == attended.output.dtype == kept


def test_scores_too_large_for_half_precision_are_computed_in_single() -> None:
    large = np.full((2, 64), 200.0, np.float16)  # q·k = 2,560,000, a float16 ends at 65,504
    np.testing.assert_allclose(attend(large, large, large).weights, 0.5)


def test_the_wider_of_two_types_decides_how_exact_the_scale_is() -> None:
    query = QUERY[0, 0].astype(np.float32)
    mixed = attend(query, KEY[0, 0], VALUE[0, 0])
    exact = attend(query.astype(float), KEY[0, 0], VALUE[0, 0])
    assert mixed.weights.dtype == np.float64
    np.testing.assert_allclose(mixed.weights, exact.weights, rtol=1e-14)


def test_inputs_are_not_changed() -> None:
    copies = [array.copy() for array in (QUERY, KEY, VALUE)]
    attend(QUERY, KEY, VALUE, mask="causal")
    for array, copy in zip((QUERY, KEY, VALUE), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


A, B = np.ones((2, 3)), np.ones((5, 3))
HEADS = np.ones((4, 2, 3))
BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "widths": (
        (A, np.ones((5, 4)), B), {},
        ("attend: the key width D differs, query has 3 and key 4; expected query [..., N, D] and "
        "key [..., M, D], got query (2, 3), key (5, 4), value (5, 3)"),
    ),
    "keys": (
        (A, B, A), {},
        ("attend: the number of keys M differs, key has 5 and value 2; expected key [..., M, D] "
        "and value [..., M, E], got query (2, 3), key (5, 3), value (2, 3)"),
    ),
    "key heads": (
        (HEADS, np.ones((3, 2, 3)), HEADS), {},
        ("attend: 4 query heads H are no multiple of 3 key heads; expected a count that divides, "
        "got query (4, 2, 3), key (3, 2, 3), value (4, 2, 3)"),
    ),
    "value heads": (
        (HEADS, HEADS, np.ones((8, 2, 3))), {},
        ("attend: 4 query heads H are no multiple of 8 value heads; expected a count that divides, "
        "got query (4, 2, 3), key (4, 2, 3), value (8, 2, 3)"),
    ),
    "leading axes": (
        (np.ones((2, 4, 2, 3)), np.ones((3, 4, 2, 3)), HEADS), {},
        ("attend: leading axes do not broadcast, got query (2, 4, 2, 3), key (3, 4, 2, 3), "
        "value (4, 2, 3); expected axes of equal length or 1"),
    ),
    "leading axes beside shared heads": (
        (np.ones((2, 4, 2, 3)), np.ones((3, 2, 2, 3)), HEADS), {},
        ("attend: leading axes do not broadcast, got query (2, 4, 2, 3), key (3, 2, 2, 3), "
        "value (4, 2, 3); expected axes of equal length or 1"),
    ),
    "heads of key and value": (
        (np.ones((1, 2, 3)), HEADS, np.ones((3, 2, 3))), {},
        ("attend: leading axes do not broadcast, got query (1, 2, 3), key (4, 2, 3), "
        "value (3, 2, 3); expected axes of equal length or 1"),
    ),
    "no key": (
        (A, np.ones((0, 3)), np.ones((0, 3))), {},
        ("attend: an axis of length 0 in query (2, 3), key (0, 3), value (0, 3); "
        "expected at least one of each"),
    ),
    "one axis": (
        (np.ones(3), B, B), {},
        "query: got float64 of shape (3,), expected real numbers [..., N, D]",
    ),
    "complex": (
        (A, B.astype(complex), B), {},
        "key: got complex128 of shape (5, 3), expected real numbers [..., M, D]",
    ),
    "booleans": (
        (A, B, B.astype(bool)), {},
        "value: got bool of shape (5, 3), expected real numbers [..., M, E]",
    ),
    "words": (
        ([["a", "b", "c"]], B, B), {},
        "query: got <U1 of shape (1, 3), expected real numbers [..., N, D]",
    ),
    "rows of several lengths": (
        ([[1.0, 2.0], [3.0]], B, B), {},
        "query: got rows of several lengths, expected real numbers [..., N, D]",
    ),
    "NaN": (
        (A * np.nan, B, B), {}, "query: holds NaN or infinity, expected finite numbers",
    ),
    "infinity": (
        (A, B, B * np.inf), {}, "value: holds NaN or infinity, expected finite numbers",
    ),
    "temperature 0": (
        (A, B, B), {"temperature": 0},
        "attention.temperature: got 0, expected a finite number > 0",
    ),
    "temperature below 0": (
        (A, B, B), {"temperature": -1.5},
        "attention.temperature: got -1.5, expected a finite number > 0",
    ),
    "temperature NaN": (
        (A, B, B), {"temperature": math.nan},
        "attention.temperature: got nan, expected a finite number > 0",
    ),
    "temperature infinite": (
        (A, B, B), {"temperature": math.inf},
        "attention.temperature: got inf, expected a finite number > 0",
    ),
    "temperatures of too few heads": (
        (HEADS, HEADS, HEADS), {"temperature": [1.0, 2.0]},
        ("attention.temperature: got 2 numbers, expected one, or one for each of 4 heads"),
    ),
    "a head's temperature 0": (
        (HEADS, HEADS, HEADS), {"temperature": np.array([1.0, 2.0, 0.0, 1.0])},
        "attention.temperature of head 2: got 0.0, expected a finite number > 0",
    ),
    "a head's temperature NaN": (
        (HEADS, HEADS, HEADS), {"temperature": [1.0, 2.0, math.nan, 1.0]},
        "attention.temperature of head 2: got nan, expected a finite number > 0",
    ),
    "temperatures per head and query": (
        (HEADS, HEADS, HEADS), {"temperature": np.ones((4, 2))},
        "attention.temperature of head 0: got [1.0, 1.0], expected a finite number > 0",
    ),
    "temperature true": (
        (A, B, B), {"temperature": True},
        "attention.temperature: got True, expected a finite number > 0",
    ),
    "scale NaN": (
        (A, B, B), {"scale": math.nan},
        "attention.scale: got nan, expected a name or a finite number",
    ),
    "scale true": (
        (A, B, B), {"scale": True},
        "attention.scale: got True, expected a name or a finite number",
    ),
    "scale": (
        (A, B, B), {"scale": "nnoe"},
        (f"attention.scale: got 'nnoe', expected one of: {', '.join(SCALES)} "
        "(did you mean 'none'?)"),
    ),
    "normalizer": (
        (A, B, B), {"normalizer": "sotfmax"},
        (f"attention.normalizer: got 'sotfmax', expected one of: {', '.join(NORMALIZERS)} "
        "(did you mean 'softmax'?)"),
    ),
    "mask": (
        (A, B, B), {"mask": "casual"},
        (f"attention.mask: got 'casual', expected one of: {', '.join(MASKS)} "
        "(did you mean 'causal'?)"),
    ),
    "mask of numbers": (
        (A, B, B), {"mask": np.ones((2, 5))},
        "attention.mask.matrix.values: got float64, expected booleans, or the integers 0 and 1",
    ),
    "mask of another shape": (
        (A, B, B), {"mask": np.ones((5, 2), bool)},
        ("attention.mask.matrix: got shape (5, 2), expected one that broadcasts to "
        "[..., N, M] = (2, 5)"),
    ),
    "mask of more axes": (
        (A, B, B), {"mask": np.ones((4, 2, 5), bool)},
        ("attention.mask.matrix: got shape (4, 2, 5), expected one that broadcasts to "
        "[..., N, M] = (2, 5)"),
    ),
    "features beyond their type": (
        (A, B, B), {"normalizer": "linear", "scale": -1e308, "temperature": 1e-300},
        ("attention.temperature: features overflow float64; expected a scale and a temperature "
        "with which a float64 can hold them"),
    ),
    "mask of several lengths": (
        (A, B, B), {"mask": [[True], [True, False]]},
        "attention.mask.matrix.values: got rows of several lengths, expected rows of one length",
    ),
    "bias of several lengths": (
        (A, B, B), {"bias": [[1.0], [1.0, 2.0]]},
        "attention.bias.matrix.values: got rows of several lengths, expected rows of one length",
    ),
    "bias NaN": (
        (A, B, B), {"bias": np.full((2, 5), np.nan)},
        "attention.bias.matrix.values: holds NaN or infinity, expected finite numbers",
    ),
    "bias infinite": (
        (A, B, B), {"bias": np.full((2, 5), -np.inf)},
        "attention.bias.matrix.values: holds NaN or infinity, expected finite numbers",
    ),
    "bias of another shape": (
        (A, B, B), {"bias": np.ones((5, 2))},
        ("attention.bias.matrix: got shape (5, 2), expected one that broadcasts to "
        "[..., N, M] = (2, 5)"),
    ),
    "bias of words": (
        (A, B, B), {"bias": [["a"]]},
        "attention.bias.matrix.values: got <U1, expected real numbers",
    ),
    "bias by name": (
        (A, B, B), {"bias": "alibbi"},
        (f"attention.bias: got 'alibbi', expected one of: {', '.join(BIASES)} "
        "(did you mean 'alibi'?)"),
    ),
    "bias beyond its type": (
        [array.astype(np.float32) for array in (A, B, B)], {"bias": np.full((2, 5), 1e39)},
        ("attention.bias: scores and bias overflow float32; expected numbers with which a float32 "
        "can hold them"),
    ),
    "softcap 0": (
        (A, B, B), {"softcap": 0}, "attention.softcap: got 0, expected a finite number > 0",
    ),
    "softcap NaN": (
        (A, B, B), {"softcap": math.nan},
        "attention.softcap: got nan, expected a finite number > 0",
    ),
    "softcap beyond its type": (
        [array.astype(np.float32) for array in (A, B, B)], {"softcap": 1e39},
        "attention.softcap: got 1e+39, expected a number > 0 that a float32 can hold",
    ),
    "softcap too small for its type": (
        [array.astype(np.float32) for array in (A, B, B)], {"softcap": 1e-50},
        "attention.softcap: got 1e-50, expected a number > 0 that a float32 can hold",
    ),
    "log_n_factor": (
        (A, B, B), {"scale": "log_n", "log_n_factor": "2"},
        "attention.log_n_factor: got '2', expected a finite number",
    ),
    "rows 0": (
        (A, B, B), {"rows": 0}, "attend: rows: got 0, expected an integer >= 1",
    ),
    "threads without end": (
        (A, B, B), {"rows": 1, "threads": 10**9},
        "attend: threads: got 1000000000, expected an integer from 1 to 1024",
    ),
    "overflow": (
        (A * 1e200, B * 1e200, B), {},
        ("attention.temperature: scores overflow float64; expected a scale and a temperature "
        "with which a float64 can hold them"),
    ),
    "overflow by temperature": (
        (A.astype(np.float32), B.astype(np.float32), B.astype(np.float32)), {"temperature": 1e-50},
        ("attention.temperature: scores overflow float32; expected a scale and a temperature "
        "with which a float32 can hold them"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, int, float])
def test_a_setting_is_a_number_of_any_kind(kind: Any) -> None:
    """Also of NumPy's single precision, to which the largest double would overflow."""
    settings: dict[str, Any] = {"scale": 2, "temperature": 2, "softcap": 2, "log_n_factor": 2}
    given = attend(QUERY, KEY, VALUE, **{name: kind(number) for name, number in settings.items()})
    np.testing.assert_array_equal(given.weights, attend(QUERY, KEY, VALUE, **settings).weights)


@pytest.mark.parametrize(("arrays", "settings", "message"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_line(arrays: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        attend(*arrays, **settings)
    assert str(caught.value) == message
