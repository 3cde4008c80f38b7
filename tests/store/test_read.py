"""Reading runs back: which folders are runs, and what is said of those that are none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.base.errors import UserError
from pipeline.store.read.find import find_runs
from pipeline.store.read.run import read_run
from pipeline.store.read.settings import flatten
from tests.command import pipeline


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two single runs and two sweeps of two runs."""
    folder = tmp_path_factory.mktemp("runs")
    for words in (
        ["seed=1"],
        ["seed=2"],
        ["-m", "sweep.engine=inline", "attention.temperature=1,2"],
        ["-m", "sweep.engine=inline", "attention.scale=on,off"],
    ):
        assert pipeline(*words, "plots=[]", f"outputs={folder}").code == 0
    return folder


@pytest.fixture
def run(outputs: Path, tmp_path: Path) -> Path:
    """A copy of a run, to be changed."""
    return Path(shutil.copytree(sorted(days(outputs).iterdir())[0], tmp_path / "run"))


def days(outputs: Path) -> Path:
    """The folder of single runs."""
    (folder,) = outputs.glob("2*")
    return folder


def test_a_run_folder_is_one_run(outputs: Path) -> None:
    folder = sorted(days(outputs).iterdir())[1]
    (run,) = find_runs([folder])
    assert run.settings["seed"] == 2
    assert run.settings["attention.scale"] == "sqrt_dk"
    assert run.choices["embeddings"] == "handmade"
    assert run.scalars["entropy"] == pytest.approx(1.5685, abs=1e-4)
    assert run.record["status"] == "done"
    assert run.name == str(folder)


def test_a_folder_of_runs_is_its_runs_in_order(outputs: Path) -> None:
    assert [run.settings["seed"] for run in find_runs([days(outputs)])] == [1, 2]


def test_a_sweep_is_its_runs_in_the_order_of_its_plan(outputs: Path) -> None:
    _, second = sorted((outputs / "sweeps").iterdir())
    # By name "none" would come first.
    assert [run.settings["attention.scale"] for run in find_runs([second])] == ["sqrt_dk", "none"]


