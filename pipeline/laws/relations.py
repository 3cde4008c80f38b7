"""Relations: how a metric changes from one value of a setting to the next.

Each returns whether the relation holds and by what margin.
"""

from __future__ import annotations

from collections.abc import Callable


def rises(before: float, after: float, within: float) -> tuple[bool, float]:
    """The metric is larger after the step than before.

    >>> rises(1.0, 1.5, 0.0)
    (True, 0.5)
    """
    return after - before > 0, after - before


def falls(before: float, after: float, within: float) -> tuple[bool, float]:
    """The metric is smaller after the step than before.

    >>> falls(1.0, 1.5, 0.0)
    (False, -0.5)
    """
    return before - after > 0, before - after


def flat(before: float, after: float, within: float) -> tuple[bool, float]:
    """The metric changes by no more than `within`.

    >>> flat(1.0, 1.5, 0.1)
    (False, -0.4)
    """
    return abs(after - before) <= within, within - abs(after - before)


RELATIONS: dict[str, Callable[[float, float, float], tuple[bool, float]]] = {
    "rises": rises,
    "falls": falls,
    "flat": flat,
}
