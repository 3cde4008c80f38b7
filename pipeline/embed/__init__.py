"""Sentence → Embedded: one file a kind of embedding set, and one entry here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.choose import choose
from pipeline.embed.gaussian import gaussian
from pipeline.embed.glove import SOURCES, glove
from pipeline.embed.handmade import handmade
from pipeline.embed.one_hot import one_hot
from pipeline.embed.positions import POSITIONS
from pipeline.embed.tokens import key_sentences, read_lines, sentences, tokenize
from pipeline.embed.vocabulary import UNKNOWN, Vocabulary, look_up
from pipeline.faults import Faults
from pipeline.records import Embedded, Sentence

KINDS: dict[str, Callable[..., Vocabulary]] = {
    "handmade": handmade,
    "one_hot": one_hot,
    "gaussian": gaussian,
    "glove": glove,
}

__all__ = [
    "KINDS",
    "POSITIONS",
    "SOURCES",
    "UNKNOWN",
    "Vocabulary",
    "embed",
    "key_sentences",
    "look_up",
    "read_lines",
    "sentences",
    "tokenize",
]


def embed(
    passages: Sequence[Sentence],
    kind: str,
    *,
    seed: int = 0,
    unknown: str = "refuse",
    positions: str = "none",
    **settings: Any,
) -> tuple[Embedded, ...]:
    """One static vector a token, x_i = vector(token_i) + position_i, for every sentence.

    All sentences share one vocabulary, so that the same word has the same vector in each.
    Faults of all tokens are raised together, each naming its token.

    >>> embed([Sentence("s", ("a", "b"))], "one_hot")[0].vectors.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    build = choose(KINDS, kind, "embeddings.kind")
    place = choose(POSITIONS, positions, "embeddings.positions")
    vocabulary = build([t for s in passages for t in s.tokens], seed, **settings)
    found, faults = [], Faults()
    for sentence in passages:
        with faults.collect():
            embedded = look_up(sentence, vocabulary, unknown, seed)
            vectors = embedded.vectors + place(*embedded.vectors.shape)
            found.append(Embedded(sentence, vectors, embedded.source))
    faults.raise_if_any()
    return tuple(found)
