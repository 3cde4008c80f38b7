"""A sweep carried out: what each run leaves, and what a failure does to the rest."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.base.records import Result
from pipeline.config.schema.config import Config
from pipeline.runs.job import Job, compute, record
from pipeline.store.ledger import Ledger
from tests.command import Said, contents, pipeline, read_csv

SWEEP = ["-m", "attention.scale=on,off", "attention.temperature=0.5,2", "plots=[]"]
INLINE = "sweep.engine=inline"  # where what a test puts in the place of something is seen


def sweep(tmp_path: Path, *more: str) -> Said:
    """Four runs without figures, in this process."""
    return pipeline(*SWEEP, INLINE, f"outputs={tmp_path}/out", *more)


def broken_at(temperature: float, error: BaseException) -> Any:
    """`compute`, but for one temperature."""

    def work(job: Job) -> tuple[Result, float]:
        if job.config.attention.temperature == temperature:
            raise error
        return compute(job)

    return work


def entries(folder: Path) -> list[dict[str, Any]]:
    """The lines of the ledger."""
    lines = (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def plan_of(folder: Path) -> dict[str, Any]:
    """plan.json."""
    found: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return found


def test_a_sweep_leaves_its_plan_ledger_summary_and_runs(tmp_path: Path) -> None:
    said = sweep(tmp_path)
    assert said.code == 0
    folder = said.folder
    assert re.fullmatch(
        r"sweeps/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.\d{6}_pinguins",
        folder.relative_to(tmp_path / "out").as_posix(),
    )
    plan = plan_of(folder)
    names = [run["run"] for run in plan["runs"]]
    assert {path.partition("/")[0] for path in contents(folder)} == {
        "ledger.jsonl", "plan.json", "report.html", "runs", "runs.csv", "summary.csv",
    }  # fmt: skip
    assert sorted(names) == sorted(path.name for path in (folder / "runs").iterdir())
    for run in plan["runs"]:
        about = json.loads((folder / "runs" / run["run"] / "run.json").read_text(encoding="utf-8"))
        assert (about["status"], about["key"]) == ("done", run["key"])
    assert re.search(r"^4 of 4 runs, \d+ s\n\Z", said.err, flags=re.MULTILINE)


def test_the_plan_says_what_was_asked_and_every_run(tmp_path: Path) -> None:
    plan = plan_of(sweep(tmp_path).folder)
    assert plan["overrides"] == [*SWEEP[1:], INLINE]
    assert plan["study"] is None
    assert plan["axes"] == [
        {"settings": ["attention.scale"], "values": [["on"], ["off"]]},
        {"settings": ["attention.temperature"], "values": [["0.5"], ["2"]]},
    ]
    assert [run["run"].rpartition("-")[0] for run in plan["runs"]] == [
        f"scale-{scale}_temperature-{temperature}"
        for scale in ("sqrt_dk", "none")
        for temperature in (0.5, 2.0)
    ]
    for run in plan["runs"]:
        assert run["run"].endswith(run["key"][:10])
    assert {"code", "commit", "dirty", "versions", "format"} <= set(plan)


def test_the_ledger_has_a_line_a_run_in_order(tmp_path: Path) -> None:
    folder = sweep(tmp_path).folder
    found = entries(folder)
    planned = [(run["run"], run["key"], "done") for run in plan_of(folder)["runs"]]
    assert [(entry["run"], entry["key"], entry["status"]) for entry in found] == planned
    assert all(entry["seconds"] >= 0 for entry in found)


def test_a_run_of_a_sweep_is_the_single_run_of_its_overrides(tmp_path: Path) -> None:
    folder = sweep(tmp_path).folder
    run = plan_of(folder)["runs"][2]
    overrides = yaml.safe_load((folder / "runs" / run["run"] / ".hydra/overrides.yaml").read_text())
    single = pipeline(*overrides, f"outputs={tmp_path}/out").folder
    one, two = contents(folder / "runs" / run["run"]), contents(single)
    records = [json.loads(files.pop("run.json")) for files in (one, two)]
    assert one == two
    assert records[0]["key"] == records[1]["key"]


@pytest.mark.parametrize("error", [RuntimeError("a bug\nin this project"), ZeroDivisionError()])
def test_a_failing_run_is_kept_on_record_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("pipeline.sweep.execute.tasks.compute", broken_at(0.5, error))
    said = sweep(tmp_path)
    told = "a bug" if str(error) else "ZeroDivisionError()"
    assert said.code == 1
    found = entries(said.folder)
    assert [entry["status"] for entry in found] == ["failed", "done", "failed", "done"]
    assert [entry["error"] for entry in found if "error" in entry] == [told, told]
    for entry in found:
        run = said.folder / "runs" / entry["run"]
        status = json.loads((run / "run.json").read_text(encoding="utf-8"))["status"]
        assert status == entry["status"]
        assert (run / "traceback.txt").exists() == (status == "failed")
        if status == "failed":
            text = (run / "traceback.txt").read_text(encoding="utf-8")
            assert text.startswith("Traceback (most recent call last)")
            assert type(error).__name__ in text
            assert f"Failed: {entry['run']}: {told}\n" in said.err  # when it happened
            path = f"{run}/traceback.txt"
            assert f"Failed: {entry['run']}: {told} (see {path})" in said.out.splitlines()
    # What is done is summarized.
    rows = read_csv(said.folder / "summary.csv")
    assert [row["attention.temperature"] for row in rows] == ["2.0", "2.0"]
    assert "4 of 4 runs, 2 failed" in said.err
    assert f"To run what failed or is missing: make sweep RESUME={said.folder}" in said.out


def test_a_failing_figure_fails_its_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(result: Result, config: Config) -> Iterator[Any]:
        if config.attention.temperature == 2:
            raise RuntimeError("no ink")
        yield from ()

    monkeypatch.setattr("pipeline.runs.job.draw", broken)
    said = sweep(tmp_path)
    assert said.code == 1
    assert [entry["status"] for entry in entries(said.folder)] == ["done", "failed"] * 2


def test_where_every_run_fails_there_is_no_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sweep.execute.tasks.compute", broken_at(0.5, RuntimeError("x")))
    said = pipeline(
        "-m", "attention.temperature=0.5", "plots=[]", INLINE, f"outputs={tmp_path}/out"
    )
    assert said.code == 1
    assert not (said.folder / "summary.csv").exists()


def test_a_disk_that_fills_up_ends_the_sweep_and_keeps_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes, seen = Path.write_bytes, []

    def full(path: Path, content: bytes) -> int:
        seen.append(path)
        if len(seen) > 13:  # the plan, one run and the beginning of the next
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    said = sweep(tmp_path)
    assert (said.code, said.out) == (2, "")
    assert re.fullmatch(
        r"outputs: cannot write to \S+ \(No space left on device\); "
        r"set outputs= to another place\n"
        r"1 of 4 runs are done and kept; to go on, once there is room: make sweep RESUME=\S+\n",
        said.err,
    )
    (folder,) = (tmp_path / "out" / "sweeps").iterdir()
    (done,) = entries(folder)
    assert done["status"] == "done"
    # The run on the way when the disk filled up is gone, whole.
    assert [path.name for path in (folder / "runs").iterdir()] == [done["run"]]


def test_what_is_done_on_a_full_disk_is_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The third run is there and its line no longer fits; somebody has deleted the first.
    append = Ledger.append

    def full(ledger: Ledger, entry: Mapping[str, Any]) -> None:
        entered = list(ledger.entries())
        if len(entered) == 2:
            shutil.rmtree(ledger.path.parent / "runs" / entered[0])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(ledger, entry)

    monkeypatch.setattr(Ledger, "append", full)
    said = sweep(tmp_path)
    (folder,) = (tmp_path / "out" / "sweeps").iterdir()
    assert len(list((folder / "runs").iterdir())) == 2
    assert "\n2 of 4 runs are done and kept; " in said.err
    shutil.rmtree(folder / "runs")
    (folder / "runs").write_text("in the way", encoding="utf-8")
    said = pipeline("-m", "--resume", str(folder), INLINE)
    assert (said.code, said.out) == (2, "")
    assert "\n0 of 4 runs are done and kept; " in said.err


def test_a_disk_full_from_the_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    said = sweep(tmp_path)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert [path for path in tmp_path.rglob("*") if path.name not in ("out", "sweeps")] == []


def test_the_ledger_and_not_the_engine_says_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The summary is rebuilt from what was written down.
    append = Ledger.append

    def forgetful(ledger: Ledger, entry: Mapping[str, Any]) -> None:
        if "temperature-2.0" in entry["run"]:
            append(ledger, entry)

    monkeypatch.setattr(Ledger, "append", forgetful)
    said = sweep(tmp_path)
    rows = read_csv(said.folder / "summary.csv")
    assert [row["attention.temperature"] for row in rows] == ["2.0", "2.0"]


def test_a_sweep_without_m_where_an_experiment_asks_for_one(tmp_path: Path) -> None:
    said = pipeline(
        "experiment=temperature", "attention.temperature=1", "plots=[]", f"outputs={tmp_path}/out"
    )
    assert said.folder.parent.name == "sweeps"
    assert len(entries(said.folder)) == 1


def test_twice_the_same_sweep_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (sweep(tmp_path, "plots=[entropy]", "figures.dpi=40") for _ in range(2))
    one, two = contents(first.folder), contents(second.folder)
    assert list(one) == list(two)
    differing = [name for name in one if one[name] != two[name]]
    assert {Path(name).name for name in differing} <= {"run.json", "ledger.jsonl"}
    assert any(name.startswith("figures/") for name in one)


def test_nan_in_a_summary_is_an_empty_cell(tmp_path: Path) -> None:
    # One token: the normalized entropy is 0/0, not a number.
    said = pipeline(
        "-m", "sentences.text=Os", "projection=random", "seed=1,2", "plots=[]",
        "metrics=[entropy_normalized]", f"outputs={tmp_path}/out",
    )  # fmt: skip
    rows = read_csv(said.folder / "summary.csv")
    assert [row["entropy_normalized"] for row in rows] == ["", ""]
    for row in rows:
        run = said.folder / "runs" / row["run"]
        assert json.loads((run / "summary.json").read_text()) == {
            "entropy_normalized": None,
            "entropy_normalized_uniform": None,
        }


def test_a_folder_that_an_orphan_made_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The orphan of a killed sweep is done with a run just before the one that resumes it."""
    plain = sweep(tmp_path / "plain").folder

    def late(job: Job, result: Result, beside: Path, seconds: float) -> None:
        record(job, result, beside, seconds)
        orphan = beside.with_name(beside.name.split(".", 1)[1].rsplit(".", 2)[0])
        orphan.mkdir()
        record(job, result, orphan, seconds)
        (orphan / "mark").touch()

    monkeypatch.setattr("pipeline.sweep.execute.tasks.record", late)
    said = sweep(tmp_path / "raced")
    assert said.code == 0
    runs = said.folder / "runs"
    assert len(list(runs.glob("*/mark"))) == len(entries(said.folder)) == 4
    assert not list(runs.glob(".*"))
    assert (said.folder / "summary.csv").read_bytes() == (plain / "summary.csv").read_bytes()


def test_a_worker_of_another_checkout_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pipeline.sweep.execute.execute.code_version", lambda: "of another checkout"
    )
    said = sweep(tmp_path)
    assert said.code == 1
    assert {entry["error"] for entry in entries(said.folder)} == {
        "the code of this worker is not the code that the sweep was planned with"
    }
