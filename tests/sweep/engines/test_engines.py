"""Engines: every task once, whoever dies; one table of laws over the dict of engines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

import pytest

from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT
from pipeline.config.schema.config import Config
from pipeline.config.schema.sweep import ENGINES, SweepSettings
from pipeline.sweep.engines import load_engine
from pipeline.sweep.engines import local as local_engine
from pipeline.sweep.engines.batches import MAX_TASKS, Batches
from pipeline.sweep.entries import Entry, Task

EVERY = [pytest.param(n, marks=pytest.mark.extra if e.needs else ()) for n, e in ENGINES.items()]
ELSEWHERE = [engine for engine in EVERY if engine.values != ("inline",)]


def tasks(count: int) -> list[Task]:
    """Tasks that ask for nothing."""
    return [Task(str(number), "", {}, {}, (), "") for number in range(count)]


def work(task: Task, log: Path, deadly: frozenset[str] = frozenset(), once: bool = False) -> Entry:
    """Notes that it was called; kills its process on some tasks, `once` or each time."""
    tried = Counter(log.read_text().split()) if log.exists() else Counter()
    with log.open("a") as file:
        file.write(f"{task.run}\n")
    if task.run in deadly and not (once and tried[task.run]):
        os.kill(os.getpid(), signal.SIGKILL)
    return {"run": task.run, "status": "done"}


def broken(task: Task) -> Entry:
    """Ends the sweep, as a full disk does."""
    raise UserError("outputs: full", "and more")


@pytest.fixture
def settings(config_of: object) -> SweepSettings:
    """Two workers."""
    config: Config = config_of("sweep.workers=2")  # type: ignore[operator]
    return config.sweep


def attempts(log: Path) -> Counter[str]:
    """How often each task was begun."""
    return Counter(log.read_text().split())


@pytest.mark.parametrize("name", EVERY)
def test_every_task_has_its_entry_once(name: str, settings: SweepSettings, tmp_path: Path) -> None:
    entries = list(load_engine(name)(tasks(60), partial(work, log=tmp_path / "log"), settings))
    assert sorted(int(entry["run"]) for entry in entries) == list(range(60))
    assert set(attempts(tmp_path / "log").values()) == {1}
    assert list(load_engine(name)([], partial(work, log=tmp_path / "log"), settings)) == []


@pytest.mark.parametrize("name", EVERY)
def test_what_the_work_raises_ends_the_sweep(name: str, settings: SweepSettings) -> None:
    with pytest.raises(UserError) as caught:
        list(load_engine(name)(tasks(3), broken, settings))
    assert caught.value.lines == ("outputs: full", "and more")


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("deadly", [["0"], ["3", "30"]], ids=str)
def test_a_worker_that_dies_costs_its_run_alone_which_is_tried_once_more(
    name: str, settings: SweepSettings, tmp_path: Path, deadly: list[str]
) -> None:
    if name == "dask" and len(deadly) > 1:
        pytest.skip("Dask's nannies do not always replace workers that die in a row")
    log = tmp_path / "log"
    lethal = partial(work, log=log, deadly=frozenset(deadly))
    entries = {entry["run"]: entry for entry in load_engine(name)(tasks(60), lethal, settings)}
    assert set(entries) == set(map(str, range(60)))
    assert {run for run, entry in entries.items() if entry["status"] == "failed"} == set(deadly)
    for run in deadly:
        assert "died twice" in entries[run]["error"]
        assert attempts(log)[run] == 2


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_run_that_was_only_unlucky_is_done(
    name: str, settings: SweepSettings, tmp_path: Path
) -> None:
    unlucky = partial(work, log=tmp_path / "log", deadly=frozenset({"30"}), once=True)
    entries = list(load_engine(name)(tasks(60), unlucky, settings))
    assert {entry["status"] for entry in entries} == {"done"}
    assert attempts(tmp_path / "log")["30"] == 2


def test_the_death_of_a_worker_that_was_idle_for_long_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_engine, "IDLE", 1)
    lethal = partial(work, log=tmp_path / "log", deadly=frozenset({"1"}))
    worker = local_engine.Worker()
    try:
        assert worker.submit(lethal, tasks(1)).result(30)[0]["status"] == "done"
        time.sleep(3)
        with pytest.raises(BrokenProcessPool):
            worker.submit(lethal, tasks(2)[1:]).result(30)
    finally:
        worker.stop()


@pytest.mark.parametrize("name", EVERY)
def test_one_may_stop_listening(name: str, settings: SweepSettings, tmp_path: Path) -> None:
    entries = load_engine(name)(tasks(1000), partial(work, log=tmp_path / "log"), settings)
    next(entries)
    entries.close()
    assert len(attempts(tmp_path / "log")) < 1000


def test_a_batch_grows_with_what_runs_take_and_stays_below_its_bound() -> None:
    batches = Batches(tasks(5000))
    sizes = []
    while batch := batches.draw():
        sizes.append(len(batch))
        batches.took(len(batch), len(batch) * 1e-4)
    assert sizes[:5] == [1, 2, 4, 8, 16]
    assert max(sizes) == MAX_TASKS
    batches.took(10, 100.0)
    assert batches.size == 1


def test_a_batch_prepared_is_the_next_and_those_of_the_dead_come_before_it() -> None:
    batches = Batches(tasks(4))
    batches.prepare()
    batches.prepare()
    batches.died(tasks(1), index=0)
    drawn = []
    while batch := batches.draw():
        drawn += [task.run for task in batch]
    assert drawn == ["0", "0", "1", "2", "3"]


def test_of_a_dead_workers_batch_the_one_it_was_on_comes_again_by_itself() -> None:
    batches = Batches([])
    batch = tasks(4)
    assert batches.died(batch, index=2) is None
    assert [[t.run for t in batches.draw()] for _ in range(3)] == [["0", "1", "3"], ["2"], []]
    assert batches.died([batch[2]], index=0) is batch[2]
    assert batches.draw() == []


MASKS = """
import signal
from pipeline.sweep.engines.local import Worker, without_interrupts

workers = [Worker(), Worker()]
for worker in workers:
    with without_interrupts():
        worker.last = worker.executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ())
    print(signal.SIGINT in worker.last.result())
    worker.stop()
print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


def test_no_worker_hears_ctrl_c_and_not_the_first_either() -> None:
    """In a process of its own, where nothing has started multiprocessing's tracker yet."""
    said = subprocess.run([sys.executable, "-c", MASKS], cwd=ROOT, capture_output=True, text=True)
    assert (said.stdout.split(), said.stderr) == (["True", "True", "False"], "")
