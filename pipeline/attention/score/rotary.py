"""Rotary: queries and keys rotated by an angle that grows with their position."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from pipeline.base.errors import UserError, shorten
from pipeline.base.records import Array
from pipeline.base.specs import build, finite, split_spec


def rotary(
    vectors: Array,
    positions: npt.ArrayLike | None = None,
    *,
    base: float = 10000.0,
    fraction: float = 1.0,
    interleaved: bool = False,
) -> Array:
    """Rotates pair k at position p by the angle p·θ_k, θ_k = base^(−2k/R), [..., N, D] → the same.

    Su et al. 2021, "RoFormer", §3.2. The first R = fraction·D entries are rotated, the others
    kept. `interleaved` pairs entries (0, 1), (2, 3) … as the paper does; else the first
    half with the second, (0, R/2), (1, R/2 + 1) …, as GPT-NeoX and LLaMA do, which is the same
    up to a permutation of the entries. Lengths are kept, and q_i·k_j depends on i − j alone.
    `positions`, [N] or [..., N], are 0 … N − 1 by default.

    >>> rotary(np.array([[1.0, 0.0], [1.0, 0.0]])).round(4).tolist()
    [[1.0, 0.0], [0.5403, 0.8415]]
    """
    rotated = rotated_width(vectors.shape[-1], fraction)
    indices = np.arange(vectors.shape[-2]) if positions is None else np.asarray(positions)
    angles = indices[..., None] * frequencies(rotated, base)
    cosine, sine = (f(angles).astype(vectors.dtype) for f in (np.cos, np.sin))
    half = rotated // 2
    pair = (
        (np.s_[..., 0:rotated:2], np.s_[..., 1:rotated:2])
        if interleaved
        else (np.s_[..., :half], np.s_[..., half:rotated])
    )
    first, second = vectors[pair[0]], vectors[pair[1]]
    result = np.empty(np.broadcast_shapes(vectors.shape, (*angles.shape[:-1], 1)), vectors.dtype)
    result[..., rotated:] = vectors[..., rotated:]
    result[pair[0]] = first * cosine - second * sine
    result[pair[1]] = first * sine + second * cosine
    return result


def no_rotation(vectors: Array) -> Array:
    """The vectors as they are: positions then count by the mask and the bias alone."""
    return vectors


MAX_KEY_WIDTH = 65536
ROTATIONS: dict[str, Callable[..., Array]] = {"none": no_rotation, "rotary": rotary}


def rotate(vectors: Array, spec: object, what: str = "attention.rotation") -> Array:
    """Queries or keys rotated as YAML writes it: a name, or {rotary: {base: 500000}}.

    >>> rotate(np.array([[1.0, 0.0], [1.0, 0.0]]), "none").tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    return build(ROTATIONS, spec, what, vectors)


def check_rotation(spec: object, what: str = "attention.rotation") -> None:
    """Raise a `UserError` if no vector width allows this rotation.

    >>> check_rotation({"rotary": {"fraction": 0.3}})
    """
    _, settings = split_spec(spec, what)
    fraction = settings.get("fraction", 1.0)
    in_range = isinstance(fraction, int | float) and 0 < fraction <= 1
    parts = Fraction(fraction).limit_denominator(MAX_KEY_WIDTH).denominator if in_range else 1
    rotate(np.ones((0, 2 * parts)), spec, what)


def frequencies(rotated: int, base: float) -> Array:
    """θ_k = base^(−2k/R) for k = 0 … R/2 − 1, in radians per position, [R/2].

    >>> frequencies(4, 10000.0).tolist()
    [1.0, 0.01]
    """
    if finite(base, "attention.rotary.base", expected="a finite number > 0") <= 0:
        raise UserError(f"attention.rotary.base: got {shorten(base)}, expected a finite number > 0")
    return base ** (-np.arange(0, rotated, 2) / rotated)


def rotated_width(width: int, fraction: float) -> int:
    """How many of the D entries are rotated, an even number of at least two.

    >>> rotated_width(64, 0.25)
    16
    """
    what = "attention.rotary.fraction"
    rotated = finite(fraction, what) * width
    if not 0 < fraction <= 1:
        raise UserError(f"{what}: got {shorten(fraction)}, expected a number above 0, at most 1")
    if abs(rotated - round(rotated)) > 1e-9 * width or round(rotated) % 2 or round(rotated) == 0:
        raise UserError(
            f"{what}: got {shorten(fraction)} of the key width D = {width}, which is {rotated:g} "
            "entries, expected an even number of them, as they rotate in pairs"
        )
    return round(rotated)
