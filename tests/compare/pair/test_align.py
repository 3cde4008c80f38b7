"""Tokens of two sentences, paired."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.compare.pair.align import align

sentences = st.lists(st.sampled_from(["a", "b", "c", "<script>"]), max_size=7)


@given(sentences, sentences)
def test_pairs_are_equal_tokens_and_the_rest_has_no_partner(one: list[str], two: list[str]) -> None:
    found = align(one, two)
    assert [one[i] for i in found.before] == [two[j] for j in found.after]
    assert sorted((*found.before, *found.only_before)) == list(range(len(one)))
    assert sorted((*found.after, *found.only_after)) == list(range(len(two)))
    # As many pairs as there can be: no token that both still have is left without a partner.
    left, right = (
        Counter(one[i] for i in found.only_before),
        Counter(two[j] for j in found.only_after),
    )
    assert not left & right


@given(sentences)
def test_a_sentence_is_itself(one: list[str]) -> None:
    found = align(one, one)
    assert found.before == found.after == tuple(range(len(one)))


@pytest.mark.parametrize(
    ("one", "two", "after", "alone"),
    [
        ("birds can fly", "birds can not fly", (0, 1, 3), (2,)),
        ("the dog saw the cat", "the cat saw the dog", (3, 4, 2, 0, 1), ()),
        ("a a b", "a b b", (0, 1), (2,)),
        ("t t b c d", "b c d t x t", (3, 5, 0, 1, 2), (4,)),  # equal tokens that moved: in order
    ],
)
def test_by_hand(one: str, two: str, after: tuple[int, ...], alone: tuple[int, ...]) -> None:
    found = align(one.split(), two.split())
    assert found.after == after
    assert found.only_after == alone
