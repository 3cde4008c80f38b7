"""Bad settings: one line, what came and what is allowed."""

import numpy as np
import pytest

from pipeline.attention import NORMALIZERS
from pipeline.base.errors import UserError

ALPHA = "expected a finite number > 1"
SINK = "expected a finite number, or one for each head"
BIAS = "expected a finite number or null (−ln n)"

BAD = [
    ("entmax", {"alpha": 1}, f"entmax.alpha: got 1, {ALPHA}"),
    ("entmax", {"alpha": 0.5}, f"entmax.alpha: got 0.5, {ALPHA}"),
    ("entmax", {"alpha": float("nan")}, f"entmax.alpha: got nan, {ALPHA}"),
    ("entmax", {"alpha": float("inf")}, f"entmax.alpha: got inf, {ALPHA}"),
    ("entmax", {"alpha": "2"}, f"entmax.alpha: got '2', {ALPHA}"),
    ("entmax", {"alpha": True}, f"entmax.alpha: got True, {ALPHA}"),
    ("top_k", {"k": 0}, "top_k.k: got 0, expected an integer >= 1"),
    ("top_k", {"k": -3}, "top_k.k: got -3, expected an integer >= 1"),
    ("top_k", {"k": 2.0}, "top_k.k: got 2.0, expected an integer >= 1"),
    ("top_k", {"k": True}, "top_k.k: got True, expected an integer >= 1"),
    ("sink", {"logit": float("inf")}, f"sink.logit: got inf, {SINK}"),
    ("sink", {"logit": float("nan")}, f"sink.logit: got nan, {SINK}"),
    ("sink", {"logit": 1e300}, f"sink.logit: got 1e+300, {SINK}"),
    ("sink", {"logit": None}, f"sink.logit: got None, {SINK}"),
    ("sink", {"logit": "0"}, f"sink.logit: got '0', {SINK}"),
    ("sink", {"logit": []}, f"sink.logit: got [], {SINK}"),
    ("sink", {"logit": [0.0, "a"]}, f"sink.logit: got [0.0, 'a'], {SINK}"),
    ("sink", {"logit": [0.0, float("nan")]}, f"sink.logit: got [0.0, nan], {SINK}"),
    ("sink", {"logit": [[0.0]]}, f"sink.logit: got [[0.0]], {SINK}"),
    ("sink", {"logit": [[0.0], 1.0]}, f"sink.logit: got [[0.0], 1.0], {SINK}"),
    ("sigmoid", {"bias": float("-inf")}, f"sigmoid.bias: got -inf, {BIAS}"),
    ("sigmoid", {"bias": "auto"}, f"sigmoid.bias: got 'auto', {BIAS}"),
    ("sigmoid", {"bias": False}, f"sigmoid.bias: got False, {BIAS}"),
    *(
        (
            "favor",
            {"features": count},
            f"favor.features: got {count}, expected an integer from 1 to 65536",
        )
        for count in (0, 65537)
    ),
    ("favor", {"seed": -1}, "favor.seed: got -1, expected an integer >= 0"),
    ("favor", {"seed": None}, "favor.seed: got None, expected an integer >= 0"),
]


@pytest.mark.parametrize(("name", "settings", "line"), BAD, ids=str)
def test_a_bad_setting_is_one_line(name, settings, line):
    with pytest.raises(UserError) as caught:
        NORMALIZERS[name](**settings)
    assert caught.value.lines == (line,)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("shape", "head", "line"),
    [
        ((3, 4, 5), None, "sink.logit: got 2 numbers, expected one for each of 3 heads"),
        ((4, 5), None, "sink.logit: got 2 numbers, expected one for each of 1 heads"),
        ((4, 5), 2, "sink.logit: got 2 numbers, expected one for head 2 too"),
    ],
)
def test_sinks_that_do_not_fit_the_heads(shape, head, line):
    with pytest.raises(UserError) as caught:
        NORMALIZERS["sink"]([0.0, 1.0]).apply(np.zeros(shape), head)
    assert caught.value.lines == (line,)


def test_keys_too_long_for_their_type():
    vectors = np.full((2, 4), 1e30, dtype=np.float32)
    features = NORMALIZERS["favor"]().features
    assert features is not None
    with pytest.raises(UserError) as caught:
        features(vectors, vectors)
    assert caught.value.lines == (
        (
            "favor: squared lengths of query and key overflow float32; "
            "expected vectors whose squared length a float32 can hold"
        ),
    )


@pytest.mark.parametrize("number", [np.float32(1.5), np.int64(3), 3])
def test_numbers_of_any_kind_are_numbers(number):
    weights = NORMALIZERS["entmax"](number).apply(np.zeros((1, 2), np.float32), None)
    assert weights.tolist() == [[0.5, 0.5]]
    assert weights.dtype == np.float32
