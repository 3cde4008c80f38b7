"""Attend: the chain score → scale → temperature → mask → normalize → mix, and its one gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.attention.mask import MASKS
from pipeline.attention.normalize import NORMALIZERS
from pipeline.attention.scale import factor
from pipeline.choose import choose
from pipeline.faults import Fault, shorten
from pipeline.records import Array, Attended, Mask


def attend(
    query: npt.ArrayLike,
    key: npt.ArrayLike,
    value: npt.ArrayLike,
    *,
    scale: str | float = "sqrt_dk",
    temperature: float = 1.0,
    mask: str | npt.ArrayLike | None = None,
    normalizer: str = "softmax",
) -> Attended:
    """Attention(Q, K, V) = normalize(c·QKᵀ/T)·V, with c = 1/√d_k by default.

    Vaswani et al. 2017, "Attention Is All You Need", eq. 1.

    Shapes: query [..., N, D], key [..., M, D], value [..., M, E] give weights [..., N, M] and
    output [..., N, E]. Leading axes broadcast; key and value may have fewer heads (the axis
    before the last two) than query where the count divides (grouped-query attention).

    `scale` is a name (sqrt_dk, none) or a number that multiplies QKᵀ; `temperature` > 0 divides
    the scores; `mask` is a name (none, causal) or booleans broadcastable to [..., N, M], True
    where the key takes part; a query with no key left gets zero weights and a zero output.
    Masking a key is the same as deleting it.

    Raises `Fault` (a ValueError) on shapes that do not fit, on anything not finite, and on an
    unknown name. float16 is computed in float32; float32 and float64 keep their type.

    >>> embeddings = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    >>> attend(embeddings, embeddings, embeddings).weights.round(4).tolist()
    [[0.6225, 0.3775], [0.3775, 0.6225]]
    """
    query, key, value = (real(a, n) for a, n in ((query, "query"), (key, "key"), (value, "value")))
    check_shapes(query, key, value)
    if isinstance(temperature, bool) or not 0.0 < temperature < np.inf:
        raise Fault(
            f"attention.temperature: got {shorten(temperature)}, expected a finite number > 0"
        )
    normalize = choose(NORMALIZERS, normalizer, "attention.normalizer")
    multiplier = factor(scale, query.shape[-1])
    if isinstance(scale, bool) or not np.isfinite(multiplier):
        raise Fault(f"attention.scale: got {shorten(scale)}, expected a name or a finite number")

    given = f"query {query.shape}, key {key.shape}, value {value.shape}"
    key, value = share_heads(key, query), share_heads(value, query)
    check_leading(query, key, value, given)
    logits = score(query, key, multiplier, temperature)
    allowed = as_mask(mask, logits.shape)
    weights = normalize(np.where(allowed, logits, -np.inf))
    return Attended(weights, weights @ value, allowed)


def score(query: Array, key: Array, multiplier: float, temperature: float) -> Array:
    """c·QKᵀ/T, [..., N, D] and [..., M, D] → [..., N, M].

    >>> score(np.array([[2.0]]), np.array([[3.0]]), 0.5, 1.0).tolist()
    [[3.0]]
    """
    with np.errstate(all="ignore"):  # reported below, with its cause
        logits = query @ key.swapaxes(-1, -2)
        logits *= logits.dtype.type(multiplier)
        logits /= logits.dtype.type(temperature)
    if not np.isfinite(logits).all():
        raise Fault(
            f"attention.temperature: scores overflow {logits.dtype} at scale {multiplier:g} and "
            f"temperature {temperature:g}; expected scores that a {logits.dtype} can hold"
        )
    return logits


def real(array: npt.ArrayLike, name: str) -> Array:
    """`array` as floating point of at least single precision, finite, with two axes or more."""
    given = np.asarray(array)
    if given.dtype.kind not in "fiu" or given.ndim < 2:
        raise Fault(
            f"{name}: got {given.dtype} of shape {given.shape}, expected real numbers [..., N, D]"
        )
    kept = given.dtype if given.dtype in (np.float32, np.float64) else np.float64
    floats: npt.NDArray[Any] = given.astype(
        np.float32 if given.dtype == np.float16 else kept, copy=False
    )
    if not np.isfinite(floats).all():
        raise Fault(f"{name}: holds NaN or infinity, expected finite numbers")
    return floats


def check_shapes(query: Array, key: Array, value: Array) -> None:
    """query [..., N, D], key [..., M, D] and value [..., M, E] must agree on D, M and heads."""
    shapes = f"query {query.shape}, key {key.shape}, value {value.shape}"
    if 0 in query.shape + key.shape + value.shape:
        raise Fault(f"attend: an axis of length 0 in {shapes}; expected at least one of each")
    if query.shape[-1] != key.shape[-1]:
        raise Fault(
            f"attend: the key width D differs, query has {query.shape[-1]} and key "
            f"{key.shape[-1]}; expected query [..., N, D] and key [..., M, D], got {shapes}"
        )
    if key.shape[-2] != value.shape[-2]:
        raise Fault(
            f"attend: the number of keys M differs, key has {key.shape[-2]} and value "
            f"{value.shape[-2]}; expected key [..., M, D] and value [..., M, E], got {shapes}"
        )
    for name, array in (("key", key), ("value", value)):
        heads, given = (a.shape[-3] if a.ndim > 2 else 1 for a in (query, array))
        if heads % given and given != 1 and heads != 1:
            raise Fault(
                f"attend: {heads} query heads H are no multiple of {given} {name} heads; "
                f"expected a count that divides, got {shapes}"
            )


def check_leading(query: Array, key: Array, value: Array, given: str) -> None:
    """The axes before the last two must broadcast, heads shared; `given` is what came."""
    try:
        np.broadcast_shapes(*(array.shape[:-2] for array in (query, key, value)))
    except ValueError:
        raise Fault(
            f"attend: leading axes do not broadcast, got {given}; "
            "expected axes of equal length or 1"
        ) from None


def share_heads(array: Array, query: Array) -> Array:
    """Each head of a key or value repeated for the group of query heads that shares it.

    >>> share_heads(np.zeros((2, 5, 4)), np.zeros((6, 5, 4))).shape
    (6, 5, 4)
    """
    if array.ndim < 3 or query.ndim < 3 or array.shape[-3] in (1, query.shape[-3]):
        return array
    if query.shape[-3] == 1:
        return array
    return array.repeat(query.shape[-3] // array.shape[-3], axis=-3)


def as_mask(mask: str | npt.ArrayLike | None, shape: tuple[int, ...]) -> Mask:
    """The mask by name, or as booleans that broadcast to the scores' shape."""
    if mask is None or isinstance(mask, str):
        return choose(MASKS, mask or "none", "attention.mask")(*shape[-2:])
    given = np.asarray(mask)
    if given.dtype != np.bool_:
        raise Fault(f"mask: got {given.dtype}, expected booleans, True where the key takes part")
    try:
        fits = np.broadcast_shapes(given.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise Fault(f"mask: got shape {given.shape}, expected one that broadcasts to {shape}")
    return given
