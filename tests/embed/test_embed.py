"""embed: laws of every kind of embedding set, and the rules for unknown words."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from pipeline.base.errors import UserError
from pipeline.base.records import Sentence
from pipeline.config.schema.config import KINDS_OF
from pipeline.config.schema.embeddings import Embeddings
from pipeline.embed import EMBEDDINGS, POSITIONS, UNKNOWN, embed

TABLE = {"cats": [1.0, 0.0, 2.0], "see": [0.0, 1.0, 0.0], "dogs": [3.0, 0.0, 0.0]}
# The settings that a kind requires; the others have defaults.
NEEDED: dict[str, dict[str, Any]] = {"handmade": {"table": TABLE}, "gaussian": {"width": 5}}
FIRST, SECOND = Sentence("first", ("cats", "see", "dogs")), Sentence("second", ("dogs", "see"))
every_kind = pytest.mark.parametrize("kind", EMBEDDINGS)


def embedded(kind: str, *sentences: Sentence, **settings: Any) -> list[Any]:
    """The vectors of each sentence."""
    return [e.vectors for e in embed(sentences, kind, **{**NEEDED.get(kind, {}), **settings})]


@every_kind
def test_one_finite_vector_per_token_and_a_source_in_words(kind: str) -> None:
    (result,) = embed([FIRST], kind, **NEEDED.get(kind, {}))
    assert result.sentence is FIRST
    assert result.vectors.dtype == np.float64
    assert result.vectors.shape == (3, result.vectors.shape[1])
    assert np.isfinite(result.vectors).all()
    assert str(result.vectors.shape[1]) in result.source


@every_kind
def test_the_same_word_has_the_same_vector_in_every_sentence(kind: str) -> None:
    second, first = embedded(kind, SECOND, FIRST)  # "cats" is in the later one alone
    np.testing.assert_array_equal(first[2], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[0], first[1])


@every_kind
@pytest.mark.parametrize("positions", POSITIONS)
def test_positions_are_added(kind: str, positions: str) -> None:
    plain, positioned = (embedded(kind, FIRST, positions=p)[0] for p in ("none", positions))
    np.testing.assert_allclose(positioned - plain, POSITIONS[positions](*plain.shape), atol=1e-12)


@every_kind
def test_the_config_accepts_the_settings_of_each_kind_and_no_others(kind: str) -> None:
    parameters = inspect.signature(EMBEDDINGS[kind]).parameters.values()
    settings = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    accepted = set(KINDS_OF["embeddings"][kind].model_fields)
    assert settings == accepted - {"kind", *Embeddings.model_fields}


def test_handmade_is_its_table() -> None:
    np.testing.assert_array_equal(embedded("handmade", SECOND)[0], [[3, 0, 0], [0, 1, 0]])


def test_one_hot_counts_words_in_the_order_they_first_appear() -> None:
    (vectors,) = embedded("one_hot", Sentence("s", ("b", "a", "b", "c")))
    np.testing.assert_array_equal(vectors, np.eye(3)[[0, 1, 0, 2]])


def test_one_hot_of_a_vocabulary_has_its_width_and_order() -> None:
    (vectors,) = embedded("one_hot", Sentence("s", ("b",)), vocabulary=["a", "b", "c", "d"])
    np.testing.assert_array_equal(vectors, [[0, 1, 0, 0]])


def test_gaussian_depends_on_seed_and_word_alone() -> None:
    alone = embedded("gaussian", Sentence("s", ("dogs",)), seed=3)[0][0]
    with_others = embedded("gaussian", FIRST, SECOND, seed=3)[0][2]
    np.testing.assert_array_equal(alone, with_others)
    assert not np.allclose(alone, embedded("gaussian", SECOND, seed=4)[0][0])


def test_gaussian_entries_are_standard_normal() -> None:
    words = Sentence("many", tuple(f"word{i}" for i in range(100)))
    (vectors,) = embedded("gaussian", words, width=200)
    assert abs(vectors.mean()) < 0.03
    assert abs(vectors.var() - 1) < 0.03
    correlation = np.corrcoef(vectors)[~np.eye(100, dtype=bool)]
    assert abs(correlation).max() < 0.35


@pytest.mark.parametrize("unknown", [rule for rule in UNKNOWN if rule != "refuse"])
def test_a_rule_for_unknown_words_gives_a_vector_and_keeps_the_known_ones(unknown: str) -> None:
    sentence = Sentence("s", ("cats", "unseen", "dogs", "unseen"))
    (vectors,) = embedded("handmade", sentence, unknown=unknown)
    np.testing.assert_array_equal(vectors[[0, 2]], [TABLE["cats"], TABLE["dogs"]])
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(vectors[1], vectors[3])


def test_zero_is_zero_and_seeded_depends_on_seed_and_word() -> None:
    def unseen(word: str, **settings: Any) -> Any:
        return embedded("handmade", Sentence("s", (word,)), **settings)[0][0]

    np.testing.assert_array_equal(unseen("x", unknown="zero"), [0, 0, 0])
    vector = unseen("x", unknown="seeded", seed=1)
    np.testing.assert_array_equal(vector, unseen("x", unknown="seeded", seed=1))
    assert not np.allclose(vector, unseen("y", unknown="seeded", seed=1))
    assert not np.allclose(vector, unseen("x", unknown="seeded", seed=2))


def test_seeded_vectors_are_as_large_as_the_known_ones() -> None:
    words = Sentence("many", tuple(f"word{i}" for i in range(2000)))
    (vectors,) = embedded("handmade", words, unknown="seeded")
    size = np.sqrt(np.mean(np.square(list(TABLE.values()))))
    assert abs(np.sqrt(np.mean(vectors**2)) / size - 1) < 0.05


def test_every_unknown_word_of_every_sentence_is_named_once() -> None:
    with pytest.raises(UserError) as caught:
        embed([Sentence("a", ("cats", "one", "two", "one")), Sentence("b", ("two", "three"))],
              "handmade", table=TABLE)  # fmt: skip
    assert caught.value.lines == tuple(
        f"embeddings.unknown: the token '{word}' has no vector and the rule is refuse; "
        "expected a word of the embedding set, or the rule zero or seeded"
        for word in ("one", "two", "three")
    )


@pytest.mark.parametrize("kind", ["one_hot", "gaussian"])
def test_a_word_outside_the_vocabulary_is_unknown(kind: str) -> None:
    with pytest.raises(UserError, match="the token 'dogs' has no vector"):
        embedded(kind, FIRST, vocabulary=["cats", "see"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "one_hto"}, ("embeddings.kind: got 'one_hto', expected one of: "
         f"{', '.join(EMBEDDINGS)} (did you mean 'one_hot'?)")),
        ({"unknown": "zeor"}, ("embeddings.unknown: got 'zeor', expected one of: "
         f"{', '.join(UNKNOWN)} (did you mean 'zero'?)")),
        ({"positions": "non"}, ("embeddings.positions: got 'non', expected one of: "
         f"{', '.join(POSITIONS)} (did you mean 'none'?)")),
    ],
)  # fmt: skip
def test_an_unknown_name_lists_all(settings: dict[str, str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        embed([FIRST], **{"kind": "one_hot", **settings})  # type: ignore[arg-type]
    assert str(caught.value) == message
