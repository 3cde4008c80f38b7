"""Random generators: one for each random choice, derived from the master seed by name."""

from __future__ import annotations

import hashlib
import json

import numpy as np


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """A generator that depends on `seed` and `names` alone.

    Choices with different names never share a stream, so drawing more for one does not change
    another; a word's vector is the same in every sentence.

    >>> first = generator(7, "projection", "query").random()
    >>> first == generator(7, "projection", "query").random()
    True
    >>> first == generator(7, "projection", "key").random()
    False
    """
    digest = hashlib.sha256(json.dumps([seed, *names]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))
