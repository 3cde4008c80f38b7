"""dask: a scheduler and two workers as processes of their own, and one of them killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT
from pipeline.sweep.engines import require
from pipeline.sweep.engines.dask import Workers
from tests.command import pipeline
from tests.sweep.same import lasting

SWEEP = ["-m", "attention.scale=on,off", "seed=range(100)", "projection=random", "plots=[]"]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The scheduler's address, and two workers without nannies."""
    dask, file = [sys.executable, "-m", "dask"], tmp_path / "scheduler.json"
    scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                 "--scheduler-file", file]  # fmt: skip
    worker = [*dask, "worker", "--scheduler-file", file, "--nthreads", "1", "--no-nanny",
              "--no-dashboard", "--host", "127.0.0.1", "--local-directory", tmp_path]  # fmt: skip
    with ExitStack() as stack:
        started = []
        for words in (scheduler, worker, worker):
            process = subprocess.Popen(words, cwd=ROOT, **QUIET)  # type: ignore[call-overload]
            started.append(process)
            stack.callback(process.wait)
            stack.callback(process.kill)
            while not file.exists() and process.poll() is None:
                time.sleep(0.05)
        yield json.loads(file.read_text())["address"], started[1:]


@pytest.mark.extra
@pytest.mark.parametrize("results", ["shared", "return"])
def test_with_a_worker_killed_in_the_middle_the_result_is_the_same(
    tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]], results: str
) -> None:
    address, workers = cluster
    finished = lasting(pipeline(*SWEEP, f"outputs={tmp_path}/finished").folder)
    words = [sys.executable, "-m", "pipeline", *SWEEP, f"outputs={tmp_path}/dask",
             "sweep.engine=dask", f"sweep.dask.address={address}",
             f"sweep.results={results}"]  # fmt: skip
    with subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        lines = 0
        while process.poll() is None and lines < 20:
            for ledger in tmp_path.glob("dask/sweeps/*/ledger.jsonl"):
                lines = ledger.read_bytes().count(b"\n")
            time.sleep(0.01)
        os.kill(workers[0].pid, signal.SIGKILL)
        out, err = process.communicate()
    assert process.returncode == 0, err
    made = lasting(Path(out.splitlines()[-1]))
    plans = [json.loads(files.pop("plan.json"))["runs"] for files in (finished, made)]
    assert plans[0] == plans[1]
    assert made == finished


@pytest.mark.extra
def test_an_address_where_nobody_answers_is_a_fault(tmp_path: Path) -> None:
    said = pipeline(
        *SWEEP, "sweep.engine=dask", "sweep.dask.address=tcp://127.0.0.1:9", f"outputs={tmp_path}"
    )
    assert said.code == 2
    assert said.err.startswith(
        "sweep.dask.address: no scheduler answers at tcp://127.0.0.1:9; expected one started with: "
        "dask scheduler\n"
    )


def test_without_the_extra_one_line_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sweep.engines.load.find_spec", lambda name: None)
    said = pipeline(*SWEEP, "sweep.engine=dask", f"outputs={tmp_path}")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "sweep.engine: dask needs distributed, which is not installed; "
        "expected: make setup EXTRAS=cluster\n"
    )
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError):
        require("dask")
    monkeypatch.setattr("pipeline.sweep.engines.load.find_spec", find_spec)
    require("local")


@pytest.mark.extra
def test_workers_are_there_whatever_the_client_last_heard(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client asks for a summary without workers by its own clock, at any moment."""
    import distributed

    update = distributed.Client._update_scheduler_info

    async def and_at_once_by_the_clock(client: Any, n_workers: int = 0) -> None:
        await update(client, n_workers=n_workers)
        await update(client, n_workers=0)

    monkeypatch.setattr(distributed.Client, "_update_scheduler_info", and_at_once_by_the_clock)
    workers = Workers()
    with distributed.Client(cluster[0]) as client:
        client.wait_for_workers(2, timeout=60)
        workers.update(client)
    assert len(workers.since) == 2
