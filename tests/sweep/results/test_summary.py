"""The summary: rows in the order of the plan, the curve, and the verdict on what must hold."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.metrics import run_scalar_names
from pipeline.sweep.plan.axes import Axis
from pipeline.sweep.results.rows import varying
from pipeline.sweep.results.summary import summary_curves
from tests.command import DEFAULT_METRICS, Said, pipeline, read_csv

GRID = "grid:{attention.scale:[none,sqrt_dk],attention.temperature:[4,1,0.25]}"
RISES = "{claim:entropy rises,law:rises,metric:entropy,setting:attention.temperature}"
FALLS = "{claim:entropy falls,law:falls,metric:entropy,setting:attention.temperature}"
FLAT = (
    "{claim:static stays,law:flat,metric:pairwise_cosine_static,setting:attention.temperature,"
    "where:{attention.scale:none}}"
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """Six runs of a study with a law that holds, one that does not and one of half the runs."""
    outputs = tmp_path_factory.mktemp("swept")
    study = f"study={{question:q,source:s,{GRID},holds:[{RISES},{FALLS},{FLAT}]}}"
    said = pipeline(study, "plots=[entropy]", "figures.dpi=40", f"outputs={outputs}")
    assert said.code == 0
    return said


def test_a_row_a_run_in_the_order_of_the_plan(swept: Said) -> None:
    rows = read_csv(swept.folder / "summary.csv")
    plan = json.loads((swept.folder / "plan.json").read_text(encoding="utf-8"))
    settings = ["attention.scale", "attention.temperature"]
    assert list(rows[0]) == ["run", *settings, *run_scalar_names(DEFAULT_METRICS)]
    assert [row["run"] for row in rows] == [run["run"] for run in plan["runs"]]
    assert [(row[settings[0]], row[settings[1]]) for row in rows] == [
        (scale, temperature)
        for scale in ("none", "sqrt_dk")
        for temperature in ("4.0", "1.0", "0.25")
    ]


def test_the_numbers_are_those_of_each_runs_summary(swept: Said) -> None:
    for row in read_csv(swept.folder / "summary.csv"):
        text = (swept.folder / "runs" / row["run"] / "summary.json").read_text(encoding="utf-8")
        for name, value in json.loads(text).items():
            assert float(row[name]) == value


def test_the_verdicts(swept: Said) -> None:
    rows = read_csv(swept.folder / "verdicts.csv")
    assert list(rows[0]) == ["claim", "holds", "checked", "kept", "worst"]
    assert [(row["claim"], row["holds"], row["checked"], row["kept"]) for row in rows] == [
        ("entropy rises", "True", "4", "4"),
        ("entropy falls", "False", "4", "0"),
        ("static stays", "True", "2", "2"),
    ]
    # The smallest step, worked out from the table.
    entropy = {
        (row["attention.scale"], row["attention.temperature"]): float(row["entropy"])
        for row in read_csv(swept.folder / "summary.csv")
    }
    steps = [
        entropy[scale, after] - entropy[scale, before]
        for scale in ("none", "sqrt_dk")
        for before, after in (("0.25", "1.0"), ("1.0", "4.0"))
    ]
    assert float(rows[0]["worst"]) == min(steps) > 0
    assert float(rows[1]["worst"]) == -max(steps)


def test_the_terminal_shows_question_table_and_verdicts(swept: Said) -> None:
    lines = [" ".join(line.split()) for line in swept.out.splitlines()]
    assert lines[:2] == ["q", "(s)"]
    assert "pinguins, 6 runs" in lines
    assert any(line.startswith("none 0.25 ") for line in lines)
    assert any(line.startswith("holds entropy rises 4 of 4 ") for line in lines)
    assert any(line.startswith("FAILS entropy falls 0 of 4 ") for line in lines)


def test_the_curve_is_drawn_with_its_numbers(swept: Said) -> None:
    figures = swept.folder / "figures"
    name = "entropy_against_temperature"
    assert sorted(p.name for p in figures.iterdir()) == [f"{name}.csv", f"{name}.png"]
    assert f"figure: {figures}/{name}.png" in swept.out.splitlines()
    drawn = read_csv(figures / f"{name}.csv")
    summary = read_csv(swept.folder / "summary.csv")
    assert list(drawn[0]) == [
        "attention.scale",
        "attention.temperature",
        "entropy",
        "entropy_uniform",
    ]
    assert drawn == [{key: row[key] for key in drawn[0]} for row in summary]


def test_without_plots_there_is_no_curve(tmp_path: Path) -> None:
    said = pipeline("-m", "attention.temperature=1,2", "plots=[]", f"outputs={tmp_path}")
    assert not (said.folder / "figures").exists()
    assert "figure:" not in said.out


def test_an_axis_that_does_not_vary_is_no_column_of_the_table(tmp_path: Path) -> None:
    study = "study={question:q,source:s,grid:{seed:[1],language:[en,pt]}}"
    said = pipeline(study, "plots=[]", f"outputs={tmp_path}")
    (header,) = [line.split() for line in said.out.splitlines() if "language" in line]
    assert header[0] == "language"
    assert "seed" in read_csv(said.folder / "summary.csv")[0]


def axes(*names: str) -> list[Axis]:
    """An axis a name; its values are of no account here."""
    return [Axis((name,), (("x",),)) for name in names]


def rows_of(**columns: list[Any]) -> list[dict[str, Any]]:
    """Columns as rows."""
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def test_which_axis_is_the_curves() -> None:
    # The longest numeric axis; the last of the others gives the lines, the first the panels.
    rows = rows_of(
        t=[1, 2, 3, 1, 2, 3], k=[1, 1, 1, 2, 2, 2], s=list("aaabbb"), m=[1.0, 2, 3, 4, 5, 6]
    )
    ((name, drawing),) = summary_curves(rows, axes("s", "t", "k"), ["m"])
    assert name == "m_against_t"
    assert list(drawing.table.columns) == ["s", "k", "t", "m"]
    assert "mean" not in drawing.figure.get_suptitle()


def test_a_curve_says_over_which_axes_its_points_are_means() -> None:
    grid = list(itertools.product([1, 2, 3], "ab", "cd", "ef", "gh"))
    rows = [dict(zip("tsuvw", values, strict=True), m=float(i)) for i, values in enumerate(grid)]
    ((_, drawing),) = summary_curves(rows, axes(*"tsuvw"), ["m"])
    assert "mean and 95 % interval\nover u and v" in drawing.figure.get_suptitle()


def test_no_numbers_no_curve() -> None:
    rows = rows_of(s=["a", "b"], f=[True, False], m=[1.0, 2.0])
    assert list(summary_curves(rows, axes("s", "f"), ["m"])) == []
    assert list(summary_curves(rows_of(t=[1, 2]), axes("t"), [])) == []
    assert list(summary_curves(rows_of(t=[1, 1], m=[1.0, 2.0]), axes("t"), ["m"])) == []


def test_what_varies() -> None:
    rows = rows_of(a=[1, 1], b=["x", "y"], c=["p", "p"])
    assert varying([Axis(("a", "b"), ()), Axis(("c",), ())], rows) == [["b"]]
