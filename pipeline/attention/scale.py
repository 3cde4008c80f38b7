"""Scale: what q·k is multiplied by before the softmax."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.choose import choose


def sqrt_dk(width: int) -> float:
    """1/√d_k: undoes Var(q·k) = d_k, so that the scores have unit variance at any width.

    Vaswani et al. 2017, §3.2.1 and footnote 4.

    >>> sqrt_dk(64)
    0.125
    """
    return float(1.0 / np.sqrt(width))


def none(width: int) -> float:
    """1: the plain dot product, the ablation of the √d_k.

    >>> none(64)
    1.0
    """
    return 1.0


SCALES: dict[str, Callable[[int], float]] = {"sqrt_dk": sqrt_dk, "none": none}


def factor(scale: str | float, width: int) -> float:
    """The number that multiplies QKᵀ: by name, from the key width, or as it is given.

    >>> factor("sqrt_dk", 4), factor(0.3, 4)
    (0.5, 0.3)
    """
    if isinstance(scale, str):
        return choose(SCALES, scale, "attention.scale")(width)
    return float(scale)
