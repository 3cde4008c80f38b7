"""Embed: sentences → one static vector per token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.base.errors import ErrorCollector
from pipeline.base.records import Embedded, Sentence
from pipeline.base.registry import lookup
from pipeline.embed.gaussian import gaussian
from pipeline.embed.glove import glove
from pipeline.embed.handmade import handmade
from pipeline.embed.one_hot import one_hot
from pipeline.embed.positions import POSITIONS
from pipeline.embed.vocabulary import Vocabulary, look_up

EMBEDDINGS: dict[str, Callable[..., Vocabulary]] = {
    "handmade": handmade,
    "one_hot": one_hot,
    "gaussian": gaussian,
    "glove": glove,
}


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
    build = lookup(EMBEDDINGS, kind, "embeddings.kind")
    place = lookup(POSITIONS, positions, "embeddings.positions")
    vocabulary = build([t for s in passages for t in s.tokens], seed, **settings)
    found, faults = [], ErrorCollector()
    for sentence in passages:
        with faults.collect():
            embedded = look_up(sentence, vocabulary, unknown, seed)
            vectors = embedded.vectors + place(*embedded.vectors.shape)
            found.append(Embedded(sentence, vectors, embedded.source))
    faults.raise_if_any()
    return tuple(found)
