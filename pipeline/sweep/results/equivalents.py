"""What is reported of points that are mathematically the same: which, and by which rules."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pipeline.base.console import console
from pipeline.sweep.plan.canonical import RULES, CanonicalSettings, flatten_attention
from pipeline.sweep.plan.equivalence import NO_EQUIVALENT, REL_TOL
from pipeline.sweep.plan.inputs import input_shapes
from pipeline.sweep.plan.plan import Plan

MAX_PAIRS_PRINTED = 8  # pairs printed


def show_equivalents(plan: Plan) -> None:
    """How many settings are the same as an earlier one, the first of them, and why."""
    indices, repeats = equivalent_points(plan), max(1, len(plan.seeds))
    out = console()
    if seeds_are_unused(plan):
        out.print("The seeds make no difference here: nothing is drawn at random.")
    if not len(indices):
        return
    what = "settings" if plan.seeds else "runs"
    out.print(
        f"{len(indices)} of {len(plan.points) // repeats} {what} are mathematically the same as "
        "another: run once, its numbers told for both.",
        soft_wrap=True,
    )
    for index in indices[:MAX_PAIRS_PRINTED]:
        first = plan.points[int(plan.points.equivalent[index])]
        out.print(f"  {plan.points[int(index)].label} = {first.label}", soft_wrap=True)
    if len(indices) > MAX_PAIRS_PRINTED:
        out.print(
            f"  and {len(indices) - MAX_PAIRS_PRINTED} more (same_as in plan.json and runs.csv)"
        )
    for why in reasons(plan, indices[:MAX_PAIRS_PRINTED]):
        out.print(f"Why: {why}.", soft_wrap=True)


def equivalent_points(plan: Plan) -> npt.NDArray[np.intp]:
    """The points that are the same as one of another setting; of repeats the first."""
    first, repeats = plan.points.equivalent, max(1, len(plan.seeds))
    indices = np.flatnonzero(first != NO_EQUIVALENT)
    indices = indices[indices % repeats == 0]
    return indices[indices // repeats != first[indices] // repeats]


def seeds_are_unused(plan: Plan) -> bool:
    """Whether every repeat is the same as the first of its setting."""
    repeats, first = len(plan.seeds), plan.points.equivalent
    if repeats < 2:
        return False
    firsts = np.where(first == NO_EQUIVALENT, np.arange(len(first)), first).reshape(-1, repeats)
    return bool((firsts == firsts[:, :1]).all())


def reasons(plan: Plan, indices: Iterable[int]) -> list[str]:
    """Why those points are the same as an earlier one, each reason once."""
    names = {name for index in indices for name in rules_applied(plan, int(index))}
    return [rule.why for name, rule in RULES.items() if name in names]


def rules_applied(plan: Plan, index: int) -> list[str]:
    """The rules that remove a difference between a point and its first equivalent."""
    configs = [plan.points[i].job.config for i in (index, int(plan.points.equivalent[index]))]
    shapes = [input_shapes(config) for config in configs]
    forms = [flatten_attention(config.settings()) for config in configs]
    names = []
    for name, rule in RULES.items():
        before = differing_forms(*forms)
        forms = [rule.apply(form, shape) for form, shape in zip(forms, shapes, strict=True)]
        if len(differing_forms(*forms)) < len(before):
            names.append(name)
    return names


def differing_forms(one: CanonicalSettings, other: CanonicalSettings) -> list[str]:
    """The parts in which two forms differ, factors by more than rounding.

    >>> differing_forms({"factor": 0.1 + 0.2, "mask": "none"}, {"factor": 0.3, "mask": "causal"})
    ['mask']
    """
    is_close = math.isclose(one.get("factor", 0), other.get("factor", 0), rel_tol=REL_TOL)
    return [
        name
        for name in {**one, **other}
        if one.get(name) != other.get(name) and not (name == "factor" and is_close)
    ]
