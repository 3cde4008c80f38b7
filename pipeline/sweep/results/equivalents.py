"""What is told of points that are the same: which, and by which rules."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pipeline.base.console import console
from pipeline.sweep.plan.equivalence import (
    NO_EQUIVALENT,
    REL_TOL,
    RULES,
    CanonicalSettings,
    flatten_attention,
)
from pipeline.sweep.plan.inputs import input_shapes
from pipeline.sweep.plan.plan import Plan

SHOWN = 8  # pairs printed


def show_equivalents(plan: Plan) -> None:
    """How many settings are the same as an earlier one, some of them, and why."""
    places, many = equivalent_points(plan), max(1, len(plan.seeds))
    out = console()
    if seeds_are_unused(plan):
        out.print("The seeds make no difference here: nothing is drawn at random.")
    if not len(places):
        return
    out.print(
        f"{len(places)} of {len(plan.points) // many} {'settings' if plan.seeds else 'runs'} are "
        "mathematically the same as another: run once, its numbers told for both.",
        soft_wrap=True,
    )
    for place in places[:SHOWN]:
        first = plan.points[int(plan.points.equivalent[place])]
        out.print(f"  {plan.points[int(place)].label} = {first.label}", soft_wrap=True)
    if len(places) > SHOWN:
        out.print(f"  and {len(places) - SHOWN} more (same_as in plan.json and runs.csv)")
    for why in reasons(plan, places[:SHOWN]):
        out.print(f"Why: {why}.", soft_wrap=True)


def equivalent_points(plan: Plan) -> npt.NDArray[np.intp]:
    """The points that are the same as one of another setting; of repeats the first."""
    same, many = plan.points.equivalent, max(1, len(plan.seeds))
    place = np.flatnonzero(same != NO_EQUIVALENT)
    place = place[place % many == 0]
    return place[place // many != same[place] // many]


def seeds_are_unused(plan: Plan) -> bool:
    """Whether every repeat is the same as the first of its setting."""
    many, same = len(plan.seeds), plan.points.equivalent
    if many < 2:
        return False
    roots = np.where(same == NO_EQUIVALENT, np.arange(len(same)), same).reshape(-1, many)
    return bool((roots == roots[:, :1]).all())


def reasons(plan: Plan, places: Iterable[int]) -> list[str]:
    """Why those points are the same as the first of their kind, each reason once."""
    names = {name for place in places for name in rules_applied(plan, int(place))}
    return [rule.why for name, rule in RULES.items() if name in names]


def rules_applied(plan: Plan, place: int) -> list[str]:
    """The rules that take away what a point and its first differ in."""
    pair = [plan.points[at].job.config for at in (place, int(plan.points.equivalent[place]))]
    known = [(flatten_attention(config.settings()), input_shapes(config)) for config in pair]
    found = []
    for name, rule in RULES.items():
        before = differing(*(form for form, _ in known))
        known = [(rule.apply(form, shapes), shapes) for form, shapes in known]
        if len(differing(*(form for form, _ in known))) < len(before):
            found.append(name)
    return found


def differing(one: CanonicalSettings, other: CanonicalSettings) -> list[str]:
    """The parts in which two forms differ, factors by more than rounding.

    >>> differing({"factor": 0.1 + 0.2, "mask": "none"}, {"factor": 0.3, "mask": "causal"})
    ['mask']
    """
    close = math.isclose(one.get("factor", 0), other.get("factor", 0), rel_tol=REL_TOL)
    return [
        name
        for name in {**one, **other}
        if one.get(name) != other.get(name) and not (name == "factor" and close)
    ]
