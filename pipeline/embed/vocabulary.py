"""A vocabulary: words and their vectors, and the rules for a word that has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.base.errors import ErrorCollector, UserError, shorten
from pipeline.base.records import Array, Embedded, Sentence
from pipeline.base.registry import lookup
from pipeline.base.rng import generator


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words and their vectors, all of one width."""

    vectors: Mapping[str, Array]  # word -> [D]
    width: int  # D
    spread: float  # root mean square of an entry over all words: the size of a seeded vector's
    source: str = ""  # where the vectors come from, in words


def refuse(word: str, vocabulary: Vocabulary, seed: int) -> Array:
    """No vector: the user has to choose."""
    raise UserError(
        f"embeddings.unknown: the token {shorten(word)} has no vector and the rule is refuse; "
        "expected a word of the embedding set, or the rule zero or seeded"
    )


def zero(word: str, vocabulary: Vocabulary, seed: int) -> Array:
    """The zero vector, which is indifferent to every query."""
    return np.zeros(vocabulary.width)


def seeded(word: str, vocabulary: Vocabulary, seed: int) -> Array:
    """N(0, spread²) entries drawn from the master seed and the word alone."""
    drawn = generator(seed, "embeddings", "unknown", word).standard_normal(vocabulary.width)
    return vocabulary.spread * drawn


UNKNOWN: dict[str, Callable[[str, Vocabulary, int], Array]] = {
    "refuse": refuse,
    "zero": zero,
    "seeded": seeded,
}


def look_up(
    sentence: Sentence, vocabulary: Vocabulary, unknown: str = "refuse", seed: int = 0
) -> Embedded:
    """One vector a token, [N, D]; `unknown` names the rule for a token without one.

    >>> words = Vocabulary({"yes": np.array([1.0, 0.0])}, width=2, spread=0.7)
    >>> look_up(Sentence("s", ("yes", "no")), words, unknown="zero").vectors.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    rule = lookup(UNKNOWN, unknown, "embeddings.unknown")
    rows, faults = [], ErrorCollector()
    for token in sentence.tokens:
        with faults.collect():
            known = token in vocabulary.vectors
            rows.append(vocabulary.vectors[token] if known else rule(token, vocabulary, seed))
    faults.raise_if_any()
    return Embedded(sentence, np.stack(rows), vocabulary.source)
