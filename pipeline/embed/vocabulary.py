"""Words and their vectors, and the rules for a word that has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.base.errors import ErrorCollector, UserError, shorten
from pipeline.base.records import Array
from pipeline.base.registry import lookup
from pipeline.base.rng import generator


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words and their vectors, all of one width."""

    vectors: Mapping[str, Array]  # word -> [D]
    width: int  # D
    entry_rms: float  # root mean square of the entries, which a seeded vector takes over
    source: str = ""  # where the vectors come from, in words


def refuse(word: str, vocabulary: Vocabulary, seed: int) -> Array:
    """No vector: the user has to choose a rule."""
    raise UserError(
        f"embeddings.unknown: the token {shorten(word)} has no vector and the rule is refuse; "
        "expected a word of the embedding set, or the rule zero or seeded"
    )


def zero(word: str, vocabulary: Vocabulary, seed: int) -> Array:
    """The zero vector, which has the same score, 0, with every query."""
    return np.zeros(vocabulary.width)


def seeded(word: str, vocabulary: Vocabulary, seed: int) -> Array:
    """N(0, entry_rms²) entries that depend on the master seed and the word alone."""
    drawn = generator(seed, "embeddings", "unknown", word).standard_normal(vocabulary.width)
    return vocabulary.entry_rms * drawn


# (word, vocabulary, seed) → its vector [D]
UNKNOWN: dict[str, Callable[[str, Vocabulary, int], Array]] = {
    "refuse": refuse,
    "zero": zero,
    "seeded": seeded,
}


def look_up_tokens(
    tokens: Sequence[str], vocabulary: Vocabulary, unknown: str = "refuse", seed: int = 0
) -> Array:
    """One vector per token, [N, D]; `unknown` names the rule for a token without one.

    >>> words = Vocabulary({"yes": np.array([1.0, 0.0])}, width=2, entry_rms=0.7)
    >>> look_up_tokens(("yes", "no"), words, unknown="zero").tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    rule = lookup(UNKNOWN, unknown, "embeddings.unknown")
    rows, errors = [], ErrorCollector()
    for token in tokens:
        with errors.collect():
            known = token in vocabulary.vectors
            rows.append(vocabulary.vectors[token] if known else rule(token, vocabulary, seed))
    errors.raise_if_any()
    return np.stack(rows)
