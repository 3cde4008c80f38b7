"""Runs as DataFrames: what was computed comes back, to the last bit and letter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pipeline as package
from pipeline.base.errors import UserError
from pipeline.base.tables import Table
from pipeline.compare import load_metrics, load_runs, load_weights
from pipeline.compare.frames import read_frame
from pipeline.config.validate import validate
from pipeline.runs.job import Job, compute, record
from pipeline.store.write.table import write_csv
from tests.command import read_csv, run_sweep
from tests.conftest import config_from
from tests.store.test_csv import HOSTILE

TOKENS = [text for text in HOSTILE if "\x00" not in text and text.strip()]


def test_the_package_offers_them() -> None:
    assert (package.load_runs, package.load_weights, package.load_metrics) == (
        load_runs, load_weights, load_metrics,
    )  # fmt: skip


def test_hostile_tokens_survive_the_way_to_disk_and_back(tmp_path: Path) -> None:
    plain = config_from("embeddings=one_hot", "plots=[]").model_dump(mode="json")
    plain["sentences"]["text"] = [TOKENS]
    job = Job(validate(plain), {}, ())
    result, seconds = compute(job)
    record(job, result, tmp_path / "run", seconds)
    frame = load_weights(tmp_path / "run")
    assert frame["query"].tolist() == [token for token in TOKENS for _ in TOKENS]
    assert frame["key"].tolist() == TOKENS * len(TOKENS)
    weights = result.layers[0].attended.weights
    np.testing.assert_array_equal(frame["weight"].to_numpy().reshape(weights.shape), weights)
    assert load_metrics(tmp_path / "run")["query"].tolist() == TOKENS
    # And no cell of the file begins as a formula does.
    cells = {row["query"] for row in read_csv(tmp_path / "run" / "weights.csv")}
    assert not {cell for cell in cells if cell[0] in "=+-@\t\r\n"}


def test_floats_come_back_to_the_last_bit(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    values = draw.standard_normal(20_000) * 10.0 ** draw.integers(-300, 300, 20_000)
    write_csv(tmp_path / "x.csv", Table(("weight",), [(x,) for x in values.tolist()]))
    np.testing.assert_array_equal(read_frame(tmp_path / "x.csv")["weight"].to_numpy(), values)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scales by three seeds."""
    return run_sweep(
        "attention.scale=on,off", "seed=1,2,3", "projection=random", "plots=[]",
        f"outputs={tmp_path_factory.mktemp('frames')}",
    ).folder  # fmt: skip


def test_many_runs_stand_one_below_another_beside_what_differs(sweep: Path) -> None:
    frame = load_weights(sweep, where="seed < 3")
    assert list(frame.columns) == [
        "run", "attention.scale", "seed", "sentence", "layer", "head", "query_position", "query",
        "key_position", "key", "weight",
    ]  # fmt: skip
    assert len(frame) == 2 * 2 * 25
    assert set(frame["seed"]) == {1, 2}
    sums = frame.groupby(["run", "query_position"])["weight"].sum()
    np.testing.assert_allclose(sums, 1.0, rtol=1e-14)
    means = load_metrics(sweep).groupby("run")["entropy"].mean()
    runs = load_runs(sweep).set_index("run")["entropy"]
    np.testing.assert_allclose(means[runs.index], runs, rtol=1e-14)


def test_groups_have_means_and_intervals(sweep: Path) -> None:
    plain, frame = load_runs(sweep), load_runs(sweep, over="seed")
    assert list(frame.columns)[:6] == [
        "attention.scale", "runs", "entropy", "entropy_se", "entropy_low", "entropy_high",
    ]  # fmt: skip
    assert frame["runs"].tolist() == [3, 3]
    for _, row in frame.iterrows():
        values = plain[plain["attention.scale"] == row["attention.scale"]]["entropy"]
        assert row["entropy"] == pytest.approx(values.mean(), rel=1e-14)
        assert row["entropy_se"] == pytest.approx(values.std() / 3**0.5, rel=1e-12)
        assert values.min() <= row["entropy_low"] < row["entropy"] < row["entropy_high"]
    assert load_runs(sweep, by="scale").equals(frame)


def test_bad_names_are_one_line(sweep: Path) -> None:
    for words, said in (
        (
            {"by": "sed"},
            "--by: no setting or metric called 'sed'; expected one of: attention.scale",
        ),
        (
            {"over": "entropy"},
            "--over: entropy is a metric; expected settings: attention.scale, seed",
        ),
        (
            {"where": "kind == 'x'"},
            "--where: 'kind' may be any of embeddings.kind, projection.kind;",
        ),
        ({"where": "seed > 9"}, "--where: none of 6 runs meets 'seed > 9'; seed is 1, 2, 3"),
    ):
        with pytest.raises(UserError) as caught:
            load_runs(sweep, **words)
        (line,) = caught.value.lines
        assert line.startswith(said)


def test_a_metric_that_is_undefined_for_long_is_read_where_it_is_not(tmp_path: Path) -> None:
    """More than a megabyte of rows without a duplicate token, then one with."""
    rows = [f"pinguins,0,0,{i},palavra,0.5,\n" for i in range(50_000)]
    head = "sentence,layer,head,query_position,query,entropy,duplicate_token\n"
    text = "".join([head, *rows, "pinguins,0,0,50000,palavra,1.0,0.25\n"])
    (tmp_path / "metrics.csv").write_text(text, encoding="utf-8")
    frame = read_frame(tmp_path / "metrics.csv")
    assert frame["duplicate_token"].isna().sum() == 50_000
    assert frame["duplicate_token"].iloc[-1] == 0.25
    assert frame["query_position"].dtype == np.int64
