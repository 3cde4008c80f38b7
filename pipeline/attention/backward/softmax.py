"""The gradients of softmax attention in closed form, back to Q, K and V.

Upstream G = ∂L/∂output of any scalar L comes in, ∂L/∂ each input goes out; the N × M matrices are
explicit. `attend_gradients` is the public function, whose arguments may be names.
"""

from __future__ import annotations

import numpy as np

from pipeline.attention.checks import check_no_overflow, check_shapes, leading_axes, to_every_head
from pipeline.attention.normalizers.softmax import softmax
from pipeline.base.errors import UserError
from pipeline.base.records import Array, Gradients, Mask


def softmax_gradients(
    query: Array,
    key: Array,
    value: Array,
    upstream: Array,
    *,
    multiplier: float | Array,
    temperature: float | Array = 1.0,
    softcap: float | None = None,
    bias: Array | None = None,
    allowed: Mask | None = None,
) -> Gradients:
    """The gradients of L = Σ G·output for G = upstream, where

        z = multiplier·QKᵀ,   u = c·tanh(z/c) + bias,   P = softmax(u, −inf where masked),   O = PV.

    With ∘ entry by entry and Σ_j over the keys of a row:

        ∂V = Pᵀ·G,   ∂P = G·Vᵀ,   ∂u = P ∘ (∂P − Σ_j P ∘ ∂P)   (the Jacobian diag(p) − ppᵀ),
        ∂z = ∂u ∘ (1 − tanh²(z/c)),   ∂Q = (multiplier ∘ ∂z)·K,   ∂K = (multiplier ∘ ∂z)ᵀ·Q,
        ∂T = −Σ ∂z ∘ z / T,   as the multiplier is c/T; summed per head where T is [H].

    Shapes: query [..., N, D], key [..., M, D], value [..., M, E], upstream [..., N, E] as the
    output; multiplier is a number or [..., 1 or N, 1]; bias and allowed (True where the key takes
    part) broadcast to [..., N, M]. Leading axes broadcast, key and value may have fewer heads where
    the count divides, and each gradient is summed back to the shape of its input. Rows of ∂u sum
    to 0; a fully masked row gives zeros and adds nothing to K and V.

    Raises `UserError` on shapes that do not fit, and where scores or gradients overflow.
    Bridle 1990; Vaswani et al. 2017, eq. 1; the row form of ∂u is Dao et al. 2022,
    "FlashAttention", appendix B.2.

    >>> eye = np.eye(2)
    >>> gradients = softmax_gradients(eye, eye, eye, eye, multiplier=0.0)
    >>> gradients.value.tolist(), gradients.logits.tolist()
    ([[0.5, 0.5], [0.5, 0.5]], [[0.25, -0.25], [-0.25, 0.25]])
    """
    check_shapes(query, key, value)
    leading = leading_axes(query, key, value)
    keys, values = (to_every_head(array, leading) for array in (key, value))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):  # refused below
        multiplier = np.asarray(multiplier, query.dtype)
        logits = multiplier * (query @ keys.swapaxes(-1, -2))
        check_no_overflow("attention.temperature: scores", "a scale and a temperature", logits)
        capped, slope = softcap_with_slope(logits, softcap)
        weights = masked_softmax(capped, bias, allowed)
        check_upstream(upstream, weights, values)

        to_weights = sum_to_shape(upstream @ values.swapaxes(-1, -2), weights.shape)
        to_bias = weights * (to_weights - np.sum(weights * to_weights, axis=-1, keepdims=True))
        to_logits = to_bias * slope
        to_scores = multiplier * to_logits
        gradients = Gradients(
            query=sum_to_shape(to_scores @ keys, query.shape),
            key=sum_to_shape(to_scores.swapaxes(-1, -2) @ query, key.shape),
            value=sum_to_shape(weights.swapaxes(-1, -2) @ upstream, value.shape),
            bias=to_bias,
            logits=to_logits,
            temperature=temperature_gradient(to_logits, logits, temperature),
        )
    check_no_overflow(
        "upstream: gradients",
        "upstream and inputs",
        *(gradients.query, gradients.key, gradients.value, gradients.bias),
        np.asarray(gradients.temperature),
    )
    return gradients


def temperature_gradient(
    to_logits: Array, logits: Array, temperature: float | Array
) -> float | Array:
    """∂L/∂T = −Σ ∂z ∘ z / T, a number, or [H] where T is.

    >>> temperature_gradient(np.array([[0.5, -0.5]]), np.array([[3.0, 1.0]]), 2.0)
    -0.5
    """
    products = np.multiply(to_logits, logits, dtype=np.float64)
    if not isinstance(temperature, np.ndarray):
        return -float(np.sum(products)) / temperature
    heads = products.ndim - 3
    others = tuple(axis for axis in range(products.ndim) if axis != heads)
    summed: Array = -products.sum(axis=others) / temperature
    return summed


def softcap_with_slope(logits: Array, softcap: float | None) -> tuple[Array, Array | float]:
    """c·tanh(z/c), and its slope 1 − tanh²(z/c); z itself and 1 where there is no cap."""
    if softcap is None:
        return logits, 1.0
    bound = logits.dtype.type(softcap)
    squashed = np.tanh(logits / bound)
    return squashed * bound, (1.0 - squashed) * (1.0 + squashed)


def masked_softmax(capped: Array, bias: Array | None, allowed: Mask | None) -> Array:
    """The softmax of the biased and masked logits, [..., N, M]; zeros in a fully masked row."""
    biased = capped if bias is None else capped + np.asarray(bias, capped.dtype)
    check_no_overflow("attention.bias: scores and bias", "numbers", biased)
    masked = np.where(True if allowed is None else allowed, biased, -np.inf)
    return softmax().apply(masked, None)


def sum_to_shape(gradient: Array, shape: tuple[int, ...]) -> Array:
    """`gradient` summed to `shape`: over the heads of each group, and where `shape` was broadcast.

    >>> sum_to_shape(np.ones((5, 6, 3, 2)), (2, 3, 1)).tolist()
    [[[30.0], [30.0], [30.0]], [[30.0], [30.0], [30.0]]]
    """
    if len(shape) > 2 and shape[-3] not in (1, gradient.shape[-3]):
        *batch, heads, rows, columns = gradient.shape
        grouped = gradient.reshape(*batch, shape[-3], heads // shape[-3], rows, columns)
        gradient = grouped.sum(axis=-3)
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    once = tuple(axis for axis, size in enumerate(shape) if size < gradient.shape[axis])
    return gradient.sum(axis=once, keepdims=True)


def check_upstream(upstream: Array, weights: Array, values: Array) -> None:
    """upstream must have the shape of the output, [..., N, E]."""
    leading = np.broadcast_shapes(weights.shape[:-2], values.shape[:-2])
    output = (*leading, weights.shape[-2], values.shape[-1])
    if upstream.shape != output:
        raise UserError(
            f"upstream: got shape {upstream.shape}, expected that of the output, "
            f"[..., N, E] = {output}"
        )
