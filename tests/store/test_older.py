"""Runs of format 1 open beside runs of today, under the names of today."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.compare import load_metrics, load_runs, load_weights
from pipeline.compare.causes.factors import factors
from pipeline.compare.settings import differing
from pipeline.store.read.config import whole_config
from pipeline.store.read.csv import read_table
from pipeline.store.read.find import find_runs
from pipeline.store.schema import KEYS
from tests.command import compare, pipeline

FORMAT_1 = Path(__file__).parent / "data" / "format_1"
OLD_RUN, OLD_SWEEP, OLD_ROWS = (FORMAT_1 / name for name in ("run", "sweep", "rows"))


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `OLD_RUN` made today."""
    outputs = tmp_path_factory.mktemp("today")
    settings = ("attention.retain=top_k", "attention.retain_k=3", "plots=[]")
    return pipeline(*settings, f"outputs={outputs}").folder


def test_the_same_run_of_both_formats_differs_in_nothing_but_its_figures(today: Path) -> None:
    runs = find_runs([OLD_RUN, today])
    assert [run.record["format"] for run in runs] == [1, 2]
    assert differing(runs) == ["plots"]
    assert set(runs[0].settings) == set(runs[1].settings)
    assert runs[0].scalars == pytest.approx(dict(runs[1].scalars), rel=1e-12)
    assert factors(runs[0], runs[1]) == ()
    old, new = map(whole_config, runs)
    assert {**old, "plots": []} == {**new, "name": old["name"], "outputs": old["outputs"]}


def test_their_tables_stack_under_one_header(today: Path) -> None:
    weights, metrics = load_weights(OLD_RUN, today), load_metrics(OLD_RUN, today)
    assert not any("null" in name for name in (*weights.columns, *metrics.columns))
    assert "entropy_uniform" in metrics.columns
    for frame in (weights, metrics):
        half = len(frame) // 2
        ours = frame.drop(columns=["run", "plots"])
        old, new = ours[:half].reset_index(drop=True), ours[half:].reset_index(drop=True)
        assert not old.isna().any().any()
        numbers = old.select_dtypes("number").columns
        assert (old.drop(columns=numbers) == new.drop(columns=numbers)).all().all()
        assert abs(old[numbers] - new[numbers]).max().max() < 1e-12
    assert tuple(read_table(OLD_RUN / "keys.csv").column_names) == KEYS.columns


def test_old_sweeps_open_too(today: Path) -> None:
    runs = find_runs([OLD_SWEEP, OLD_ROWS, today])
    assert [run.record["format"] for run in runs] == [1, 1, 1, 1, 1, 2]
    first, equivalent, *_ = runs
    assert equivalent.source_folder == first.folder
    assert differing([first, equivalent]) == ["attention.scale", "attention.temperature"]
    assert whole_config(equivalent)["attention"]["scale"] == "none"
    frame = load_runs(OLD_SWEEP, OLD_ROWS, today)
    assert frame["attention.retain"].tolist() == ["full"] * 5 + ["top_k"]
    assert frame["attention.temperature"].tolist() == [1.0, 2.0, 0.5, 1.0, 2.0, 1.0]


def test_what_is_kept_of_a_run_is_no_cause(today: Path) -> None:
    """`attention.retain` differs and moves no metric."""
    whole = next((OLD_SWEEP / "runs").iterdir())
    said = compare(str(whole), str(today))
    assert said.code == 0, said.err
    assert "attention.retain" in said.out
    refused = compare(str(whole), str(today), "--causes", "entropy")
    assert refused.code == 2
    assert refused.err.strip() == "--causes: the runs differ in no setting that moves a metric"
