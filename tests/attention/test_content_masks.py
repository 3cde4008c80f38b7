"""Masks that read content: queries, keys or tokens, bound in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.attention import attend, attend_gradients, build_mask
from pipeline.attention.masks import Content, Mask, matrix
from pipeline.base.errors import UserError

pytestmark = pytest.mark.usefixtures("small_tiles")

N, M = 19, 23
RANDOM = np.random.default_rng(0)
QUERY = RANDOM.standard_normal((4, N, 6))
KEY, VALUE = RANDOM.standard_normal((2, 2, M, 6))  # each head of a key serves two of a query
TOKENS = RANDOM.integers(0, 4, N), RANDOM.integers(0, 4, M)


def above_threshold(threshold: float) -> Mask:
    """Key j takes part for query i where q_i·k_j > threshold: a mask in two lines."""
    return Mask(
        from_content=lambda content: matrix(
            content.query @ content.key.swapaxes(-1, -2) > threshold
        )
    )


@pytest.mark.parametrize("ways", [{}, {"rows": 8, "threads": 2}])
@pytest.mark.parametrize("normalizer", ["softmax", "sparsemax", "linear"])
def test_a_mask_that_reads_scores_is_its_booleans(normalizer: str, ways: Any) -> None:
    allowed = QUERY @ KEY.repeat(2, axis=0).swapaxes(-1, -2) > 1.0
    settings: Any = {"scale": 0.3, "normalizer": normalizer, **ways}
    by_content = attend(QUERY, KEY, VALUE, mask=above_threshold(1.0), **settings)
    by_matrix = attend(QUERY, KEY, VALUE, mask=allowed, **settings)
    np.testing.assert_array_equal(by_content.weights, by_matrix.weights)
    np.testing.assert_array_equal(by_content.output, by_matrix.output)
    np.testing.assert_array_equal(by_content.allowed, allowed)


def test_and_and_or_bind_both_sides() -> None:
    content = Content(QUERY, KEY.repeat(2, axis=0), *TOKENS)
    scores = QUERY @ KEY.repeat(2, axis=0).swapaxes(-1, -2) > 1.0
    same = TOKENS[0][:, None] == TOKENS[1]
    causal = np.tri(N, M, dtype=bool)
    mask = (above_threshold(1.0) | build_mask("same_token")) & build_mask("causal")
    np.testing.assert_array_equal(mask.bind(content).full(N, M), (scores | same) & causal)
    listed = build_mask(["causal", {"any": ["same_token", {"window": {"left": 0, "right": 0}}]}])
    expected = causal & (same | np.eye(N, M, dtype=bool))
    np.testing.assert_array_equal(listed.bind(content).full(N, M), expected)


def test_same_token_by_hand() -> None:
    """the cat saw the dog: only "the" occurs twice."""
    ids = np.array([0, 1, 2, 0, 3])
    zeros = np.zeros((5, 2))
    weights = attend(zeros, zeros, zeros, mask="same_token", tokens=(ids, ids)).weights
    expected = np.eye(5)
    expected[[0, 0, 3, 3], [0, 3, 0, 3]] = 0.5
    np.testing.assert_allclose(weights, expected)
    others = {"same_token": {"include_self": False}}
    weights = attend(zeros, zeros, zeros, mask=others, tokens=(ids, ids)).weights
    expected = np.zeros((5, 5))
    expected[[0, 3], [3, 0]] = 1.0
    np.testing.assert_allclose(weights, expected)


def test_gradients_flow_through_the_keys_it_allows() -> None:
    upstream = np.ones((4, N, 6))
    by_content = attend_gradients(QUERY, KEY, VALUE, upstream, mask="same_token", tokens=TOKENS)
    allowed = TOKENS[0][:, None] == TOKENS[1]
    by_matrix = attend_gradients(QUERY, KEY, VALUE, upstream, mask=allowed)
    np.testing.assert_array_equal(by_content.query, by_matrix.query)
    assert not by_content.logits[:, ~allowed].any()


def test_a_mask_that_is_not_bound_answers_nothing() -> None:
    mask = build_mask(["causal", "same_token"])
    assert not mask.is_everything
    for ask in (mask.full, lambda n, m: mask.counts(0, n, m)):
        with pytest.raises(RuntimeError, match="call bind"):
            ask(3, 3)


IDS = "attend: tokens: expected the integer ids of the queries and of the keys"
EXPECTED = f"{IDS}, ([N], [M]) with N = {N} and M = {M}"
MISSING = (
    "attention.mask.same_token: got no tokens, expected attend(tokens=(ids of the queries, ids of "
    "the keys))"
)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (None, MISSING),
        ((TOKENS[1], TOKENS[0]), EXPECTED),
        (TOKENS[0], EXPECTED),
        (3, EXPECTED),
        ((TOKENS[0] * 1.0, TOKENS[1]), EXPECTED),
    ],
    ids=["none", "swapped", "one", "a number", "floats"],
)
def test_tokens_that_are_missing_or_do_not_fit(tokens: Any, message: str) -> None:
    with pytest.raises(UserError) as error:
        attend(QUERY, KEY, VALUE, mask="same_token", tokens=tokens)
    assert str(error.value) == message
