"""Masks: laws over every entry, in blocks and whole, and small ones written out."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.attention import MASKS, build_mask
from pipeline.attention.masks import Content, Mask
from pipeline.attention.masks.predicates import Booleans
from pipeline.base.errors import UserError

N = 12
RANDOM = np.random.default_rng(0).random((N, N)) < 0.5
HEADED = np.random.default_rng(1).random((3, N, N)) < 0.5

# Settings to try; an entry not named here is tried with none.
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "window": [{}, {"left": 2}, {"right": 0}, {"left": 3, "right": 1}, {"left": 0, "right": 0}],
    "prefix": [{"length": 0}, {"length": 3}, {"length": 99}],
    "document": [
        {"lengths": [3, 1, 8]},
        {"lengths": [12]},
        {"ids": [5, 5, 5, 2, 2, 9, 9, 9, 9, 0, 0, 0]},
        {"ids": [1, 2, 1, 2, 3, 3, 1, 1, 2, 0, 0, 1]},
    ],
    "padding": [
        {"length": 0},
        {"length": 5},
        {"length": 99},
        {"real": [0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0]},
        {"real": [False] * N},
        {"real": [True] * N},
    ],
    "dilated": [{"step": 1}, {"step": 3}],
    "global_tokens": [{"count": 2}, {"count": 99}, {"positions": [7, 4]}, {"positions": [99]}],
    "same_token": [{}, {"include_self": False}],
    "matrix": [{"values": RANDOM}, {"values": RANDOM[:1]}, {"values": HEADED}],
}
VECTORS = np.random.default_rng(2).standard_normal((3, N, 4))
TOKENS = np.arange(N) % 5
CONTENT = Content(VECTORS, VECTORS, TOKENS, TOKENS)
CASES = {
    f"{name}-{number}": factory(**settings).bind(CONTENT)
    for name, factory in MASKS.items()
    for number, settings in enumerate(SETTINGS.get(name, [{}]))
}
# One of each kind: nothing, everything, a key range, a predicate, both, heads, a set of islands.
KINDS = (
    *("none-0", "causal-0", "window-3", "prefix-1", "document-0", "document-3", "padding-0"),
    *("padding-3", "dilated-1", "global_tokens-2", "same_token-1", "matrix-2"),
)
COMBINED = {
    "packed": build_mask(["causal", {"document": {"lengths": [5, 7]}}]),
    "longformer": build_mask({"any": [{"window": {"left": 2}}, {"global_tokens": {"count": 1}}]}),
    "apart": build_mask([{"window": {"left": 0, "right": 0}}, {"padding": {"length": 4}}]),
    "two islands": build_mask({"any": [{"padding": {"length": 0}}, {"padding": {"length": 3}}]}),
    "ruled": build_mask([{"dilated": {"step": 2}}, {"matrix": {"values": RANDOM}}]),
    "nested": build_mask(["causal", {"any": [{"dilated": {"step": 3}}, "none"]}]),
}
everyone = pytest.mark.parametrize(
    "mask", [pytest.param(mask, id=name) for name, mask in (CASES | COMBINED).items()]
)


def by_pairs(mask: Mask, queries: int, keys: int) -> Booleans:
    """[..., N, M] asked one pair at a time, so that no block can help or hurt."""
    rows = [
        np.concatenate([mask.block(i, i + 1, j, j + 1) for j in range(keys)], axis=-1)
        for i in range(queries)
    ]
    return np.concatenate(rows, axis=-2)


ENDS = list(itertools.combinations((0, 1, 2, 4, 5, 8, 9, 11, N), 2))
BLOCKS = [(*rows, *columns) for rows in ENDS for columns in ENDS]  # first, last, lo, hi


@everyone
def test_whole_is_its_pairs(mask: Mask):
    for queries, keys in ((1, 1), (1, 12), (12, 1), (7, 12)):
        whole = mask.full(queries, keys)
        assert whole.dtype == np.bool_
        assert whole.shape[-2:] == (queries, keys)
        np.testing.assert_array_equal(whole, by_pairs(mask, queries, keys))


@everyone
def test_blocks_are_the_whole(mask: Mask):
    mask.check((3, N, N))
    for size in (1, 2, 5, 7):
        starts = range(0, N, size)
        rows = [
            np.concatenate(
                [mask.block(i, min(i + size, N), j, min(j + size, N)) for j in starts], axis=-1
            )
            for i in starts
        ]
        np.testing.assert_array_equal(np.concatenate(rows, axis=-2), mask.full(N, N))


@everyone
def test_the_bounding_range_holds_every_allowed_key(mask: Mask):
    for keys in (1, 5, N):
        whole = mask.full(N, keys)
        for first, last in itertools.combinations(range(N + 1), 2):
            lo, hi = mask.bounding_range(first, last, keys)
            assert 0 <= lo <= hi <= keys
            assert not whole[..., first:last, :lo].any()
            assert not whole[..., first:last, hi:].any()


@everyone
def test_counts_are_the_sums(mask: Mask):
    for keys in (1, 5, N):
        sums = mask.full(N, keys).sum(axis=-1)
        for first, last in itertools.combinations(range(N + 1), 2):
            counts = mask.counts(first, last, keys)
            assert counts.shape[-1] == last - first
            np.testing.assert_array_equal(counts, sums[..., first:last])


@everyone
def test_what_is_known_to_be_full_is_full(mask: Mask):
    whole = mask.full(N, N)
    for first, last, lo, hi in BLOCKS:
        low, high = mask.full_range(first, last, lo, hi)
        assert lo <= low <= high <= hi
        assert whole[..., first:last, low:high].all()
        assert mask.is_full(first, last, lo, hi) == ((low, high) == (lo, hi))


@pytest.mark.parametrize(
    "name", ["none-0", "causal-0", "window-1", "window-3", "prefix-1", "document-0", "padding-1"]
)
def test_a_key_range_alone_knows_every_full_range(name: str):
    whole = CASES[name].full(N, N)
    for first, last, lo, hi in BLOCKS:
        (seen,) = np.nonzero(whole[first:last, lo:hi].all(axis=0))
        expected = (lo + seen.min(), lo + seen.max() + 1) if seen.size else (lo, lo)
        assert CASES[name].full_range(first, last, lo, hi) == expected


@pytest.mark.parametrize("name", ["causal-0", "window-3", "prefix-1", "document-0", "padding-1"])
def test_a_key_range_alone_has_the_least_bounding_range(name: str):
    whole = CASES[name].full(N, N)
    for first, last in itertools.combinations(range(N + 1), 2):
        (seen,) = np.nonzero(whole[first:last].any(axis=0))
        expected = (seen.min(), seen.max() + 1) if seen.size else (0, 0)
        assert CASES[name].bounding_range(first, last, N) == expected


@pytest.mark.parametrize("one", KINDS)
def test_and_or_are_those_of_the_booleans(one: str):
    for other in KINDS:
        check_and_or(CASES[one], CASES[other])


def check_and_or(a: Mask, b: Mask):
    for mask, expected in (
        (a & b, a.full(N, N) & b.full(N, N)),
        (a | b, a.full(N, N) | b.full(N, N)),
    ):
        np.testing.assert_array_equal(mask.full(N, N), expected)
        sums = expected.sum(axis=-1)[..., 2:9]
        np.testing.assert_array_equal(np.broadcast_to(mask.counts(2, 9, N), sums.shape), sums)
        for first, last in ((0, N), (0, 5), (4, 6), (11, 12)):
            lo, hi = mask.bounding_range(first, last, N)
            assert not expected[..., first:last, :lo].any()
            assert not expected[..., first:last, hi:].any()
            for lo, hi in ((0, N), (0, 3), (3, 5), (9, 12)):
                block = expected[..., first:last, lo:hi]
                np.testing.assert_array_equal(mask.block(first, last, lo, hi), block)
                assert block.all() or not mask.is_full(first, last, lo, hi)


def test_causal_and_documents_together_need_no_predicate():
    packed = COMBINED["packed"]
    assert packed.predicate is None
    assert packed.bounding_range(6, 8, N) == (5, 8)
    assert packed.is_full(7, 9, 5, 8)


def test_or_knows_what_is_full_in_either():
    longformer = COMBINED["longformer"]
    assert longformer.full_range(6, 8, 0, N) == (5, N)
    assert longformer.full_range(0, 1, 0, N) == (0, N)
    assert longformer.full_range(6, 8, 0, 3) == (0, 1)


def test_or_with_a_mask_of_nothing_has_the_range_of_the_other():
    mask = build_mask({"any": [{"padding": {"length": 0}}, {"window": {"left": 1, "right": 0}}]})
    assert mask.bounding_range(6, 8, N) == (5, 8)


def test_counts_of_a_predicate_are_summed_in_pieces(monkeypatch: pytest.MonkeyPatch):
    expected = {name: mask.counts(1, N, N) for name, mask in CASES.items()}
    monkeypatch.setattr("pipeline.attention.masks.mask.MAX_PAIRS", 30)
    for name, mask in CASES.items():
        np.testing.assert_array_equal(mask.counts(1, N, N), expected[name], strict=True)


def test_a_long_text_is_answered_without_its_pairs():
    mask = build_mask(["causal", {"window": {"left": 63}}])
    assert mask.bounding_range(65_000, 65_256, 65_536) == (64_937, 65_256)
    assert mask.counts(0, 65_536, 65_536).sum() == 65_536 * 64 - 64 * 63 // 2
    assert mask.full_range(65_000, 65_032, 0, 65_536) == (64_968, 65_001)
    assert mask.block(65_535, 65_536, 65_470, 65_480).tolist() == [[False] * 2 + [True] * 8]


WRITTEN_OUT = [
    ("none", (2, 3), "111 111"),
    ("causal", (3, 3), "100 110 111"),
    ("causal", (2, 4), "1000 1100"),
    ("causal", (4, 2), "10 11 11 11"),
    ({"window": {"left": 1, "right": 0}}, (4, 4), "1000 1100 0110 0011"),
    ({"window": {"left": 0, "right": 1}}, (3, 3), "110 011 001"),
    ({"window": {"right": 1}}, (3, 3), "110 111 111"),
    ({"window": {"left": 1}}, (3, 3), "111 111 011"),
    ({"prefix": {"length": 2}}, (4, 4), "1100 1100 1110 1111"),
    ({"document": {"lengths": [2, 1, 1]}}, (4, 4), "1100 1100 0010 0001"),
    ({"document": {"ids": [7, 3, 7]}}, (3, 3), "101 010 101"),
    ({"padding": {"length": 2}}, (2, 3), "110 110"),
    ({"padding": {"real": [0, 1, 1]}}, (2, 3), "011 011"),
    ({"dilated": {"step": 2}}, (3, 5), "10101 01010 10101"),
    ({"global_tokens": {"count": 1}}, (3, 3), "111 100 100"),
    ({"global_tokens": {"positions": [1]}}, (3, 3), "010 111 010"),
    ({"matrix": {"values": [[1, 0], [0, 1]]}}, (2, 2), "10 01"),
    ({"matrix": {"values": [1, 0]}}, (2, 2), "10 10"),
    (["causal", {"window": {"left": 1}}], (4, 4), "1000 1100 0110 0011"),
    (["causal", {"dilated": {"step": 2}}], (4, 4), "1000 0100 1010 0101"),
    ({"any": ["causal", {"padding": {"length": 2}}]}, (3, 3), "110 110 111"),
    (["none"], (1, 1), "1"),
    ({"causal": None}, (2, 2), "10 11"),
]


@pytest.mark.parametrize(("spec", "shape", "expected"), WRITTEN_OUT)
def test_small_masks_written_out(spec: object, shape: tuple[int, int], expected: str):
    rows = build_mask(spec).full(*shape).astype(int)
    assert " ".join("".join(map(str, row)) for row in rows) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mask.csv", "1,0\n0,1\n"),
        ("mask.txt", "1 0\n0 1\n\n"),
        ("spaced.csv", "\ufeff1 , 0\r\n0, 1"),
    ],
)
def test_a_matrix_is_read_from_text(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text, encoding="utf-8")
    mask = build_mask({"matrix": {"path": str(tmp_path / name)}})
    assert mask.full(2, 2).tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_a_matrix_is_read_from_npy(tmp_path: Path, dtype: type):
    np.save(tmp_path / "mask.npy", RANDOM.astype(dtype))
    mask = build_mask({"matrix": {"path": str(tmp_path / "mask.npy")}})
    np.testing.assert_array_equal(mask.full(N, N), RANDOM)


REFUSED = [
    (
        "casual",
        (
            "attention.mask: got 'casual', expected one of: none, causal, window, prefix, "
            "document, padding, dilated, global_tokens, same_token, matrix (did you mean 'causal'?)"
        ),
    ),
    (
        {"window": {"size": 3}},
        "attention.mask.window: got the setting 'size', expected settings among: left, right",
    ),
    (
        {"window": {"rigth": 3}},
        (
            "attention.mask.window: got the setting 'rigth', expected settings among: left, right "
            "(did you mean 'right'?)"
        ),
    ),
    (
        {"causal": {"left": 3}},
        "attention.mask.causal: got the setting 'left', expected no settings",
    ),
    (
        "prefix",
        "attention.mask.prefix: the setting 'length' is missing, expected settings among: length",
    ),
    (
        {"window": {"left": -1}},
        "attention.mask.window.left: got -1, expected an integer >= 0",
    ),
    (
        {"window": {"right": True}},
        "attention.mask.window.right: got True, expected an integer >= 0",
    ),
    (
        {"prefix": {"length": 1.5}},
        "attention.mask.prefix.length: got 1.5, expected an integer >= 0",
    ),
    ({"dilated": {"step": 0}}, "attention.mask.dilated.step: got 0, expected an integer >= 1"),
    (
        {"dilated": {"step": 2**63}},
        f"attention.mask.dilated.step: got {2**63}, expected an integer >= 1",
    ),
    ("document", "attention.mask.document: got neither, expected one of: lengths, ids"),
    (
        {"document": {"lengths": [1], "ids": [1]}},
        "attention.mask.document: got lengths and ids, expected one of: lengths, ids",
    ),
    (
        {"document": {"lengths": [2, 0]}},
        "attention.mask.document.lengths: got 0, expected integers >= 1",
    ),
    (
        {"document": {"ids": ["a"]}},
        "attention.mask.document.ids: got ['a'], expected a list of integers",
    ),
    (
        {"document": {"ids": [[1], [2, 3]]}},
        "attention.mask.document.ids: got [[1], [2, 3]], expected a list of integers",
    ),
    (
        {"padding": {"real": [1, 2]}},
        "attention.mask.padding.real: got [1, 2], expected a list of booleans, or of 0 and 1",
    ),
    (
        {"global_tokens": {"positions": [-1]}},
        "attention.mask.global_tokens.positions: got -1, expected integers >= 0",
    ),
    (
        {"matrix": {"values": [[1, 2]]}},
        "attention.mask.matrix.values: got 2, expected booleans, or 0 and 1",
    ),
    (
        {"matrix": {"values": [[1.0, 0.0]]}},
        "attention.mask.matrix.values: got float64, expected booleans, or the integers 0 and 1",
    ),
    (
        {"matrix": {"values": [[1], [0, 1]]}},
        "attention.mask.matrix.values: got rows of several lengths, expected rows of one length",
    ),
    (
        {"matrix": {"path": 3}},
        "attention.mask.matrix.path: got 3, expected the path of a .npy, .csv or .txt file",
    ),
    (
        {"matrix": {"path": "mask.png"}},
        "attention.mask.matrix.path: got 'mask.png', expected a .npy, .csv or .txt file",
    ),
    (
        {"matrix": {"path": "absent.csv"}},
        "attention.mask.matrix.path: 'absent.csv' cannot be read (No such file or directory)",
    ),
    (
        {"same_token": {"include_self": 1}},
        "attention.mask.same_token.include_self: got 1, expected true or false",
    ),
    ([], "attention.mask: got an empty list, expected at least one mask, such as 'none'"),
    (
        {"any": []},
        "attention.mask.any: got an empty list, expected at least one mask, such as 'none'",
    ),
    ({"any": "causal"}, "attention.mask.any: got 'causal', expected a list of masks"),
    (3, "attention.mask: got 3, expected a name or {name: {setting: value}}"),
    (
        {"causal": None, "none": None},
        (
            "attention.mask: got {'causal': None, 'none': None}, expected a name or "
            "{name: {setting: value}}"
        ),
    ),
    (
        {"window": 4},
        "attention.mask: got {'window': 4}, expected a name or {name: {setting: value}}",
    ),
]


@pytest.mark.parametrize(("spec", "message"), REFUSED, ids=range(len(REFUSED)))
def test_bad_settings_are_refused(
    spec: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        build_mask(spec)
    assert str(error.value) == message


FILES = [
    ("mask.csv", b"1,0\n1\n", "got rows of 1, 2 numbers, expected rows of one length"),
    ("mask.csv", b"", "got rows of no numbers, expected rows of one length"),
    ("mask.csv", b"1,x\n", "got 'x', expected numbers alone"),
    ("mask.csv", b"1 0\n", "got '1 0', expected numbers alone"),
    ("mask.txt", b"\xff\xfe", "'mask.txt' is not text, expected rows of numbers"),
    ("mask.txt", b"1 -1\n", "got -1, expected booleans, or 0 and 1"),
    ("mask.txt", b"0.5 1\n", "got float64, expected booleans, or the integers 0 and 1"),
    ("mask.npy", b"nonsense", "'mask.npy' holds no array of numbers, expected a .npy file"),
    ("mask.npy", b"", "'mask.npy' holds no array of numbers, expected a .npy file"),
]


@pytest.mark.parametrize(("name", "content", "message"), FILES)
def test_unreadable_files_are_refused(
    name: str, content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        build_mask({"matrix": {"path": name}})
    assert str(error.value) == f"attention.mask.matrix.path: {message}"


def test_objects_are_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    np.save("mask.npy", np.array([[None]], dtype=object), allow_pickle=True)
    with pytest.raises(UserError) as error:
        build_mask({"matrix": {"path": "mask.npy"}})
    assert str(error.value) == (
        "attention.mask.matrix.path: 'mask.npy' holds no array of numbers, expected a .npy file"
    )


FITS = [
    (
        {"document": {"lengths": [2, 3]}},
        (1, 4, 6),
        (
            "attention.mask.document: got documents of 5 tokens in all, expected as many as there "
            "are queries N = 4 and keys M = 6"
        ),
    ),
    (
        {"padding": {"real": [1, 1]}},
        (1, 4, 6),
        "attention.mask.padding.real: got 2 booleans, expected one per key, M = 6",
    ),
    (
        {"matrix": {"values": [[1, 1], [0, 1]]}},
        (1, 4, 6),
        (
            "attention.mask.matrix: got shape (2, 2), expected one that broadcasts to [..., N, M] "
            "= (1, 4, 6)"
        ),
    ),
]


@pytest.mark.parametrize(
    "around", [lambda s: s, lambda s: [s, "causal"], lambda s: {"any": ["causal", s]}]
)
@pytest.mark.parametrize(("spec", "shape", "message"), FITS)
def test_a_mask_of_one_shape_refuses_others(spec, shape, message, around):
    with pytest.raises(UserError) as error:
        build_mask(around(spec)).check(shape)
    assert str(error.value) == message
