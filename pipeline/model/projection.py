"""Embeddings → query, key and value of every head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.records import Array, Projected
from pipeline.base.registry import lookup
from pipeline.base.rng import generator

MAX_ENTRIES = 1 << 28  # of a matrix, all heads together
Draw = Callable[..., Array]  # (shape, *name) → a random matrix of that shape


def identity(vectors: Array, keys: Array, draw: Draw) -> Projected:
    """Q = X, [1, N, D], and K = V = Y, [1, M, D]: one head, no matrices.

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
    """Q = X·W_Q, K = Y·W_K, V = Y·W_V with independent N(0, 1/D) entries, for every head.

    X [N, D], Y [M, D] → query [H, N, key_width], key [G, M, key_width], value [G, M, value_width];
    Y is X in self-attention. A width left out is D/H. G = `key_heads`, H if left out, must divide
    H: H/G query heads share a key head, as in grouped-query attention (Ainslie et al. 2023), which
    is multi-query attention for G = 1 (Shazeer 2019). With variance 1/D the entries of q and k
    have the variance of those of x, so q·k has variance d_k, which the factor 1/√d_k undoes.
    `output` names one of OUTPUTS. Each matrix of each head of each layer is drawn from the master
    seed under its own name.

    >>> random(np.ones((3, 8)), np.ones((3, 8)), matrix_drawer(0), heads=2).key.shape
    (2, 3, 4)
    """
    width = vectors.shape[1]
    if width % heads and None in (key_width, value_width):
        raise UserError(
            f"projection.heads: {heads} heads do not divide the embedding width {width}; "
            "choose another count, or set projection.key_width and projection.value_width"
        )

    key_heads = key_heads or heads
    if heads % key_heads:
        raise UserError(
            f"projection.key_heads: {key_heads} key heads do not divide {heads} heads; "
            "expected a count that divides, or null for as many"
        )

    def view(name: str, inputs: Array, count: int, out: int | None) -> Array:
        shape = (width, out or width // heads)
        check_size(f"W_{name[0].upper()} of all heads", shape[0], count * shape[1])
        return inputs @ np.stack([draw(shape, name, head) for head in range(count)])

    value = view("value", keys, key_heads, value_width)
    if output != "none":
        check_size("W_O", heads * value.shape[-1], width)
    return Projected(
        view("query", vectors, heads, key_width),
        view("key", keys, key_heads, key_width),
        value,
        lookup(OUTPUTS, output, "projection.output")((heads * value.shape[-1], width), draw),
    )


def check_size(name: str, rows: int, columns: int) -> None:
    """A `UserError` where a matrix, all heads together, would not fit into memory.

    >>> check_size("W_O", 4096, 4096)
    """
    if rows * columns > MAX_ENTRIES:
        raise UserError(
            f"projection: {name} would be {rows} × {columns}, expected at most {MAX_ENTRIES} "
            "entries (2 GB); lower embeddings.width, projection.heads or the widths of keys and "
            "values"
        )


def matrix_drawer(seed: int, layer: int = 0) -> Draw:
    """Draws matrices [rows, columns] of independent N(0, 1/rows) entries by name and layer.

    >>> first, second = matrix_drawer(0), matrix_drawer(0, layer=1)
    >>> first((2, 2), "query", 0).tolist() == second((2, 2), "query", 0).tolist()
    False
    """
    suffix = ("layer", layer) if layer else ()

    def draw(shape: tuple[int, int], *name: str | int) -> Array:
        entries = generator(seed, "projection", *name, *suffix)
        return entries.standard_normal(shape) / np.sqrt(shape[0])

    return draw


def no_output(shape: tuple[int, int], draw: Draw) -> None:
    """No W_O: the heads' outputs stay side by side."""


def random_output(shape: tuple[int, int], draw: Draw) -> Array:
    """W_O [H·E, D] of independent N(0, 1/(H·E)) entries, which keeps the variance of the outputs.

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
    """Query, key and value of embeddings [N, D]; `kind` names one of PROJECTIONS.

    In cross-attention `keys` [M, D] give keys and values, and `vectors` the queries alone.

    >>> project(np.eye(2), "identity").value[0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    make = lookup(PROJECTIONS, kind, "projection.kind")
    keys = vectors if keys is None else keys
    return make(vectors, keys, matrix_drawer(seed, layer), **settings)
