"""The gradients of attend: its own arguments in, ∂L/∂ each of its inputs out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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
from pipeline.attention.score.temperature import as_temperature
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
    temperature: npt.ArrayLike = 1.0,
    softcap: float | None = None,
    bias: object = None,
    mask: object = None,
    normalizer: object = "softmax",
    log_n_factor: float = 1.0,
    tokens: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    qk_norm: str = "none",
    qk_norm_gain: npt.ArrayLike = 1.0,
    rotation: object = "none",
) -> Gradients:
    """∂L/∂(query, key, value, bias, logits, temperature) of L = Σ upstream ∘ output, where

        output = attend(rotate(norm(query)), rotate(norm(key)), value, scale=…, …).output

    In closed form, exact to rounding: back through mix, softmax, mask, bias, cap, temperature and
    scale (formulas in `softmax_gradients`), rotation (`rotary_gradient`) and norm
    (`qk_norm_gradient`). The N × M matrices are explicit. A mask is constant, also one that reads
    query and key.

    Shapes: query [..., N, D], key [..., M, D], value [..., M, E] as `attend` takes them, upstream
    [..., N, E] as the output. Each of ∂query, ∂key and ∂value has the shape of its input, summed
    over the heads that share one; ∂bias and ∂logits are [..., N, M], 0 where masked: sum ∂bias over
    the axes that your bias broadcasts along. ∂temperature is a number, or [H] for one per head.

    - `scale`, `temperature`, `softcap`, `bias`, `mask`, `log_n_factor` and `tokens` as in `attend`.
    - `qk_norm` is a name of QK_NORMS and `qk_norm_gain` a number or one per entry, [D].
    - `rotation` is a name of ROTATIONS, or {name: {setting: value}}.
    - `normalizer` can only be softmax.

    float16 is computed in float32; float32 and float64 keep their type. Raises `UserError` on what
    `attend` refuses, and on gradients that overflow.

    >>> query, key, value = [[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[1.0], [0.0]]
    >>> gradients = attend_gradients(query, key, value, [[1.0]], scale=2.0)
    >>> gradients.value.round(4).tolist(), gradients.logits.round(4).tolist()
    ([[0.8808], [0.1192]], [[0.105, -0.105]])
    >>> gradients.query.round(4).tolist(), round(gradients.temperature, 4)
    ([[0.21, -0.21]], -0.21)
    """
    check_normalizer(normalizer)
    inputs = {"query": query, "key": key, "value": value, "upstream": upstream}
    arrays = {name: as_floats(array, name) for name, array in inputs.items()}
    for name, array in arrays.items():
        check_finite(array, name)
    query, key, value, upstream = to_common_dtype(*arrays.values())
    check_shapes(query, key, value)
    gain = as_gain(qk_norm_gain, query)
    norm = lookup(QK_NORMS, qk_norm, "attention.qk_norm")
    rotated_query, rotated_key = (rotate(norm(vectors, gain), rotation) for vectors in (query, key))
    shape = (
        *leading_axes(rotated_query, rotated_key, value),
        query.shape[-2],
        key.shape[-2],
    )
    chain = assemble(
        rotated_query,
        rotated_key,
        shape,
        scale=scale,
        temperature=temperature,
        softcap=softcap,
        bias=bias,
        mask=mask,
        normalizer=normalizer,
        log_n_factor=log_n_factor,
        tokens=tokens,
    )
    gradients = softmax_gradients(
        rotated_query,
        rotated_key,
        value,
        upstream,
        multiplier=chain.multiplier,
        temperature=as_temperature(temperature, shape[:-2]),
        softcap=chain.softcap,
        bias=None if chain.bias is None else chain.bias.block(None, 0, shape[-2], 0, shape[-1]),
        allowed=chain.mask.full(*shape[-2:]),
    )

    def back(vectors: Array, gradient: Array) -> Array:
        before_rotation = sum_to_shape(rotation_gradient(gradient, rotation), vectors.shape)
        return qk_norm_gradient(vectors, before_rotation, qk_norm, gain)

    return replace(gradients, query=back(query, gradients.query), key=back(key, gradients.key))


def check_normalizer(normalizer: object) -> None:
    """Raise a `UserError` for a normalizer other than softmax."""
    spec = normalizer if isinstance(normalizer, str | Mapping) else None
    if spec not in ("softmax", {"softmax": {}}, {"softmax": None}):
        raise UserError(
            f"attention.normalizer: got {shorten(normalizer)}, expected softmax, the only one "
            "that has gradients"
        )


def as_gain(gain: npt.ArrayLike, query: Array) -> Array:
    """The norm's gain, finite, a number or [D], in the type of the query."""
    expected = f"expected a finite number or one for each entry, [D] = ({query.shape[-1]},)"
    try:
        raw = np.asarray(gain)
    except ValueError:
        raise UserError(f"attention.qk_norm_gain: got {shorten(gain)}, {expected}") from None
    if raw.dtype.kind not in "fiu" or raw.shape not in ((), query.shape[-1:]):
        raise UserError(f"attention.qk_norm_gain: got {raw.dtype} of shape {raw.shape}, {expected}")
    with np.errstate(over="ignore"):  # refused below
        rounded: Array = raw.astype(query.dtype)
    if not np.isfinite(rounded).all():
        raise UserError(f"attention.qk_norm_gain: got {shorten(gain)}, {expected}")
    return rounded
