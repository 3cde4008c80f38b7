"""One-hot vectors: each word is an axis of its own, and all words are equally unlike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.embed.vocabulary import Vocabulary


def one_hot(
    tokens: Sequence[str], seed: int, *, vocabulary: Sequence[str] | None = None
) -> Vocabulary:
    """Word k of the vocabulary is the k-th unit vector, of width V.

    Without `vocabulary` the words of the run, in the order of their first appearance.

    >>> one_hot(["a", "b", "a"], 0).vectors["b"].tolist()
    [0.0, 1.0]
    """
    words = list(dict.fromkeys(tokens if vocabulary is None else vocabulary))
    rows = np.eye(len(words))
    vectors = dict(zip(words, rows, strict=True))
    return Vocabulary(vectors, len(words), len(words) ** -0.5, f"one-hot, width {len(words)}")
