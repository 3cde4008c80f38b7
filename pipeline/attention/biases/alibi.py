"""ALiBi: a penalty that grows with distance, at a different rate in each head."""

from __future__ import annotations

import numpy as np

from pipeline.attention.biases.bias import Bias, Positions, by_offset
from pipeline.base.records import Array


def alibi(heads: int, seed: int = 0) -> Bias:
    """b_h(i, j) = −m_h·|i − j|, with the slopes m_h of `slopes`; nothing is learned.

    Press, Smith & Lewis 2021, "Train Short, Test Long", §3, with a causal mask, where
    |i − j| = i − j. Equal scores then weigh a distance r by e^(−m·r): the mean distance on a long
    text is 1/(e^m − 1).

    >>> alibi(8).block(0, 2, 3, 0, 4).tolist()
    [[-1.0, -0.5, 0.0, -0.5]]
    """
    rates = slopes(heads)[:, None]

    def numbers(head: int | None, offsets: Positions) -> Array:
        return (rates if head is None else rates[head]) * -np.abs(offsets)

    return Bias(by_offset(numbers))


def slopes(heads: int) -> Array:
    """m_h = 2^(−8h/H) for h = 1 … H, [H], where H is a power of two.

    Else those of the next smaller power of two P, then every other one of the 2P slopes of the
    next larger, which lie between them, as in the paper's code.

    >>> slopes(4).tolist()
    [0.25, 0.0625, 0.015625, 0.00390625]
    >>> slopes(3).tolist()
    [0.0625, 0.00390625, 0.25]
    """
    power = 2 ** (heads.bit_length() - 1)
    between = geometric(2 * power)[::2]
    return np.concatenate([geometric(power), between[: heads - power]])


def geometric(heads: int) -> Array:
    """2^(−8h/H) for h = 1 … H, [H]."""
    return 2.0 ** (-8.0 * np.arange(1, heads + 1) / heads)
