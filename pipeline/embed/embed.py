"""Sentences → one static vector per token."""

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
from pipeline.embed.vocabulary import Vocabulary, look_up_tokens

# (tokens, seed, settings …) → their vocabulary
EMBEDDINGS: dict[str, Callable[..., Vocabulary]] = {
    "handmade": handmade,
    "one_hot": one_hot,
    "gaussian": gaussian,
    "glove": glove,
}


def embed(
    sentences: Sequence[Sentence],
    kind: str,
    *,
    seed: int = 0,
    unknown: str = "refuse",
    positions: str = "none",
    **settings: Any,
) -> tuple[Embedded, ...]:
    """One static vector per token, x_i = vector(token_i) + position_i, [N, D] for each sentence.

    `kind` names one of EMBEDDINGS and `settings` are its arguments, `positions` names one of
    POSITIONS and `unknown` one of UNKNOWN. All sentences share one vocabulary, so the same word has
    the same vector in each. One `UserError` names every token that has no vector.

    >>> embed([Sentence("s", ("a", "b"))], "one_hot")[0].vectors.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    build = lookup(EMBEDDINGS, kind, "embeddings.kind")
    encode = lookup(POSITIONS, positions, "embeddings.positions")
    vocabulary = build([t for s in sentences for t in s.tokens], seed, **settings)
    embedded, errors = [], ErrorCollector()
    for sentence in sentences:
        with errors.collect():
            vectors = look_up_tokens(sentence.tokens, vocabulary, unknown, seed)
            vectors = vectors + encode(*vectors.shape)
            embedded.append(Embedded(sentence, vectors, vocabulary.source))
    errors.raise_if_any()
    return tuple(embedded)
