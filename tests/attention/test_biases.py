"""Biases: laws over every entry, ALiBi's slopes and distances, T5's buckets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.attention import BIASES, build_bias
from pipeline.attention.biases import Bias
from pipeline.attention.biases.alibi import alibi, slopes
from pipeline.attention.biases.relative import bucket_edges, buckets, relative
from pipeline.base.errors import UserError
from pipeline.base.records import Array

H, N, M = 6, 7, 11
NUMBERS = np.random.default_rng(0).standard_normal((H, N, M))

# Settings to try; an entry not named here is tried with none.
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "relative": [{}, {"bidirectional": False, "num_buckets": 5, "max_distance": 9}],
    "matrix": [{"values": v} for v in (NUMBERS, NUMBERS[:1], NUMBERS[0], NUMBERS[0, :1])],
}
CASES = {
    f"{name}-{number}": factory(H, 3, **settings)
    for name, factory in BIASES.items()
    for number, settings in enumerate(SETTINGS.get(name, [{}]))
}
CASES["sum"] = build_bias(["alibi", "relative", {"matrix": {"values": NUMBERS}}], H, 3)
everyone = pytest.mark.parametrize("bias", [pytest.param(b, id=n) for n, b in CASES.items()])


def whole(bias: Bias) -> Array:
    return np.broadcast_to(bias.block(None, 0, N, 0, M), (H, N, M))


@everyone
def test_blocks_are_the_whole(bias: Bias):
    expected = whole(bias)
    for size in (1, 2, 3, 5, 11):
        for first in range(0, N, size):
            for lo in range(0, M, size):
                last, hi = min(first + size, N), min(lo + size, M)
                shape = (H, last - first, hi - lo)
                block = np.broadcast_to(bias.block(None, first, last, lo, hi), shape)
                np.testing.assert_array_equal(block, expected[:, first:last, lo:hi])


@everyone
def test_one_head_is_its_part_of_all(bias: Bias):
    for head in range(H):
        one = np.broadcast_to(bias.block(head, 1, 5, 2, 9), (4, 7))
        np.testing.assert_array_equal(one, whole(bias)[head, 1:5, 2:9])


@everyone
def test_a_bias_is_finite_and_the_same_twice(bias: Bias):
    assert np.isfinite(whole(bias)).all()
    np.testing.assert_array_equal(whole(bias), whole(bias))


@everyone
def test_the_sum_of_two_is_the_sum_of_their_blocks(bias: Bias):
    other = CASES["alibi-0"]
    np.testing.assert_array_equal(whole(bias + other), whole(bias) + whole(other))


@pytest.mark.parametrize("name", ["alibi-0", "relative-0", "relative-1"])
def test_it_depends_on_the_offset_alone(name: str):
    numbers = whole(CASES[name])
    np.testing.assert_array_equal(numbers[:, 1:, 1:], numbers[:, :-1, :-1])


def test_none_is_zero():
    assert not whole(CASES["none-0"]).any()


def test_float32_stays_float32():
    bias = build_bias({"matrix": {"values": NUMBERS.astype(np.float32)}}, H)
    assert bias.block(0, 0, 2, 0, 2).dtype == np.float32
    logits = np.zeros((2, 2), dtype=np.float32)
    logits += alibi(1).block(0, 0, 2, 0, 2)
    assert logits.dtype == np.float32


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        (1, [2**-8]),
        (2, [2**-4, 2**-8]),
        (3, [2**-4, 2**-8, 2**-2]),
        (6, [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]),
        (8, [2.0**-k for k in range(1, 9)]),
        (12, [2.0**-k for k in range(1, 9)] + [2 ** -(k + 0.5) for k in range(4)]),
        (16, [2 ** (-k / 2) for k in range(1, 17)]),
    ],
)
def test_slopes(heads: int, expected: list[float]):
    """§3 of the paper for powers of two, and its code for the others."""
    np.testing.assert_allclose(slopes(heads), expected, rtol=1e-15)


def test_every_head_has_a_slope_of_its_own():
    for heads in range(1, 40):
        assert len(set(slopes(heads))) == heads
        assert (slopes(heads) > 0).all()
        assert (slopes(heads) < 1).all()


def test_alibi_by_hand():
    assert alibi(8).block(0, 0, 3, 0, 3).tolist() == [
        [0.0, -0.5, -1.0],
        [-0.5, 0.0, -0.5],
        [-1.0, -0.5, 0.0],
    ]


@pytest.mark.parametrize("head", [0, 3, 7])
def test_mean_distance_of_alibi_on_flat_scores(head: int):
    """The last query of a long causal text: 1/(e^m − 1), from 1.54 at m = ½ to 255.5 at 2⁻⁸."""
    n, slope = 16_384, 2.0 ** -(head + 1)
    weights = np.exp(alibi(8).block(head, n - 1, n, 0, n)[0])
    mean = (weights * (n - 1 - np.arange(n))).sum() / weights.sum()
    assert mean == pytest.approx(1 / np.expm1(slope), rel=1e-9)
    if head in (0, 7):
        assert mean == pytest.approx({0: 1.54, 7: 255.5}[head], abs=0.005)


def test_buckets_of_a_causal_model_by_hand():
    """32 buckets to 128: 16 exact, then one each time the distance grows by 8^(1/16) = 1.139."""
    starts = [*range(1, 17), 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113]
    assert bucket_edges(32, 128, False).tolist() == starts


def test_buckets_both_ways_by_hand():
    """16 a side: 8 exact, then one each time the distance grows by √2, exactly at 16, 32 and 64."""
    assert bucket_edges(32, 128, True).tolist() == [*range(1, 9), 12, 16, 23, 32, 46, 64, 91]
    edges = bucket_edges(32, 128, True)
    offsets = np.array([-1000, -91, -90, -8, -7, -1, 0, 1, 7, 8, 16, 64, 91, 1000])
    assert buckets(offsets, edges, True).tolist() == [
        *(15, 15, 14, 8, 7, 1, 0),
        *(17, 23, 24, 26, 30, 31, 31),
    ]


def test_the_future_of_a_causal_model_is_bucket_zero():
    edges = bucket_edges(32, 128, False)
    assert buckets(np.array([1, 500, 0, -1, -15, -16, -18, -19]), edges, False).tolist() == [
        *(0, 0, 0, 1, 15, 16, 16, 17),
    ]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("num_buckets", "max_distance"), [(32, 128), (8, 20), (4, 100), (64, 999)])
def test_buckets_by_the_papers_formula(num_buckets: int, max_distance: int, bidirectional: bool):
    """The floor of the logarithm, away from the distances where it is a whole number."""
    count = num_buckets // (2 if bidirectional else 1)
    exact = count // 2
    edges = bucket_edges(num_buckets, max_distance, bidirectional)
    for distance in range(2 * max_distance):
        if distance < exact:
            expected = distance
        else:
            ratio = np.log(distance / exact) / np.log(max_distance / exact) * (count - exact)
            if abs(ratio - round(ratio)) < 1e-9:
                ratio = round(ratio)
            expected = min(exact + int(ratio), count - 1)
        assert buckets(np.array([-distance]), edges, bidirectional)[0] == expected


def test_relative_reads_its_table():
    table = np.arange(8.0).reshape(2, 4)
    bias = relative(2, num_buckets=4, max_distance=4, table=table)
    assert bias.block(None, 1, 2, 0, 3).tolist() == [[[1.0, 0.0, 3.0]], [[5.0, 4.0, 7.0]]]


def test_a_head_draws_the_same_table_beside_any_others():
    few, many = (relative(heads, 5).block(1, 0, 9, 0, 9) for heads in (2, 4))
    np.testing.assert_array_equal(few, many)
    assert not np.array_equal(few, relative(2, 6).block(1, 0, 9, 0, 9))
    assert not np.array_equal(few, relative(2, 5).block(0, 0, 9, 0, 9))


def test_a_matrix_is_read_from_a_file(tmp_path: Path):
    (tmp_path / "bias.csv").write_text("0.5,-1\n2,1e-3\n", encoding="utf-8")
    bias = build_bias({"matrix": {"path": str(tmp_path / "bias.csv")}}, 1)
    assert bias.block(0, 0, 2, 0, 2).tolist() == [[0.5, -1.0], [2.0, 0.001]]


REFUSED = [
    (
        "aliby",
        (
            "attention.bias: got 'aliby', expected one of: none, alibi, relative, matrix "
            "(did you mean 'alibi'?)"
        ),
    ),
    (
        {"alibi": {"slope": 1}},
        "attention.bias.alibi: got the setting 'slope', expected no settings",
    ),
    (
        {"relative": {"seed": 1}},
        (
            "attention.bias.relative: got the setting 'seed', expected settings among: "
            "num_buckets, max_distance, bidirectional, table"
        ),
    ),
    (
        {"relative": {"num_buckets": 7}},
        "attention.bias.relative.num_buckets: got 7, expected an even number, half per direction",
    ),
    (
        {"relative": {"num_buckets": 2}},
        "attention.bias.relative.num_buckets: got 2, expected an integer from 4 to 1024",
    ),
    (
        {"relative": {"max_distance": 8}},
        "attention.bias.relative.max_distance: got 8, expected an integer >= 9",
    ),
    (
        {"relative": {"table": [[1.0, 2.0]]}},
        "attention.bias.relative.table: got shape (1, 2), expected [H, num_buckets] = (2, 32)",
    ),
    ("matrix", "attention.bias.matrix: got neither, expected one of: values, path"),
    (
        {"matrix": {"values": [[1.0, float("nan")]]}},
        "attention.bias.matrix.values: holds NaN or infinity, expected finite numbers",
    ),
    (
        {"matrix": {"values": [[True]]}},
        "attention.bias.matrix.values: got bool, expected real numbers",
    ),
    (
        {"matrix": {"values": [[1], [1, 2]]}},
        "attention.bias.matrix.values: got rows of several lengths, expected rows of one length",
    ),
    (
        {"matrix": {"path": "absent.npy"}},
        "attention.bias.matrix.path: 'absent.npy' cannot be read (No such file or directory)",
    ),
    ([], "attention.bias: got an empty list, expected at least one bias, such as 'none'"),
]


@pytest.mark.parametrize(("spec", "message"), REFUSED, ids=range(len(REFUSED)))
def test_bad_settings_are_refused(
    spec: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        build_bias(spec, 2)
    assert str(error.value) == message


@pytest.mark.parametrize("bias", [CASES["matrix-0"], CASES["sum"]], ids=["alone", "in a sum"])
def test_a_bias_of_one_shape_refuses_others(bias: Bias):
    bias.check((H, N, M))
    with pytest.raises(UserError) as error:
        bias.check((H, N, M + 1))
    assert str(error.value) == (
        "attention.bias.matrix: got shape (6, 7, 11), expected one that broadcasts to [..., N, M] "
        "= (6, 7, 12)"
    )
