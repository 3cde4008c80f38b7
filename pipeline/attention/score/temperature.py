"""Temperature: what the scores are divided by, one number or one per head."""

from __future__ import annotations

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.specs import positive

SETTING = "attention.temperature"


def as_temperature(temperature: object, leading: tuple[int, ...]) -> float | Array:
    """T as a number, or as an array [H] where a list or array has one for each head.

    `leading` are the axes before N and M; without any there is one head, and T is a number. Raises
    `UserError` unless each is finite and > 0, and there are as many as heads.

    >>> as_temperature(2, leading=(3,)), as_temperature([0.5, 1], leading=(2,))
    (2.0, array([0.5, 1. ]))
    """
    plain = temperature.tolist() if isinstance(temperature, np.ndarray) else temperature
    if not isinstance(plain, list | tuple):
        return positive(temperature, SETTING)
    heads = leading[-1] if leading else 1
    if len(plain) != heads:
        raise UserError(
            f"{SETTING}: got {len(plain)} numbers, expected one, or one for each of {heads} heads"
        )
    numbers = [positive(number, f"{SETTING} of head {head}") for head, number in enumerate(plain)]
    return np.array(numbers) if leading else numbers[0]


def divide_by_temperature(factor: float | Array, temperature: float | Array) -> float | Array:
    """c/T for c a number or [..., N, 1], T a number or [H]: a number, or [..., 1 or N, 1].

    >>> np.shape(divide_by_temperature(np.ones((5, 1)), np.array([1.0, 2.0])))
    (2, 5, 1)
    """
    if isinstance(temperature, np.ndarray):
        temperature = temperature[:, None, None]
    elif not isinstance(factor, np.ndarray):
        return factor / temperature
    with np.errstate(over="ignore"):  # scores that overflow are reported
        return np.divide(factor, temperature)
