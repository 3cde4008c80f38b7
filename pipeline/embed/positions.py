"""Additive positions: a vector for each place, added to the embedding that stands there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.base.records import Array


def none(length: int, width: int) -> Array:
    """No positions, [N, D] of zeros: attention then sees a bag of words."""
    return np.zeros((length, width))


def sinusoidal(length: int, width: int) -> Array:
    """sin(p·ω_k) and cos(p·ω_k) in turn, ω_k = 10000^(−2k/D), [N, D]; Vaswani et al. 2017, §3.5.

    An odd width ends on a sine.

    >>> sinusoidal(2, 4)[1].round(4).tolist()
    [0.8415, 0.5403, 0.01, 1.0]
    """
    place = np.arange(length)[:, None]
    frequency = 10000.0 ** (-np.arange(0, width, 2) / width)
    encoded = np.empty((length, width))
    encoded[:, 0::2] = np.sin(place * frequency)
    encoded[:, 1::2] = np.cos(place * frequency[: width // 2])
    return encoded


POSITIONS: dict[str, Callable[[int, int], Array]] = {"none": none, "sinusoidal": sinusoidal}
