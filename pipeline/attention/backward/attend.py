"""The gradients of attend: its own arguments in, ∂L/∂ each of its inputs out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pipeline.attention.assemble import assemble
from pipeline.attention.backward.inputs import qk_norm_gradient, rotation_gradient
from pipeline.attention.backward.softmax import softmax_gradients, sum_to_shape
from pipeline.attention.checks import (
    as_floats,
    check_finite,
    check_shapes,
    leading_axes,
    to_common_dtype,
)
from pipeline.attention.score.qk_norm import QK_NORMS
from pipeline.attention.score.rotary import rotate
from pipeline.base.errors import UserError, shorten
from pipeline.base.records import Array, Gradients
from pipeline.base.registry import lookup


def attend_gradients(
    query: npt.ArrayLike,
    key: npt.ArrayLike,
    value: npt.ArrayLike,
    upstream: npt.ArrayLike,
    *,
    scale: str | float = "sqrt_dk",
    temperature: float = 1.0,
    softcap: float | None = None,
    bias: object = None,
    mask: object = None,
    normalizer: object = "softmax",
    log_n_factor: float = 1.0,
    qk_norm: str = "none",
    qk_norm_gain: npt.ArrayLike = 1.0,
    rotation: object = "none",
) -> Gradients:
    """∂L/∂(query, key, value, bias, logits, temperature) of L = Σ upstream ∘ output, where

        output = attend(turn(norm(query)), turn(norm(key)), value, scale=…, temperature=…, …).output

    In closed form, exact to rounding: back through mix, softmax, mask, bias, cap, temperature and
    scale (the formulas are those of `softmax_gradients`), rotation and norm (`rotary_gradient`,
    `qk_norm_gradient`). All of [..., N, M] is held at once.

    Shapes: query [..., N, D], key [..., M, D], value [..., M, E] as `attend` takes them, upstream
    [..., N, E] as the output. Each of ∂query, ∂key and ∂value has the shape of its input, summed
    over the heads that share one; ∂bias and ∂logits are [..., N, M], one number an entry, 0 where
    masked: sum ∂bias over the axes that your bias broadcasts along.

    - `scale`, `temperature`, `softcap`, `bias`, `mask` and `log_n_factor` are those of `attend`.
    - `qk_norm` is a name of QK_NORMS and `qk_norm_gain` a number or one each, [D].
    - `rotation` is a name of ROTATIONS, or {name: {setting: value}}.
    - `normalizer` can only be the softmax, whose gradient this is.

    float16 is computed in float32; float32 and float64 keep their type. Raises `UserError` on what
    `attend` refuses, and on gradients that overflow.

    >>> query, key, value = [[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[1.0], [0.0]]
    >>> found = attend_gradients(query, key, value, [[1.0]], scale=2.0)
    >>> found.value.round(4).tolist(), found.logits.round(4).tolist()
    ([[0.8808], [0.1192]], [[0.105, -0.105]])
    >>> found.query.round(4).tolist(), round(found.temperature, 4)
    ([[0.21, -0.21]], -0.21)
    """
    check_normalizer(normalizer)
    given = {"query": query, "key": key, "value": value, "upstream": upstream}
    arrays = {name: as_floats(array, name) for name, array in given.items()}
    for name, array in arrays.items():
        check_finite(array, name)
    query, key, value, upstream = to_common_dtype(*arrays.values())
    check_shapes(query, key, value)
    gain = as_gain(qk_norm_gain, query)
    norm = lookup(QK_NORMS, qk_norm, "attention.qk_norm")
    turned_query, turned_key = (rotate(norm(vectors, gain), rotation) for vectors in (query, key))
    shape = (
        *leading_axes(turned_query, turned_key, value),
        query.shape[-2],
        key.shape[-2],
    )
    chain = assemble(
        turned_query,
        turned_key,
        shape,
        scale=scale,
        temperature=temperature,
        softcap=softcap,
        bias=bias,
        mask=mask,
        normalizer=normalizer,
        log_n_factor=log_n_factor,
    )
    found = softmax_gradients(
        turned_query,
        turned_key,
        value,
        upstream,
        multiplier=chain.multiplier,
        temperature=float(temperature),
        softcap=chain.softcap,
        bias=None if chain.bias is None else chain.bias.block(None, 0, shape[-2], 0, shape[-1]),
        allowed=chain.mask.full(*shape[-2:]),
    )

    def back(vectors: Array, gradient: Array) -> Array:
        unturned = sum_to_shape(rotation_gradient(gradient, rotation), vectors.shape)
        return qk_norm_gradient(vectors, unturned, qk_norm, gain)

    return Gradients(
        query=back(query, found.query),
        key=back(key, found.key),
        value=found.value,
        bias=found.bias,
        logits=found.logits,
        temperature=found.temperature,
    )


def check_normalizer(normalizer: object) -> None:
    """The softmax is the one normalizer whose gradient this is."""
    spelled = normalizer if isinstance(normalizer, str | Mapping) else None
    if spelled not in ("softmax", {"softmax": {}}, {"softmax": None}):
        raise UserError(
            f"attention.normalizer: got {shorten(normalizer)}, expected softmax, the only one "
            "whose gradients there are"
        )


def as_gain(gain: npt.ArrayLike, query: Array) -> Array:
    """The norm's gain, finite, a number or [D], in the type of the query."""
    expected = f"expected a finite number or one for each entry, [D] = ({query.shape[-1]},)"
    try:
        given = np.asarray(gain)
    except ValueError:
        raise UserError(f"attention.qk_norm_gain: got {shorten(gain)}, {expected}") from None
    if given.dtype.kind not in "fiu" or given.shape not in ((), query.shape[-1:]):
        raise UserError(
            f"attention.qk_norm_gain: got {given.dtype} of shape {given.shape}, {expected}"
        )
    with np.errstate(over="ignore"):  # refused below
        kept: Array = given.astype(query.dtype)
    if not np.isfinite(kept).all():
        raise UserError(f"attention.qk_norm_gain: got {shorten(gain)}, {expected}")
    return kept
