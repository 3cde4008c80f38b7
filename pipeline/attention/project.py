"""Project: embeddings → query, key and value, one set a head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.choose import choose
from pipeline.faults import Fault
from pipeline.records import Array, Projected
from pipeline.seeds import generator


def identity(vectors: Array, keys: Array, seed: int) -> Projected:
    """Q = X, [1, N, D], and K = V = Y, [1, M, D]: one head, nothing learned, nothing random.

    >>> identity(np.eye(2), np.eye(2), 0).query.shape
    (1, 2, 2)
    """
    return Projected(vectors[None], keys[None], keys[None])


def random(
    vectors: Array,
    keys: Array,
    seed: int,
    *,
    heads: int = 1,
    key_width: int | None = None,
    value_width: int | None = None,
) -> Projected:
    """Q = X·W_Q, K = Y·W_K, V = Y·W_V with independent N(0, 1/D) entries, one set a head.

    X [N, D], Y [M, D] → query [H, N, key_width], key [H, M, key_width], value [H, M, value_width];
    a width left out is D/H. Y is X in self-attention. The variance 1/D keeps the entries of q and
    k at the variance of those of x, so that q·k has the variance d_k which 1/√d_k is there to undo.
    Each matrix of each head is drawn from the master seed under its own name.

    >>> random(np.ones((3, 8)), np.ones((3, 8)), 0, heads=2).key.shape
    (2, 3, 4)
    """
    width = vectors.shape[1]
    if width % heads and None in (key_width, value_width):
        raise Fault(
            f"projection.heads: {heads} heads do not divide the embedding width {width}; "
            "choose another count, or set projection.key_width and projection.value_width"
        )

    def view(name: str, of: Array, out: int | None) -> Array:
        shape = (width, out or width // heads)
        drawn = [
            generator(seed, "projection", name, head).standard_normal(shape)
            for head in range(heads)
        ]
        return of @ (np.stack(drawn) / np.sqrt(width))

    return Projected(
        view("query", vectors, key_width),
        view("key", keys, key_width),
        view("value", keys, value_width),
    )


PROJECTIONS: dict[str, Callable[..., Projected]] = {"identity": identity, "random": random}


def project(
    vectors: Array,
    kind: str,
    *,
    keys: Array | None = None,
    seed: int = 0,
    **settings: Any,
) -> Projected:
    """The projection called `kind` of the embeddings, [N, D] → [H, N, …].

    With `keys`, [M, D], keys and values are of those, and queries alone of `vectors`.

    >>> project(np.eye(2), "identity").value[0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    attended_to = vectors if keys is None else keys
    return choose(PROJECTIONS, kind, "projection.kind")(vectors, attended_to, seed, **settings)
