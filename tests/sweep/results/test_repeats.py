"""Repeats and exclusions: which runs they make, and how repeats are told as one result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.base.errors import UserError
from pipeline.base.statistics import bootstrap, exact_mean, standard_error
from pipeline.config.compose import hydra
from pipeline.metrics import run_scalar_names
from pipeline.store.read.find import find_runs
from pipeline.sweep.plan.plan import make_plan
from tests.command import Said, pipeline, read_csv

RANDOM = ["sentences=penguins", "embeddings=glove", "projection=random"]


@pytest.fixture
def _hydra() -> Iterator[None]:
    with hydra(["experiment=ablation"]):
        yield


@pytest.mark.usefixtures("_hydra")
def test_each_setting_is_run_over_the_seeds_from_seed_on() -> None:
    plan = make_plan([*RANDOM, "attention.temperature=1,2", "seed=7", "repeats=3"])
    assert plan.seeds == (7, 8, 9)
    assert [dict(point.varied) for point in plan.points] == [
        {"attention.temperature": temperature, "seed": seed}
        for temperature in (1.0, 2.0)
        for seed in (7, 8, 9)
    ]
    assert [point.job.config.seed for point in plan.points] == [7, 8, 9] * 2
    assert [axis.keys for axis in plan.axes] == [("attention.temperature",)]


@pytest.mark.usefixtures("_hydra")
def test_or_over_the_seeds_of_a_list() -> None:
    plan = make_plan([*RANDOM, "repeats=[3,11]"])
    assert [point.varied for point in plan.points] == [{"seed": 3}, {"seed": 11}]
    assert make_plan([*RANDOM, "repeats=1"]).seeds == ()


@pytest.mark.usefixtures("_hydra")
def test_a_repeat_is_the_run_of_its_seed() -> None:
    repeated = make_plan([*RANDOM, "attention.temperature=1,2", "repeats=2"])
    plain = make_plan([*RANDOM, "attention.temperature=1,2", "seed=0,1"])
    assert [point.key for point in repeated.points] == [point.key for point in plain.points]


@pytest.mark.usefixtures("_hydra")
@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("attention.temperature < 1", [("sqrt_dk", 0.5), ("none", 0.5)]),
        ("temperature < 1", [("sqrt_dk", 0.5), ("none", 0.5)]),
        ("attention.scale == 'none'", [("none", 0.5), ("none", 1.0), ("none", 2.0)]),
        (
            "attention.temperature > 1 or attention.scale == 'none' and attention.temperature==1",
            [("sqrt_dk", 2.0), ("none", 1.0), ("none", 2.0)],
        ),
    ],
)
def test_where_keeps_what_it_holds_of(where: str, kept: list[tuple[str, float]]) -> None:
    # "off" is spelled as validation spells it, and 1 is 1.0.
    axes = ["attention.scale=on,off", "attention.temperature=0.5,1,2"]
    plan = make_plan([*RANDOM, *axes, f'where="{where}"'])
    assert [tuple(point.varied.values()) for point in plan.points] == kept
    for point in plan.points:
        assert point.job.config.attention.temperature == point.varied["attention.temperature"]
        assert point.key == point.job.key


@pytest.mark.usefixtures("_hydra")
def test_where_may_speak_of_a_setting_of_the_experiment_that_is_held_still() -> None:
    where = "where=\"attention.scale == 'none' or attention.temperature < 1\""
    counts = [
        len(make_plan(["experiment=ablation", where, *more]).points)
        for more in ([], ["attention.scale=off"], ["attention.scale=on"])
    ]
    assert counts == [2 * (5 + 2), 2 * 5, 2 * 2]


@pytest.mark.usefixtures("_hydra")
def test_where_and_repeats_together() -> None:
    axes = ["attention.scale=on,off", "attention.temperature=1,2"]
    plan = make_plan([*RANDOM, *axes, 'where="attention.temperature > 1"', "repeats=2"])
    assert [tuple(point.varied.values()) for point in plan.points] == [
        ("sqrt_dk", 2.0, 0), ("sqrt_dk", 2.0, 1), ("none", 2.0, 0), ("none", 2.0, 1),
    ]  # fmt: skip


@pytest.mark.usefixtures("_hydra")
def test_what_where_leaves_out_may_be_impossible() -> None:
    axes = ["projection.heads=2,3", "attention.temperature=1,2"]
    with pytest.raises(UserError, match="3 heads do not divide"):
        make_plan([*RANDOM, *axes])
    assert len(make_plan([*RANDOM, *axes, 'where="projection.heads == 2"']).points) == 2


@pytest.mark.usefixtures("_hydra")
@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["seed=1,2", "repeats=2"],
            "repeats: got 2 beside a grid that varies seed; expected one of the two (repeats=1 ",
        ),
        (
            ["repeats=0"],
            "repeats: got 0, expected a whole number >= 1 and <= 100000, or a list of",
        ),
        (["repeats=100001"], "repeats: got 100001, expected a whole number >= 1 and <= 100000, or"),
        (
            ["repeats=[1,1]"],
            "repeats: got [1, 1], expected a whole number >= 1 and <= 100000, or a",
        ),
        (["repeats=true"], "repeats: got True, expected a whole number >= 1 and <= 100000, or a"),
        (["where=''"], "where: got '', expected a condition"),
        (
            ["seed=1,2", "where=\"__import__('os').getcwd() == 1\""],
            "where: got \"__import__('os').getcwd()\" (call), which is not allowed; ",
        ),
        (["seed=1,2", "where='seed <'"], "where: cannot read 'seed <' (invalid syntax); expected"),
        (
            ["attention.temperature=1,2", "where='attention.temperature > 2'"],
            "where: no run of 2 meets 'attention.temperature > 2'",
        ),
        (
            ["where='seed == 1'"],
            "where: got 'seed', expected a setting of the grid, which varies none",
        ),
        (
            ["attention.temperature=1,2", "where='seed == 1'"],
            "where: got 'seed', expected a setting of the grid: attention.temperature",
        ),
    ],
)
def test_faults(overrides: list[str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        make_plan(overrides)
    (line,) = caught.value.lines
    assert line.startswith(said)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """Two temperatures, two scales, three seeds."""
    said = pipeline(
        "-m", *RANDOM, "attention.temperature=1,2", "attention.scale=on,off", "repeats=3",
        "plots=[entropy]", "figures.dpi=40", "metrics=[entropy,max_weight]",
        f"outputs={tmp_path_factory.mktemp('repeats')}",
    )  # fmt: skip
    assert said.code == 0
    return said


def test_runs_csv_has_a_row_a_run_and_summary_csv_a_row_a_setting(swept: Said) -> None:
    runs, rows = (read_csv(swept.folder / f"{name}.csv") for name in ("runs", "summary"))
    settings = ["attention.temperature", "attention.scale"]
    metrics = run_scalar_names(["entropy", "max_weight"])
    assert list(runs[0]) == ["run", "same_as", *settings, "seed", *metrics]
    assert len(runs) == 12
    assert [list(row.values())[:3] for row in rows] == [
        [temperature, scale, "3"] for temperature in ("1.0", "2.0") for scale in ("sqrt_dk", "none")
    ]
    endings = ("", "_se", "_low", "_high")
    columns = [f"{metric}{end}" for metric in metrics for end in endings]
    assert list(rows[0]) == [*settings, "runs", *columns]
    for row in rows:
        values = np.array(
            [[float(run["entropy"])] for run in runs if all(run[s] == row[s] for s in settings)]
        )
        told = [exact_mean(values), standard_error(values), *bootstrap(values)]
        assert [float(row[f"entropy{end}"]) for end in endings] == [float(one[0]) for one in told]
        assert float(row["entropy_low"]) < float(row["entropy"]) < float(row["entropy_high"])


def test_the_curve_shows_the_interval(swept: Said) -> None:
    (path,) = (swept.folder / "figures").glob("*.csv")
    drawn, rows = read_csv(path), read_csv(swept.folder / "summary.csv")
    assert drawn == [{name: row[name] for name in drawn[0]} for row in rows]
    assert {"entropy_low", "entropy_high"} <= set(drawn[0])


def test_the_terminal_says_over_what_the_means_are(swept: Said) -> None:
    assert "penguins, 4 settings" in swept.out
    assert "Each row is the mean of 3 seeds; summary.csv has" in swept.out
    assert "The seeds make no difference" not in swept.out


def test_seeds_that_make_no_difference_are_run_once(tmp_path: Path) -> None:
    words = ["attention.temperature=1,2", "repeats=3", "plots=[]", "metrics=[entropy]"]
    said = pipeline("-m", *words, f"outputs={tmp_path}")
    assert "The seeds make no difference here: nothing is drawn at random." in said.out
    assert len(list((said.folder / "runs").iterdir())) == 2
    runs, rows = (read_csv(said.folder / f"{name}.csv") for name in ("runs", "summary"))
    assert [bool(row["same_as"]) for row in runs] == [False, True, True] * 2
    for row in rows:
        assert (row["runs"], row["entropy_se"]) == ("3", "0.0")
        assert row["entropy_low"] == row["entropy"] == row["entropy_high"]


def test_repeats_alone_make_a_sweep(tmp_path: Path) -> None:
    said = pipeline(*RANDOM, "repeats=2", "plots=[]", f"outputs={tmp_path}")
    assert said.folder.parent.name == "sweeps"
    plan = json.loads((said.folder / "plan.json").read_text(encoding="utf-8"))
    assert plan["seeds"] == [0, 1]
    assert [run["overrides"] for run in plan["runs"]] == [["seed=0"], ["seed=1"]]
    (row,) = read_csv(said.folder / "summary.csv")
    assert row["runs"] == "2"


def test_points_that_are_the_same_keep_their_rows(tmp_path: Path) -> None:
    words = ["attention.scale=on,off", "attention.temperature=1,2", "plots=[]"]
    said = pipeline("-m", *words, f"outputs={tmp_path}")
    plan = json.loads((said.folder / "plan.json").read_text(encoding="utf-8"))
    names = [run["run"] for run in plan["runs"]]
    assert [run.get("same_as") for run in plan["runs"]] == [None, None, None, names[0]]
    assert sorted(path.name for path in (said.folder / "runs").iterdir()) == sorted(names[:3])
    rows = read_csv(said.folder / "summary.csv")
    assert [row["run"] for row in rows] == names
    assert {**rows[3], **dict.fromkeys(["run", "attention.scale", "attention.temperature"])} == {
        **rows[0], **dict.fromkeys(["run", "attention.scale", "attention.temperature"]),
    }  # fmt: skip
    assert "1 of 4 runs are mathematically the same as another" in said.out
    assert "  scale-none_temperature-2.0 = scale-sqrt_dk_temperature-1.0" in said.out.splitlines()
    assert plan["runs"][3]["differs"] == {
        "settings": {"attention.scale": "none", "attention.temperature": 2.0}, "choices": {},
    }  # fmt: skip
    # Comparing the sweep shows it too, with the numbers of the first.
    found = find_runs([said.folder])
    assert [run.folder.name for run in found] == names
    assert found[3].settings["attention.scale"] == "none"
    assert found[3].scalars == found[0].scalars
    assert found[3].source_folder == found[0].folder
    assert "Why: QKᵀ is multiplied by scale, 1/temperature" in said.out


def test_an_experiment_may_say_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
defaults:
  - override /projection: random
repeats: [4, 6]
where: attention.temperature != 2 or projection.heads == 1
study:
  question: q
  source: s
  grid: {attention.temperature: [1, 2], projection.heads: [1, 2]}
"""
    (tmp_path / "twice.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("pipeline.config.experiments.EXPERIMENTS", tmp_path)
    with hydra(["experiment=twice"]):
        plan = make_plan(["experiment=twice"])
        fewer = make_plan(["experiment=twice", "repeats=1", "where=null"])
    assert [tuple(point.varied.values()) for point in plan.points] == [
        (temperature, heads, seed)
        for temperature, heads in ((1.0, 1), (1.0, 2), (2.0, 1))
        for seed in (4, 6)
    ]
    assert len(fewer.points) == 4
