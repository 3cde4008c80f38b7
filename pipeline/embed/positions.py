"""Additive positions: one vector per position, added to the token's embedding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.base.records import Array


def none(length: int, width: int) -> Array:
    """Zeros, [N, D]: attention then sees a bag of words."""
    return np.zeros((length, width))


def sinusoidal(length: int, width: int) -> Array:
    """sin(p·ω_k) and cos(p·ω_k) in turn, ω_k = 10000^(−2k/D), [N, D]; Vaswani et al. 2017, §3.5.

    An odd width ends with a sine.

    >>> sinusoidal(2, 4)[1].round(4).tolist()
    [0.8415, 0.5403, 0.01, 1.0]
    """
    position = np.arange(length)[:, None]
    frequency = 10000.0 ** (-np.arange(0, width, 2) / width)
    encoded = np.empty((length, width))
    encoded[:, 0::2] = np.sin(position * frequency)
    encoded[:, 1::2] = np.cos(position * frequency[: width // 2])
    return encoded


# (N, D) → [N, D]
POSITIONS: dict[str, Callable[[int, int], Array]] = {"none": none, "sinusoidal": sinusoidal}
