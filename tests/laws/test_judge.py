"""Verdicts on rows made by hand: what holds, what fails, and what shows nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pipeline.laws import RELATIONS, Verdict, judge

UP = [{"T": t, "entropy": t / 10} for t in (4.0, 1.0, 2.0)]  # in no order


def verdict(
    rows: list[dict[str, Any]], law: str = "rises", setting: str = "T", **more: Any
) -> Verdict:
    """The law of the entropy along a setting; every column but the metric varied."""
    settings = [name for name in rows[0] if name != "entropy"] if rows else [setting]
    return judge(rows, settings, claim="c", law=law, metric="entropy", setting=setting, **more)


@pytest.mark.parametrize("law", RELATIONS)
def test_the_margin_is_negative_exactly_where_a_step_disobeys(law: str) -> None:
    for before, after in ((0.0, 1.0), (1.0, 0.0), (0.0, 0.3), (0.3, 0.0)):
        obeyed, margin = RELATIONS[law](before, after, 0.5)
        assert obeyed == (margin >= 0)
    assert not RELATIONS[law](math.nan, 1.0, 0.5)[0]
    assert not RELATIONS[law](1.0, math.nan, 0.5)[0]


def test_rises_and_falls_are_strict_and_opposite() -> None:
    assert not RELATIONS["rises"](1.0, 1.0, 0.0)[0]
    assert not RELATIONS["falls"](1.0, 1.0, 0.0)[0]
    assert RELATIONS["flat"](1.0, 1.0, 0.0)[0]


def test_a_law_that_holds() -> None:
    found = verdict(UP)
    assert (found.claim, found.holds, found.checked, found.kept) == ("c", True, 2, 2)
    assert found.worst == pytest.approx(0.1)  # from 1 to 2


def test_a_law_that_fails() -> None:
    found = verdict([*UP, {"T": 8.0, "entropy": 0.35}])
    assert (found.holds, found.checked, found.kept) == (False, 3, 2)
    assert found.worst == pytest.approx(-0.05)


def test_one_failure_among_many_is_a_failure_in_either_direction() -> None:
    assert not verdict(UP, "falls").holds
    down = [{**row, "entropy": -row["entropy"]} for row in UP]
    assert verdict(down, "falls").holds
    assert not verdict(down, "rises").holds


@pytest.mark.parametrize("rows", [[], UP[:1]], ids=["no run", "one run"])
def test_nothing_to_compare_does_not_hold(rows: list[dict[str, Any]]) -> None:
    found = verdict(rows)
    assert (found.holds, found.checked, found.kept) == (False, 0, 0)
    assert math.isnan(found.worst)


def test_a_metric_that_is_missing_or_undefined_does_not_hold() -> None:
    assert not verdict([{"T": 1.0, "entropy": math.nan}, {"T": 2.0, "entropy": 1.0}]).holds
    assert not verdict([{"T": 1.0, "other": 1.0}, {"T": 2.0, "other": 2.0}]).holds


def test_only_runs_that_differ_in_that_setting_alone_are_compared() -> None:
    """Within each input the entropy rises; between them it falls."""
    rows = [
        {"input": name, "T": t, "entropy": base + t}
        for name, base in (("a", 100.0), ("b", 0.0))
        for t in (1.0, 2.0, 3.0)
    ]
    found = verdict(rows)
    assert (found.holds, found.checked) == (True, 4)


def test_flat_allows_what_it_says_and_no_more() -> None:
    rows = [{"T": t, "entropy": e} for t, e in ((1, 1.0), (2, 1.25), (3, 1.0))]
    assert verdict(rows, "flat", within=0.25).holds
    assert verdict(rows, "flat", within=0.25).worst == pytest.approx(0)
    assert not verdict(rows, "flat", within=0.2).holds


def test_along_gives_names_an_order() -> None:
    rows = [{"scale": s, "entropy": e} for s, e in (("none", 0.1), ("sqrt_dk", 0.9))]
    along = ["sqrt_dk", "none"]
    assert verdict(rows, "falls", "scale", along=along).holds
    assert not verdict(rows, "falls", "scale", along=along[::-1]).holds
    # A value that no run has is passed over.
    assert verdict(rows, "falls", "scale", along=["sqrt_dk", "log_n", "none"]).checked == 1


def test_where_keeps_the_runs_it_names() -> None:
    rows = [
        {"input": name, "T": t, "entropy": sign * t}
        for name, sign in (("a", 1.0), ("b", -1.0))
        for t in (1.0, 2.0)
    ]
    assert not verdict(rows).holds
    assert verdict(rows, where={"input": "a"}).holds
    assert verdict(rows, where={"input": "a"}).checked == 1
    assert not verdict(rows, where={"input": "c"}).holds
