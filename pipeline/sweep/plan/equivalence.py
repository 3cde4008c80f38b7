"""Points of a plan that are mathematically the same: only the first of them is run."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.sweep.plan.canonical import Shapes, canonicalize

NO_EQUIVALENT = -1  # of a point that is not the same as an earlier one
REL_TOL = 1e-12  # relative difference of two factors that are the same: a few roundings


class EquivalenceFinder:
    """The canonical form of every run, as a number, and the factor of its QKᵀ: 16 bytes a run."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}
        self.forms, self.factors = array("q"), array("d")

    def add_run(self, settings: Mapping[str, Any], shapes: Shapes) -> None:
        """Adds the next run of the plan."""
        text, factor = canonicalize(settings, shapes)
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        self.forms.append(self.numbers.setdefault(digest, len(self.numbers)))
        self.factors.append(factor)

    def first(self) -> npt.NDArray[np.int32]:
        """[P] for each run the index of the first that is the same; NO_EQUIVALENT for that one."""
        indices = first_equivalent(np.array(self.forms), np.array(self.factors))
        return np.where(indices == np.arange(len(indices)), NO_EQUIVALENT, indices).astype(np.int32)


def first_equivalent(
    forms: npt.NDArray[np.int64], factors: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The index of the first point that each point is the same as; its own where it is the first.

    `forms` numbers the canonical forms of the P points, [P]. Factors that differ by no more than
    `REL_TOL` of themselves are equal.

    >>> first_equivalent(np.array([0, 0, 1, 0]), np.array([0.5, 0.25, 0.5, 0.5 + 1e-16])).tolist()
    [0, 1, 2, 0]
    """
    order = np.lexsort((factors, forms))
    form, factor = forms[order], factors[order]
    starts = np.ones(len(order), bool)
    starts[1:] = (np.diff(form) != 0) | (np.diff(factor) > REL_TOL * np.abs(factor[1:]))
    group = np.cumsum(starts) - 1
    first = np.full(len(order), len(order))
    np.minimum.at(first, group, order)
    indices = np.empty(len(order), np.int64)
    indices[order] = first[group]
    return indices
