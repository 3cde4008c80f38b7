"""Verdicts: whether the laws of an experiment hold for its runs.

A law is about one metric along one setting, with everything else that varied equal. It is checked
in every group of runs that differ in that setting alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.base.values import sort_key
from pipeline.laws.relations import RELATIONS

Row = Mapping[str, Any]  # varied settings and metrics of one run


@dataclass(frozen=True)
class Verdict:
    """Whether one law holds, and by how much."""

    claim: str
    holds: bool
    checked: int  # pairs of neighboring runs that were compared
    kept: int  # pairs of them that obey the law
    worst: float  # the smallest margin of any pair; negative where one does not obey


def judge(
    rows: Sequence[Row],
    settings: Sequence[str],
    *,
    claim: str,
    law: str,
    metric: str,
    setting: str,
    along: Sequence[Any] | None = None,
    within: float = 0.0,
    where: Mapping[str, Any] | None = None,
) -> Verdict:
    """The verdict on one law; `settings` names the columns that varied.

    `along` gives the order of the setting's values, by default numbers ascending; `where` selects
    the rows with those values. A law that finds no two runs to compare does not hold.

    >>> runs = [{"T": 1.0, "entropy": 0.5}, {"T": 2.0, "entropy": 0.9}]
    >>> judge(runs, ["T"], claim="", law="rises", metric="entropy", setting="T").holds
    True
    """
    selected = [row for row in rows if all(row.get(k) == v for k, v in (where or {}).items())]
    present = {row[setting] for row in selected if setting in row}
    order = [v for v in along if v in present] if along else sorted(present, key=sort_key)
    others = [name for name in settings if name != setting]
    groups: dict[tuple[Any, ...], dict[Any, float]] = {}
    for row in selected:
        group_key = tuple(row.get(name) for name in others)
        groups.setdefault(group_key, {})[row.get(setting)] = row.get(metric, math.nan)
    steps = [
        RELATIONS[law](group[before], group[after], within)
        for group in groups.values()
        for before, after in itertools.pairwise([v for v in order if v in group])
    ]
    kept = sum(obeys for obeys, _ in steps)
    worst = min((step for _, step in steps), default=math.nan)
    return Verdict(claim, bool(steps) and kept == len(steps), len(steps), kept, worst)
