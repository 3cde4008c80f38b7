"""Project: embeddings → query, key and value, one set a head."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.choose import choose
from pipeline.faults import Fault
from pipeline.records import Array, Projected
from pipeline.seeds import generator


def identity(vectors: Array, seed: int) -> Projected:
    """Q = K = V = X, [1, N, D]: one head, nothing learned, nothing random.

    >>> identity(np.eye(2), 0).query.shape
    (1, 2, 2)
    """
    return Projected(vectors[None], vectors[None], vectors[None])


def random(
    vectors: Array,
    seed: int,
    *,
    heads: int = 1,
    key_width: int | None = None,
    value_width: int | None = None,
) -> Projected:
    """Q = X·W_Q, K = X·W_K, V = X·W_V with independent N(0, 1/D) entries, one set a head.

    vectors [N, D] → query, key [H, N, key_width] and value [H, N, value_width]; a width left
    out is D/H. The variance 1/D keeps the entries of q and k at the variance of those of x, so
    that q·k has the variance d_k which 1/√d_k is there to undo. Each matrix of each head is
    drawn from the master seed under its own name.

    >>> random(np.ones((3, 8)), 0, heads=2).key.shape
    (2, 3, 4)
    """
    width = vectors.shape[1]
    if width % heads and None in (key_width, value_width):
        raise Fault(
            f"projection.heads: {heads} heads do not divide the embedding width {width}; "
            "choose another count, or set projection.key_width and projection.value_width"
        )

    def view(name: str, out: int | None) -> Array:
        shape = (width, out or width // heads)
        drawn = [
            generator(seed, "projection", name, head).standard_normal(shape)
            for head in range(heads)
        ]
        return vectors @ (np.stack(drawn) / np.sqrt(width))

    return Projected(view("query", key_width), view("key", key_width), view("value", value_width))


PROJECTIONS: dict[str, Callable[..., Projected]] = {"identity": identity, "random": random}


def project(vectors: Array, kind: str, *, seed: int = 0, **settings: int | None) -> Projected:
    """The projection called `kind` of the embeddings, [N, D] → [H, N, …].

    >>> project(np.eye(2), "identity").value[0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return choose(PROJECTIONS, kind, "projection.kind")(vectors, seed, **settings)
