"""sweep.store=metrics: no run folders, but the same numbers, the same resume, the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import load_runs
from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT
from pipeline.compare.causes.attribution import attribute
from pipeline.compare.multiples import grids
from pipeline.compare.pair.difference import difference
from pipeline.config.compose import hydra
from pipeline.store.ledger import Ledger
from pipeline.store.read.find import find_runs
from pipeline.sweep.plan.plan import make_plan
from pipeline.sweep.results.shard_rows import column_type, types_of
from tests.command import Said, contents, pipeline, read_csv
from tests.sweep.same import lasting

SWEEP = ["-m", "attention.scale=on,off,0.25", "attention.temperature=0.5,2", "plots=[entropy]",
         "figures.dpi=36"]  # fmt: skip
INLINE = "sweep.engine=inline"
ROWS = "sweep.store=metrics"


@pytest.fixture(scope="module")
def with_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep with a folder a run."""
    return pipeline(*SWEEP, INLINE, f"outputs={tmp_path_factory.mktemp('all')}").folder


def swept(tmp_path: Path, *more: str) -> Said:
    """The sweep with a row a run."""
    return pipeline(*SWEEP, INLINE, ROWS, f"outputs={tmp_path}", *more)


@pytest.fixture
def three_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of three rows."""
    monkeypatch.setattr("pipeline.sweep.results.shard_rows.ROWS", 3)


def test_there_are_rows_and_no_run_folders(
    tmp_path: Path, with_folders: Path, three_a_shard: None
) -> None:
    folder = swept(tmp_path).folder
    assert sorted(path.name for path in (folder / "rows").iterdir()) == [
        "00000.parquet",
        "00001.parquet",
    ]
    assert not (folder / "runs").exists()
    assert read_csv(folder / "summary.csv") == read_csv(with_folders / "summary.csv")


def test_the_shards_are_one_table_in_the_order_of_the_plan(
    tmp_path: Path, three_a_shard: None
) -> None:
    folder = swept(tmp_path).folder
    table = pd.read_parquet(folder / "rows")
    plan = json.loads((folder / "plan.json").read_text())["runs"]
    assert list(table["run"]) == [run["run"] for run in plan]
    assert list(table["same_as"]) == [run.get("same_as", "") for run in plan]
    assert list(table["key"]) == [run["key"] for run in plan]
    assert list(table["attention.temperature"]) == [0.5, 2.0] * 3
    assert list(table["attention.scale"]) == ["sqrt_dk"] * 2 + ["none"] * 2 + ["0.25"] * 2
    summary = read_csv(folder / "summary.csv")
    assert list(table["entropy"]) == [float(row["entropy"]) for row in summary]


def test_comparing_them_is_comparing_run_folders(tmp_path: Path, with_folders: Path) -> None:
    rows, folders = load_runs(swept(tmp_path).folder), load_runs(with_folders)
    assert list(rows.columns) == list(folders.columns)
    pd.testing.assert_frame_equal(rows.drop(columns="run"), folders.drop(columns="run"))
    assert [Path(run).name for run in rows["run"]] == [Path(run).name for run in folders["run"]]


def test_two_of_them_differ_and_for_the_same_causes_as_run_folders(
    tmp_path: Path, with_folders: Path
) -> None:
    rows, runs = find_runs([swept(tmp_path).folder]), find_runs([with_folders])
    found = difference(rows[0], rows[-1])
    names = rows[0].folder.name, rows[-1].folder.name
    assert found.notes == (
        (
            f"Weights not subtracted: {names[0]} has sweep.store=metrics, {names[1]} has "
            "sweep.store=metrics, and only sweep.store=all with attention.retain=full keeps them "
            "all."
        ),
    )
    assert [(c.name, c.before, c.after) for c in found.metrics] == [
        (c.name, c.before, c.after) for c in difference(runs[0], runs[-1]).metrics
    ]
    parts, same = (attribute(one[0], one[-1], ["entropy"]).parts for one in (rows, runs))
    np.testing.assert_array_equal(parts, same)
    assert np.abs(parts).min() > 0
    with pytest.raises(UserError, match=r"sweep\.store=all with attention\.retain=full keeps them"):
        list(grids(rows, "scale,temperature"))


def test_a_broken_shard_is_named(tmp_path: Path) -> None:
    folder = swept(tmp_path).folder
    (folder / "rows" / "00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"compare: cannot read .*rows/00000\.parquet"):
        load_runs(folder)


def test_what_the_ledger_lacks_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, three_a_shard: None
) -> None:
    folder = swept(tmp_path).folder
    whole, lines = lasting(folder), (folder / "ledger.jsonl").read_text().splitlines()
    (folder / "ledger.jsonl").write_text("\n".join([*lines[:2], "garbage", *lines[4:]]))
    (folder / "rows" / "00001.parquet").unlink()
    assert pipeline("-m", "--resume", str(folder)).code == 0
    assert lasting(folder) == whole
    assert len((folder / "ledger.jsonl").read_text().splitlines()) == len(lines) + 1


def test_a_failure_keeps_its_traceback_in_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.sweep.execute.tasks.compute", broken)
        said = swept(tmp_path)
    assert said.code == 1
    entries = Ledger(said.folder / "ledger.jsonl").entries().values()
    assert all(entry["error"] == "no" for entry in entries)
    assert all(entry["traceback"].startswith("Traceback") for entry in entries)
    assert not (said.folder / "rows").exists()
    assert pipeline("-m", "--resume", str(said.folder)).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(4))
def test_killed_and_resumed_byte_for_byte(tmp_path: Path, moment: int) -> None:
    words = ["-m", "seed=range(300)", "projection=random", "attention.scale=on,off", ROWS,
             "sweep.workers=2"]  # fmt: skip
    finished = lasting(pipeline(*words, f"outputs={tmp_path}/finished").folder)
    command = [sys.executable, "-m", "pipeline", *words, f"outputs={tmp_path}/killed"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet) as process:
        lines = 0
        while process.poll() is None and lines < 1 + 140 * moment:
            for ledger in tmp_path.glob("killed/sweeps/*/ledger.jsonl"):
                lines = ledger.read_bytes().count(b"\n")
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    (folder,) = (tmp_path / "killed" / "sweeps").iterdir()
    assert pipeline("-m", "--resume", str(folder)).code == 0
    assert lasting(folder) == finished


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, False], "bool"),
        ([1, 2], "int64"),
        ([1, 2.5], "float64"),
        ([1, "none"], "string"),
        ([True, 1], "string"),
        (["a"], "string"),
    ],
)
def test_a_column_has_the_narrowest_type_that_keeps_its_values(
    values: list[object], expected: str
) -> None:
    assert column_type(values) == expected


def test_one_type_for_all_shards() -> None:
    with hydra():
        points = make_plan(["attention.scale=on,0.5", "seed=1,2"]).points
    assert types_of(points) == {"attention.scale": "string", "seed": "int64"}


# --- results: return -----------------------------------------------------------------------------


def test_returned_runs_are_the_runs_written_where_they_are_made(
    tmp_path: Path, with_folders: Path
) -> None:
    folder = pipeline(*SWEEP, INLINE, "sweep.results=return", f"outputs={tmp_path}").folder
    one, two = lasting(folder), lasting(with_folders)
    plans = [json.loads(files.pop("plan.json"))["runs"] for files in (one, two)]
    assert plans[0] == plans[1]
    assert one == two
    assert len(contents(folder)) > len(plans[0]) * 6


def test_returned_failures_leave_their_traceback_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("pipeline.sweep.execute.tasks.compute", broken)
    said = pipeline(*SWEEP, INLINE, "sweep.results=return", f"outputs={tmp_path}")
    assert said.code == 1
    tracebacks = list(said.folder.glob("runs/*/traceback.txt"))
    assert len(tracebacks) == 5  # one of the six runs is the same as another
    assert "RuntimeError: no" in tracebacks[0].read_text()


def test_numbers_are_those_of_numpy() -> None:
    from pipeline.metrics import mean_defined

    values = np.random.default_rng(0).standard_normal((3, 7))
    assert mean_defined(values) == np.nanmean(values)
    values[1, 2:5] = np.nan
    assert mean_defined(values) == np.nanmean(values)
    assert np.isnan(mean_defined([np.nan]))
