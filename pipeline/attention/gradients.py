"""Gradients: the derivative of attention in closed form, back through every stage to Q, K and V.

upstream G = ∂L/∂output of any scalar L comes in, ∂L/∂(query, key, value, bias, logits) goes out:
the backward pass of `attend` with a softmax, all of [..., N, M] held at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.attention.arrays import check_shapes, leading_axes, to_every_head
from pipeline.attention.normalizers.softmax import softmax
from pipeline.faults import Fault
from pipeline.records import Array, Mask


@dataclass(frozen=True, eq=False)
class Gradients:
    """∂L/∂ each input of attention, L = Σ upstream·output."""

    query: Array  # [..., N, D], the shape of query
    key: Array  # [..., M, D], the shape of key: summed over the query heads that share one
    value: Array  # [..., M, E], the shape of value: summed likewise
    bias: Array  # [..., N, M], of what is added after the cap; 0 where masked
    logits: Array  # [..., N, M], of z = multiplier·QKᵀ before the cap; 0 where masked


def softmax_gradients(
    query: Array,
    key: Array,
    value: Array,
    upstream: Array,
    *,
    multiplier: float | Array,
    softcap: float | None = None,
    bias: Array | None = None,
    allowed: Mask | None = None,
) -> Gradients:
    """The gradients of L = Σ G·output for G = upstream, where

        z = multiplier·QKᵀ,   u = c·tanh(z/c) + bias,   P = softmax(u, −inf where masked),   O = PV.

    With ∘ entry by entry and Σ_j over the keys of a row:

        ∂V = Pᵀ·G,   ∂P = G·Vᵀ,   ∂u = P ∘ (∂P − Σ_j P ∘ ∂P)   (the Jacobian diag(p) − ppᵀ),
        ∂z = ∂u ∘ (1 − tanh²(z/c)),   ∂Q = (multiplier ∘ ∂z)·K,   ∂K = (multiplier ∘ ∂z)ᵀ·Q.

    Shapes: query [..., N, D], key [..., M, D], value [..., M, E], upstream [..., N, E] as the
    output; multiplier, with 1/temperature in it, is a number or [..., N, 1]; bias and allowed
    (True where the key takes part) broadcast to [..., N, M]. Leading axes broadcast, key and value
    may have fewer heads where the count divides, and each gradient is summed back to the shape of
    its input. Rows of ∂u sum to 0; a fully masked row gives zeros and adds nothing to K and V.

    Raises `Fault` on shapes that do not fit. Bridle 1990; Vaswani et al. 2017, eq. 1; the row form
    of ∂u is Dao et al. 2022, "FlashAttention", appendix B.2.

    >>> eye = np.eye(2)
    >>> found = softmax_gradients(eye, eye, eye, eye, multiplier=0.0)
    >>> found.value.tolist(), found.logits.tolist()
    ([[0.5, 0.5], [0.5, 0.5]], [[0.25, -0.25], [-0.25, 0.25]])
    """
    check_shapes(query, key, value)
    leading = leading_axes(query, key, value)
    keys, values = (to_every_head(array, leading) for array in (key, value))
    multiplier = np.asarray(multiplier, query.dtype)
    logits = multiplier * (query @ keys.swapaxes(-1, -2))
    capped, slope = cap(logits, softcap)
    weights = weigh(capped, bias, allowed)
    check_upstream(upstream, weights, values)

    to_weights = folded(upstream @ values.swapaxes(-1, -2), weights.shape)
    to_bias = weights * (to_weights - np.sum(weights * to_weights, axis=-1, keepdims=True))
    to_logits = to_bias * slope
    to_scores = multiplier * to_logits
    return Gradients(
        query=folded(to_scores @ keys, query.shape),
        key=folded(to_scores.swapaxes(-1, -2) @ query, key.shape),
        value=folded(weights.swapaxes(-1, -2) @ upstream, value.shape),
        bias=to_bias,
        logits=to_logits,
    )


def temperature_gradient(gradients: Gradients, query: Array, temperature: float) -> float:
    """∂L/∂T = −(1/T)·Σ ∂L/∂Q ∘ Q, as Q and T enter attention as Q/T alone.

    `gradients` are those of `softmax_gradients` with 1/T in its multiplier, at the same query.

    >>> query, key, value = np.ones((1, 1)), np.array([[1.0], [0.0]]), np.array([[1.0], [0.0]])
    >>> found = softmax_gradients(query, key, value, np.ones((1, 1)), multiplier=1 / 2.0)
    >>> round(temperature_gradient(found, query, 2.0), 6)  # −(z/T)·p(1 − p), z = 1/2
    -0.058751
    """
    return -float(np.sum(gradients.query * query)) / temperature


def cap(logits: Array, softcap: float | None) -> tuple[Array, Array | float]:
    """c·tanh(z/c), and its slope 1 − tanh²(z/c); z itself and 1 where there is no cap."""
    if softcap is None:
        return logits, 1.0
    bound = logits.dtype.type(softcap)
    with np.errstate(over="ignore"):  # beyond any number, tanh is 1
        squashed = np.tanh(logits / bound)
    return squashed * bound, (1.0 - squashed) * (1.0 + squashed)


def weigh(capped: Array, bias: Array | None, allowed: Mask | None) -> Array:
    """The softmax of the biased and masked logits, [..., N, M]; zeros in a fully masked row."""
    biased = capped if bias is None else capped + np.asarray(bias, capped.dtype)
    masked = np.where(True if allowed is None else allowed, biased, -np.inf)
    return softmax().apply(masked, None)


def folded(gradient: Array, shape: tuple[int, ...]) -> Array:
    """`gradient` summed to `shape`: over the heads of each group, and where `shape` was broadcast.

    >>> folded(np.ones((5, 6, 3, 2)), (2, 3, 1)).tolist()
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
        raise Fault(
            f"softmax_gradients: got upstream {upstream.shape}, expected the shape of the output "
            f"[..., N, E], {output}"
        )
