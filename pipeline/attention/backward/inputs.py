"""Gradients of the stages before the score: the rotation and the norm of queries and keys."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pipeline.attention.score.qk_norm import scaled_by_max, scaled_eps
from pipeline.attention.score.rotary import rotary
from pipeline.base.records import Array
from pipeline.base.registry import lookup
from pipeline.base.specs import build


def rotary_gradient(
    upstream: Array,
    positions: npt.ArrayLike | None = None,
    *,
    base: float = 10000.0,
    fraction: float = 1.0,
    interleaved: bool = False,
) -> Array:
    """∂L/∂vectors of `rotary` from ∂L/∂output, [..., N, D] → the same: the rotation undone.

    A rotation is orthogonal, so its transpose is the rotation by the opposite angle. Where
    `positions` broadcast the vectors to more leading axes, the gradient has those axes too.

    >>> rotary_gradient(np.array([[1.0, 0.0], [0.5403, 0.8415]])).round(3).tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    indices = np.arange(upstream.shape[-2]) if positions is None else np.asarray(positions)
    return rotary(upstream, -indices, base=base, fraction=fraction, interleaved=interleaved)


def qk_norm_gradient(
    vectors: Array,
    upstream: Array,
    kind: str,
    gain: npt.ArrayLike = 1.0,
    eps: float | None = None,
) -> Array:
    """∂L/∂vectors of the QK-norm called `kind` from ∂L/∂output, [..., N, D] → the same.

    With G the upstream, the norm's `gain` and `eps` (its default where None) and ĝ = gain ∘ G:

        l2:   y = gain ∘ x/s, s = max(‖x‖₂, ε):     ĝ/s − x·(x·ĝ)/s³,   and ĝ/s where ‖x‖₂ ≤ ε
        rms:  y = gain ∘ x/s, s = √(mean x² + ε):   ĝ/s − x·(x·ĝ)/(D·s³)

    Orthogonal to x where ε is negligible, as y does not depend on the length of x. A zero vector
    gets ĝ/s too, and 0 where s = 0.

    >>> qk_norm_gradient(np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]]), "l2").round(6).tolist()
    [[0.128, -0.096]]
    """
    gradient = lookup(QK_NORM_GRADIENTS, kind, "attention.qk_norm")
    settings = {} if eps is None else {"eps": eps}
    return gradient(vectors, upstream, np.asarray(gain, vectors.dtype), **settings)


def none_gradient(vectors: Array, upstream: Array, gain: Array, eps: float = 0.0) -> Array:
    """∂L/∂x of x itself, which has no gain."""
    return upstream


def l2_gradient(vectors: Array, upstream: Array, gain: Array, eps: float = 1e-12) -> Array:
    """∂L/∂x of gain ∘ x/max(‖x‖₂, ε)."""
    gained = upstream * gain
    unit, length = scaled_by_max(vectors)
    size = np.sqrt(np.square(unit).sum(axis=-1, keepdims=True))
    floor = scaled_eps(eps, length)
    return norm_backward(
        unit, length, np.maximum(size, floor), np.where(size > floor, gained, 0.0), gained
    )


def rms_gradient(vectors: Array, upstream: Array, gain: Array, eps: float = 1e-6) -> Array:
    """∂L/∂x of gain ∘ x/√(mean x² + ε)."""
    gained = upstream * gain
    unit, length = scaled_by_max(vectors)
    size = np.sqrt(np.square(unit).mean(axis=-1, keepdims=True))
    size = np.hypot(size, scaled_eps(np.sqrt(eps), length))
    return norm_backward(unit, length, size, gained / vectors.shape[-1], gained)


def norm_backward(unit: Array, length: Array, size: Array, along: Array, gained: Array) -> Array:
    """(ĝ/s − x·(x·along)/s³) for x = unit·length and s = size·length; 0 where s is 0."""
    nonzero = np.where(size > 0, size, size.dtype.type(1))
    direction = unit / nonzero
    radial = direction * np.sum(direction * along, axis=-1, keepdims=True)
    gradient = (gained - radial) / nonzero / length
    return np.where(size > 0, gradient, gradient.dtype.type(0))


def no_rotation_gradient(upstream: Array) -> Array:
    """∂L/∂vectors where nothing is rotated."""
    return upstream


QK_NORM_GRADIENTS: dict[str, Callable[..., Array]] = {
    "none": none_gradient,
    "l2": l2_gradient,
    "rms": rms_gradient,
}
ROTATION_GRADIENTS: dict[str, Callable[..., Array]] = {
    "none": no_rotation_gradient,
    "rotary": rotary_gradient,
}


def rotation_gradient(upstream: Array, spec: object, what: str = "attention.rotation") -> Array:
    """∂L/∂vectors of `rotate` with the same spec from ∂L/∂output, [..., N, D] → the same.

    >>> rotation_gradient(np.array([[1.0, 0.0], [1.0, 0.0]]), "none").tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    return build(ROTATION_GRADIENTS, spec, what, upstream)
