"""Rotary: queries and keys turned by an angle that grows with their position."""

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
    """Turn pair k of the vector at position p by p·θ_k, θ_k = base^(−2k/R), [..., N, D] → the same.

    Su et al. 2021, "RoFormer", §3.2. R = fraction·D entries are turned, the first ones, and the
    others kept. `interleaved` pairs entries (0, 1), (2, 3) … as the paper does; else the first
    half with the second, (0, R/2), (1, R/2 + 1) …, as GPT-NeoX and LLaMA do, which is the same
    after a fixed shuffle of the entries. Lengths are kept, and q_i·k_j depends on i − j alone.
    `positions`, [N] or [..., N], are 0 … N − 1 unless given.

    >>> rotary(np.array([[1.0, 0.0], [1.0, 0.0]])).round(4).tolist()
    [[1.0, 0.0], [0.5403, 0.8415]]
    """
    turned = rotated_width(vectors.shape[-1], fraction)
    places = np.arange(vectors.shape[-2]) if positions is None else np.asarray(positions)
    angles = places[..., None] * frequencies(turned, base)
    cosine, sine = (f(angles).astype(vectors.dtype) for f in (np.cos, np.sin))
    half = turned // 2
    pair = (
        (np.s_[..., 0:turned:2], np.s_[..., 1:turned:2])
        if interleaved
        else (np.s_[..., :half], np.s_[..., half:turned])
    )
    first, second = vectors[pair[0]], vectors[pair[1]]
    result = np.empty(np.broadcast_shapes(vectors.shape, (*angles.shape[:-1], 1)), vectors.dtype)
    result[..., turned:] = vectors[..., turned:]
    result[pair[0]] = first * cosine - second * sine
    result[pair[1]] = first * sine + second * cosine
    return result


def no_rotation(vectors: Array) -> Array:
    """The vectors as they are: attention then knows no positions but those of mask and bias."""
    return vectors


MAX_KEY_WIDTH = 65536  # a key's width, at most
ROTATIONS: dict[str, Callable[..., Array]] = {"none": no_rotation, "rotary": rotary}


def rotate(vectors: Array, spec: object, what: str = "attention.rotation") -> Array:
    """Queries or keys turned as YAML writes it: a name, or {rotary: {base: 500000}}.

    >>> rotate(np.array([[1.0, 0.0], [1.0, 0.0]]), "none").tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    return build(ROTATIONS, spec, what, vectors)


def check_rotation(spec: object, what: str = "attention.rotation") -> None:
    """A `UserError` where vectors of no width at all could be turned so.

    >>> check_rotation({"rotary": {"fraction": 0.3}})
    """
    _, settings = split_spec(spec, what)
    fraction = settings.get("fraction", 1.0)
    usual = isinstance(fraction, int | float) and 0 < fraction <= 1
    parts = Fraction(fraction).limit_denominator(MAX_KEY_WIDTH).denominator if usual else 1
    rotate(np.ones((0, 2 * parts)), spec, what)


def frequencies(turned: int, base: float) -> Array:
    """θ_k = base^(−2k/R) for k = 0 … R/2 − 1, radians a position, [R/2].

    >>> frequencies(4, 10000.0).tolist()
    [1.0, 0.01]
    """
    if finite(base, "attention.rotary.base", expected="a finite number > 0") <= 0:
        raise UserError(f"attention.rotary.base: got {shorten(base)}, expected a finite number > 0")
    return base ** (-np.arange(0, turned, 2) / turned)


def rotated_width(width: int, fraction: float) -> int:
    """How many of the D entries are turned, an even count of at least two.

    >>> rotated_width(64, 0.25)
    16
    """
    what = "attention.rotary.fraction"
    turned = finite(fraction, what) * width
    if not 0 < fraction <= 1:
        raise UserError(f"{what}: got {shorten(fraction)}, expected a number above 0, at most 1")
    if abs(turned - round(turned)) > 1e-9 * width or round(turned) % 2 or round(turned) == 0:
        raise UserError(
            f"{what}: got {shorten(fraction)} of the key width D = {width}, which is {turned:g} "
            "entries, expected an even count of them, as they turn in pairs"
        )
    return round(turned)
