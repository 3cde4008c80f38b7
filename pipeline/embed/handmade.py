"""Vectors written by hand, in a table in the YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.embed.vocabulary import Vocabulary


def handmade(
    tokens: Sequence[str], seed: int, *, table: Mapping[str, Sequence[float]]
) -> Vocabulary:
    """The vectors of a table; all of one width, which the config checks.

    >>> handmade([], 0, table={"Os": [1, 0], "tem": [0, 1]}).width
    2
    """
    vectors = {token: np.asarray(row, dtype=float) for token, row in table.items()}
    stacked = np.stack(list(vectors.values()))
    entry_rms = float(np.sqrt(np.mean(stacked**2)))
    source = f"a table of {len(vectors)} words written by hand, width {stacked.shape[1]}"
    return Vocabulary(vectors, stacked.shape[1], entry_rms, source)
