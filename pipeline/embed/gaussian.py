"""Gaussian vectors, seeded by the word."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.base.rng import generator
from pipeline.embed.vocabulary import Vocabulary


def gaussian(
    tokens: Sequence[str], seed: int, *, width: int, vocabulary: Sequence[str] | None = None
) -> Vocabulary:
    """Independent N(0, 1) entries that depend on the master seed, the word and the width alone.

    Words outside `vocabulary` are unknown; without one every word has a vector.

    >>> gaussian(["a"], 3, width=4).vectors["a"].tolist() == gaussian(
    ...     ["b", "a"], 3, width=4
    ... ).vectors["a"].tolist()
    True
    """
    words = dict.fromkeys(tokens if vocabulary is None else vocabulary)
    vectors = {
        w: generator(seed, "embeddings", "gaussian", w).standard_normal(width) for w in words
    }
    return Vocabulary(vectors, width, 1.0, f"Gaussian, seeded by the word, width {width}")
