"""Soft-cap: logits squeezed into a bounded range."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array


def softcap(logits: Array, cap: float | None) -> Array:
    """z ← c·tanh(z/c), in place, any shape: |z| ≤ c, the order stays, z changes little if |z| ≪ c.

    Gemma Team 2024, "Gemma 2", §2 (c = 50); None leaves the logits as they are. The mask comes
    *after*: c·tanh(−∞/c) = −c, so a key masked before would get weight again; a large negative
    number in place of −∞ would not help.

    >>> softcap(np.array([0.1, 5.0, 1e4]), 5.0).round(4).tolist()
    [0.1, 3.808, 5.0]
    """
    if cap is None:
        return logits
    bound = logits.dtype.type(cap)
    with np.errstate(over="ignore"):  # tanh(∞) = 1
        np.divide(logits, bound, out=logits)
    np.tanh(logits, out=logits)
    return np.multiply(logits, bound, out=logits)
