"""The definition of attention in plain NumPy: read this first, and hold `attend` against it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.attention.normalizers import Normalizer
from pipeline.attention.normalizers.softmax import softmax
from pipeline.base.records import Array


def reference_attention(
    query: npt.ArrayLike,
    key: npt.ArrayLike,
    value: npt.ArrayLike,
    *,
    scale: npt.ArrayLike | None = None,
    temperature: npt.ArrayLike = 1.0,
    softcap: float | None = None,
    bias: npt.ArrayLike = 0.0,
    mask: npt.ArrayLike = True,
    normalizer: Normalizer | None = None,
) -> tuple[Array, Array]:
    """weights = normalize(mask(cap(c·QKᵀ/T) + bias)) and output = weights·V, in float64.

    The same as `attend`, without names, checks, blocks or threads: the N × M matrix is explicit.

    Shapes: query [..., H, N, D], key [..., G, M, D], value [..., G, M, E] with G a divisor of H
    (grouped-query) give weights [..., H, N, M] and output [..., H, N, E]. `scale` is the number c
    (1/√d_k by default), `temperature` T > 0 and `softcap` the c of c·tanh(z/c); numbers, or arrays
    that broadcast to [..., H, N, M], as are `bias` and `mask` (True where the key takes part).
    Vaswani et al. 2017, "Attention Is All You Need", eq. 1.

    >>> weights, output = reference_attention([[[1.0]]], [[[0.0], [1.0]]], [[[1.0], [3.0]]])
    >>> weights.round(4).tolist(), output.round(4).tolist()
    ([[[0.2689, 0.7311]]], [[[2.4621]]])
    """
    normalizer = softmax() if normalizer is None else normalizer
    query, key, value = (np.asarray(array, np.float64) for array in (query, key, value))
    heads = query.shape[-3]
    key, value = (np.repeat(array, heads // array.shape[-3], axis=-3) for array in (key, value))
    factor = np.divide(1 / np.sqrt(query.shape[-1]) if scale is None else scale, temperature)
    if normalizer.features is not None:  # a kernel: φ(q)·φ(k) in place of exp(q·k)
        query, key = normalizer.features(query * np.sqrt(factor), key * np.sqrt(factor))
        logits = np.where(mask, query @ key.swapaxes(-1, -2), 0.0)
    else:
        logits = factor * (query @ key.swapaxes(-1, -2))
        if softcap is not None:
            logits = softcap * np.tanh(logits / softcap)
        logits = np.where(mask, np.add(logits, bias), -np.inf)
    weights = normalizer.apply(logits, None)
    return weights, weights @ value
