"""Project: embeddings → query, key and value, one set a head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.records import Array, Projected
from pipeline.base.registry import lookup
from pipeline.base.rng import generator

MAX_ENTRIES = 1 << 28  # entries of a matrix, all heads together
Draw = Callable[..., Array]  # of a shape and a name


def identity(vectors: Array, keys: Array, draw: Draw) -> Projected:
    """Q = X, [1, N, D], and K = V = Y, [1, M, D]: one head, nothing learned, nothing random.

    >>> identity(np.eye(2), np.eye(2), matrix_drawer(0)).query.shape
    (1, 2, 2)
    """
    return Projected(vectors[None], keys[None], keys[None])


def random(
    vectors: Array,
    keys: Array,
    draw: Draw,
    *,
    heads: int = 1,
    key_heads: int | None = None,
    key_width: int | None = None,
    value_width: int | None = None,
    output: str = "none",
) -> Projected:
    """Q = X·W_Q, K = Y·W_K, V = Y·W_V with independent N(0, 1/D) entries, one set a head.

    X [N, D], Y [M, D] → query [H, N, key_width], key [k, M, key_width], value [k, M, value_width];
    a width left out is D/H, and k = `key_heads` is H unless H/k query heads share a key: grouped
    queries (Ainslie et al. 2023), of which k = 1 is multi-query attention (Shazeer 2019). Y is X
    in self-attention. The variance 1/D keeps the entries of q and k at the variance of those of x,
    so that q·k has the variance d_k which 1/√d_k is there to undo. `output` names one of OUTPUTS.
    Each matrix of each head of each layer is drawn from the master seed under its own name.

    >>> random(np.ones((3, 8)), np.ones((3, 8)), matrix_drawer(0), heads=2).key.shape
    (2, 3, 4)
    """
    width = vectors.shape[1]
    if width % heads and None in (key_width, value_width):
        raise UserError(
            f"projection.heads: {heads} heads do not divide the embedding width {width}; "
            "choose another count, or set projection.key_width and projection.value_width"
        )

    shared = key_heads or heads
    if heads % shared:
        raise UserError(
            f"projection.key_heads: {shared} key heads do not divide {heads} heads; "
            "expected a count that divides, or null for as many"
        )

    def view(name: str, of: Array, count: int, out: int | None) -> Array:
        shape = (width, out or width // heads)
        check_size(f"W_{name[0].upper()} of all heads", shape[0], count * shape[1])
        return of @ np.stack([draw(shape, name, head) for head in range(count)])

    value = view("value", keys, shared, value_width)
    if output != "none":
        check_size("W_O", heads * value.shape[-1], width)
    return Projected(
        view("query", vectors, heads, key_width),
        view("key", keys, shared, key_width),
        value,
        lookup(OUTPUTS, output, "projection.output")((heads * value.shape[-1], width), draw),
    )


def check_size(name: str, rows: int, columns: int) -> None:
    """A `UserError` where a matrix, all heads together, is more than any machine should be asked for.

    >>> check_size("W_O", 4096, 4096)
    """
    if rows * columns > MAX_ENTRIES:
        raise UserError(
            f"projection: {name} would be {rows} × {columns}, expected at most {MAX_ENTRIES} entries "
            "(2 GB); lower embeddings.width, projection.heads or the widths of keys and values"
        )


def matrix_drawer(seed: int, layer: int = 0) -> Draw:
    """Draws matrices [A, B] of independent N(0, 1/A) entries by name, each layer its own.

    >>> matrix_drawer(0)((2, 2), "query", 0).tolist() == matrix_drawer(0, layer=1)(
    ...     (2, 2), "query", 0
    ... ).tolist()
    False
    """
    above = ("layer", layer) if layer else ()

    def draw(shape: tuple[int, int], *name: str | int) -> Array:
        own = generator(seed, "projection", *name, *above)
        return own.standard_normal(shape) / np.sqrt(shape[0])

    return draw


def no_output(shape: tuple[int, int], draw: Draw) -> None:
    """The heads' outputs stay side by side."""


def random_output(shape: tuple[int, int], draw: Draw) -> Array:
    """W_O, [H·E, D], of independent N(0, 1/(H·E)) entries: outputs keep their variance.

    >>> random_output((6, 4), matrix_drawer(0)).shape
    (6, 4)
    """
    return draw(shape, "output")


OUTPUTS: dict[str, Callable[[tuple[int, int], Draw], Array | None]] = {
    "none": no_output,
    "random": random_output,
}


PROJECTIONS: dict[str, Callable[..., Projected]] = {"identity": identity, "random": random}


def project(
    vectors: Array,
    kind: str,
    *,
    keys: Array | None = None,
    seed: int = 0,
    layer: int = 0,
    **settings: Any,
) -> Projected:
    """The projection called `kind` of the embeddings, [N, D] → [H, N, …].

    With `keys`, [M, D], keys and values are of those, and queries alone of `vectors`.

    >>> project(np.eye(2), "identity").value[0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    attended_to = vectors if keys is None else keys
    make = lookup(PROJECTIONS, kind, "projection.kind")
    return make(vectors, attended_to, matrix_drawer(seed, layer), **settings)
