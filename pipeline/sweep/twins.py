"""Which runs of a plan are the same as an earlier one, found without holding the runs."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.sweep.same import canonical
from pipeline.sweep.variants import Shapes

ALONE = -1  # in the table of points that are the same: is the same as no earlier one
CLOSE = 1e-12  # relative difference of two factors that are the same: a few roundings


class Twins:
    """The form of every run, as a number, and the factor of its QKᵀ; 16 bytes a run."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}
        self.forms, self.factors = array("q"), array("d")

    def add(self, settings: Mapping[str, Any], shapes: Shapes) -> None:
        """The next run of the plan."""
        text, factor = canonical(settings, shapes)
        mark = hashlib.blake2b(text.encode(), digest_size=16).digest()
        self.forms.append(self.numbers.setdefault(mark, len(self.numbers)))
        self.factors.append(factor)

    def first(self) -> npt.NDArray[np.int32]:
        """For each run the place of the first that is the same, `ALONE` where that is itself."""
        places = first_of_same(np.array(self.forms), np.array(self.factors))
        return np.where(places == np.arange(len(places)), ALONE, places).astype(np.int32)


def first_of_same(
    forms: npt.NDArray[np.int64], factors: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The place of the first point that each is the same as, its own where it is the first.

    `forms` numbers the points' forms, [P]; factors that differ by no more than `CLOSE` of
    themselves are one.

    >>> first_of_same(np.array([0, 0, 1, 0]), np.array([0.5, 0.25, 0.5, 0.5 + 1e-16])).tolist()
    [0, 1, 2, 0]
    """
    order = np.lexsort((factors, forms))
    form, factor = forms[order], factors[order]
    starts = np.ones(len(order), bool)
    starts[1:] = (np.diff(form) != 0) | (np.diff(factor) > CLOSE * np.abs(factor[1:]))
    group = np.cumsum(starts) - 1
    first = np.full(len(order), len(order))
    np.minimum.at(first, group, order)
    found = np.empty(len(order), np.int64)
    found[order] = first[group]
    return found
