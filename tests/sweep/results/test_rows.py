"""Rows: from the ledger, or from a run's folder; what is not done is left out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.compose import hydra
from pipeline.sweep.plan.plan import Plan, make_plan
from pipeline.sweep.results.rows import metrics_in, run_rows, setting_rows

OVERRIDES = ["attention.scale=on,off", "attention.temperature=1,2"]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Four points, the last the same as the first."""
    with hydra():
        return make_plan(OVERRIDES)


def entries(plan: Plan, *places: int, **more: Any) -> dict[str, dict[str, Any]]:
    """The ledger's lines of some points, whose entropy is their place."""
    return {plan.points[place].folder: {"scalars": {"entropy": place, **more}} for place in places}


def test_a_point_that_is_the_same_has_the_numbers_of_the_first(plan: Plan, tmp_path: Path) -> None:
    rows = run_rows(plan, entries(plan, 0, 1, 2), tmp_path)
    assert [row["entropy"] for row in rows] == [0.0, 1.0, 2.0, 0.0]
    assert [row["same_as"] for row in rows] == ["", "", "", plan.points[0].folder]
    assert [row["run"] for row in rows] == [point.folder for point in plan.points]
    assert list(rows[0]) == [
        "run", "same_as", "attention.scale", "attention.temperature", "entropy",
    ]  # fmt: skip


def test_what_is_not_done_has_no_row_nor_has_what_is_the_same(plan: Plan, tmp_path: Path) -> None:
    rows = run_rows(plan, entries(plan, 1, 2), tmp_path)
    assert [row["run"] for row in rows] == [plan.points[place].folder for place in (1, 2)]
    assert run_rows(plan, {}, tmp_path) == []


def test_an_undefined_number_is_nan_and_so_is_one_that_was_not_measured(
    plan: Plan, tmp_path: Path
) -> None:
    found = {**entries(plan, 0, cosine=None), **entries(plan, 1)}
    rows = run_rows(plan, found, tmp_path)
    assert metrics_in(rows, plan) == ["entropy", "cosine"]
    assert [math.isnan(row["cosine"]) for row in rows] == [True, True, True]
    assert len({tuple(row) for row in rows}) == 1


def test_a_line_without_numbers_sends_to_the_runs_folder(plan: Plan, tmp_path: Path) -> None:
    run = plan.points[1].folder
    (tmp_path / "runs" / run).mkdir(parents=True)
    summary = tmp_path / "runs" / run / "summary.json"
    summary.write_text(json.dumps({"entropy": 0.5}), encoding="utf-8")
    (row,) = run_rows(plan, {run: {}}, tmp_path)
    assert row["entropy"] == 0.5


def test_without_repeats_a_setting_is_its_run(plan: Plan, tmp_path: Path) -> None:
    rows = run_rows(plan, entries(plan, 0, 1), tmp_path)
    told = setting_rows(plan, rows)
    assert [{**row, "same_as": ""} for row in told] == [{**row, "same_as": ""} for row in rows]
    assert "same_as" not in told[0]


def test_a_repeat_that_is_missing_or_undefined_is_left_out_of_the_mean(tmp_path: Path) -> None:
    overrides = ["projection=random", "attention.temperature=1,2", "repeats=3"]
    with hydra():
        plan = make_plan(overrides)
    found = {**entries(plan, 0, 2, 3, 4), **entries(plan, 5)}
    found[plan.points[4].folder]["scalars"]["entropy"] = None
    first, second = setting_rows(plan, run_rows(plan, found, tmp_path))
    assert (first["runs"], first["entropy"], first["entropy_se"]) == (2, 1.0, 1.0)
    assert (second["runs"], second["entropy"], second["entropy_se"]) == (3, 4.0, 1.0)
