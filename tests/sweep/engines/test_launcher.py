"""Hydra's launchers: submitit's, with jobs as processes of this machine, and one of them killed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import UserError
from pipeline.config.schema.config import Config
from pipeline.sweep.engines.launcher import launcher
from pipeline.sweep.entries import Entry, Task
from tests.command import pipeline
from tests.sweep.engines.test_engines import attempts, tasks, work
from tests.sweep.same import lasting

SWEEP = ["-m", "attention.scale=on,off", "attention.temperature=1,2,3", "plots=[]"]
LOCAL = ["hydra/launcher=submitit_local", "sweep.workers=2"]
extra = pytest.mark.extra
# submitit does not wait for the processes that it has the results of
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def broken(task: Task) -> Entry:
    """Ends the sweep, as a full disk does."""
    raise UserError("outputs: full")


@pytest.fixture
def launched(config_of: object, tmp_path: Path) -> Callable[..., Any]:
    """The engine, two jobs on this machine."""
    config: Config = config_of("sweep.workers=2")  # type: ignore[operator]
    return partial(
        launcher, settings=config.sweep, overrides=LOCAL, folder=tmp_path / "jobs", total=8
    )


@extra
def test_the_result_is_that_of_any_other_engine(tmp_path: Path) -> None:
    here = pipeline(*SWEEP, f"outputs={tmp_path}/here", "sweep.engine=inline")
    there = pipeline(*SWEEP, f"outputs={tmp_path}/there", *LOCAL)
    assert (here.code, there.code) == (0, 0)
    one, two = lasting(here.folder), lasting(there.folder)
    assert one.pop("plan.json") != two.pop("plan.json")  # which says how each was asked for
    assert one == two


@extra
def test_rows_come_back_too(tmp_path: Path) -> None:
    said = pipeline(*SWEEP, f"outputs={tmp_path}", *LOCAL, "sweep.store=metrics")
    assert said.code == 0
    assert not (said.folder / "runs").exists()
    assert (said.folder / "rows" / "00000.parquet").exists()


@extra
def test_a_job_that_dies_costs_its_run_alone_which_is_tried_once_more(
    launched: Callable[..., Any], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    lethal = partial(work, log=log, deadly=frozenset(["2"]))
    entries = {entry["run"]: entry for entry in launched(tasks(8), lethal)}
    assert {run for run, entry in entries.items() if entry["status"] == "failed"} == {"2"}
    assert set(entries) == set(map(str, range(8)))
    assert attempts(log) == {str(run): 2 if run == 2 else 1 for run in range(8)}
    assert (tmp_path / "jobs").exists()  # with what the job last said


@extra
def test_what_the_work_raises_ends_the_sweep(launched: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match="outputs: full"):
        list(launched(tasks(8), broken))


@extra
def test_slurm_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    said = pipeline(*SWEEP, f"outputs={tmp_path}", "hydra/launcher=submitit_slurm")
    assert said.code == 2
    assert said.err.startswith("hydra/launcher: no job ran (")
    assert said.err.count("\n") <= 2


@extra
def test_results_cannot_be_sent_back(tmp_path: Path) -> None:
    said = pipeline(*SWEEP, f"outputs={tmp_path}", *LOCAL, "sweep.results=return")
    assert said.code == 2
    assert said.err == (
        "sweep.results: got 'return' with hydra/launcher=submitit_local, whose jobs share a file "
        "system with the caller; expected shared\n"
    )
    assert not any(tmp_path.iterdir())