def test_a_run_named_twice_is_one(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    day = days(outputs)
    monkeypatch.chdir(outputs)
    assert len(find_runs([day, sorted(day.iterdir())[0], Path(day.name)])) == 2


def test_without_a_path_it_is_the_newest_sweep(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "outputs").symlink_to(outputs)
    monkeypatch.setattr("pipeline.store.read.find.ROOT", tmp_path)
    assert {run.settings["attention.temperature"] for run in find_runs([])} == {1.0}


def test_an_unfinished_sweep_is_its_finished_runs(outputs: Path, tmp_path: Path) -> None:
    first = sorted((outputs / "sweeps").iterdir())[0]
    sweep = Path(shutil.copytree(first, tmp_path / "sweep"))
    plan = json.loads((sweep / "plan.json").read_text(encoding="utf-8"))
    second = sweep / "runs" / plan["runs"][1]["run"]
    (second / "run.json").write_text('{"status": "failed"}', encoding="utf-8")
    assert [run.settings["attention.temperature"] for run in find_runs([sweep])] == [1.0]


def text(run: Path, name: str, content: str) -> None:
    """Overwrites a file of a run."""
    (run / name).write_text(content, encoding="utf-8")


def changed(run: Path, **items: object) -> None:
    """Changes what run.json says."""
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    text(run, "run.json", json.dumps(about | items))


def without(run: Path, name: str) -> None:
    """Takes an item out of run.json."""
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    del about[name]
    text(run, "run.json", json.dumps(about))


# what befell the run, and what is said of it
SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "half a run": (
        lambda run: (run / "run.json").unlink(),
        "compare: {run} is not a finished run (its run.json does not say done)",
    ),
    "a failed run": (
        lambda run: changed(run, status="failed"),
        "compare: {run} is not a finished run (its run.json does not say done)",
    ),
    "another format": (
        lambda run: changed(run, format=99),
        "compare: {run} has records of format 99, expected one of: 1, 2",
    ),
    "no format": (
        lambda run: changed(run, format=None),
        "compare: {run} has records of format None, expected one of: 1, 2",
    ),
    "torn run.json": (
        lambda run: text(run, "run.json", '{"status": "do'),
        (
            "compare: cannot read {run}/run.json (Unterminated string starting at: "
            "line 1 column 12 (char 11))"
        ),
    ),
    "run.json of another kind": (
        lambda run: text(run, "run.json", "[1]"),
        "compare: cannot read {run}/run.json (got [1], expected a valid dictionary)",
    ),
    "no choices": (
        lambda run: without(run, "choices"),
        "compare: cannot read {run}/run.json (choices: is missing)",
    ),
    "choices of another kind": (
        lambda run: changed(run, choices={"attention": 1}),
        "compare: cannot read {run}/run.json (choices.attention: got 1, expected a valid string)",
    ),
    "notices of another kind": (
        lambda run: changed(run, notices="none"),
        "compare: cannot read {run}/run.json (notices: got 'none', expected a valid list)",
    ),
    "a scalar of another kind": (
        lambda run: text(run, "summary.json", '{"entropy": [1]}'),
        "compare: cannot read {run}/summary.json (entropy: got [1], expected a valid number)",
    ),
    "a scalar that is a truth": (
        lambda run: text(run, "summary.json", '{"entropy": null, "gini": true}'),
        "compare: cannot read {run}/summary.json (gini: got True, expected a valid number)",
    ),
    "torn summary.json": (
        lambda run: text(run, "summary.json", ""),
        "compare: cannot read {run}/summary.json (Expecting value: line 1 column 1 (char 0))",
    ),
    "no summary.json": (
        lambda run: (run / "summary.json").unlink(),
        (
            "compare: cannot read {run}/summary.json ([Errno 2] No such file or directory: "
            "'{run}/summary.json')"
        ),
    ),
    "no config": (
        lambda run: (run / ".hydra" / "config.yaml").unlink(),
        (
            "compare: cannot read {run}/.hydra/config.yaml ([Errno 2] No such file or directory: "
            "'{run}/.hydra/config.yaml')"
        ),
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_is_no_run_is_refused_by_name(case: str, run: Path) -> None:
    spoil, said = SPOILT[case]
    spoil(run)
    with pytest.raises(UserError) as caught:
        find_runs([run])
    assert caught.value.lines == (said.replace("{run}", str(run)),)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("{}", "runs: is missing"),
        ('{"runs": 1}', "runs: got 1, expected a valid list"),
        ('{"runs": [{}]}', "runs.0.run: is missing"),
        ('{"runs": [{"run": "a"}, 7]}', "runs.1: got 7, expected a valid dictionary"),
        ("[1]", "got [1], expected a valid dictionary"),
    ],
)
def test_a_plan_changed_by_hand_is_refused_by_name(plan: str, said: str, tmp_path: Path) -> None:
    text(tmp_path, "plan.json", plan)
    with pytest.raises(UserError) as caught:
        find_runs([tmp_path])
    assert caught.value.lines == (f"compare: cannot read {tmp_path}/plan.json ({said})",)


def test_a_point_that_is_the_same_as_none_is_refused_by_name(tmp_path: Path) -> None:
    text(tmp_path, "plan.json", '{"runs": [{"run": "a", "same_as": "a"}]}')
    (tmp_path / "runs").mkdir()
    said = "differs: is missing"
    with pytest.raises(UserError) as caught:
        read_run(tmp_path / "runs" / "a")
    assert caught.value.lines == (f"compare: cannot read {tmp_path}/plan.json ({said})",)
    twin = {"run": "a", "same_as": "a", "differs": {"settings": {}, "choices": {}}}
    text(tmp_path, "plan.json", json.dumps({"runs": [twin]}))
    with pytest.raises(UserError, match="runs/a is not a finished run"):
        read_run(tmp_path / "runs" / "a")


def test_folders_without_runs_are_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, said in (
        (
            tmp_path / "nowhere",
            "compare: no folder {}; expected a run, a sweep, a glob or latest:3",
        ),
        (run / "weights.csv", "compare: no folder {}; expected a run, a sweep, a glob or latest:3"),
        (
            tmp_path / "empty",
            "compare: {} holds no finished run; expected a run, a sweep, a glob or latest:3",
        ),
    ):
        with pytest.raises(UserError) as caught:
            find_runs([path])
        assert caught.value.lines == (said.format(path),)


def test_no_sweep_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pipeline.store.read.find.ROOT", tmp_path)
    with pytest.raises(UserError) as caught:
        find_runs([])
    said = "compare: no sweep in outputs/sweeps; make one with: make sweep"
    assert caught.value.lines == (said,)


def test_dotted_names() -> None:
    nested = {"a": {"b": {"c": 1}, "d": ["é", 2]}, "e": None}
    assert flatten(nested) == {"a.b": "c=1", "a.d": "é + 2", "e": "none"}
    table = {"embeddings": {"table": {"Os": [1, 0]}}}
    assert flatten(table) == {"embeddings.table.Os": "1, 0"}  # the user's own names are keys
