"""SIGKILL at any moment, then resume: the result of a sweep that was never interrupted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.base.paths import ROOT
from tests.command import pipeline
from tests.sweep.same import lasting

SWEEP = ["-m", "attention.scale=on,off", "seed=range(12)", "projection=random", "figures.dpi=36",
         "plots=[heatmap]", "sweep.workers=2"]  # fmt: skip
RUNS = 24


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a sweep that was never interrupted."""
    said = pipeline(*SWEEP, f"outputs={tmp_path_factory.mktemp('finished')}")
    assert said.code == 0
    return lasting(said.folder)


def begun(outputs: Path) -> subprocess.Popen[bytes]:
    """The sweep, in a process of its own."""
    words = [sys.executable, "-m", "pipeline", *SWEEP, f"outputs={outputs}"]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for_lines(ledger: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Until so many runs have ended, or the sweep has."""
    while process.poll() is None:
        if ledger.exists() and ledger.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(20))
def test_killed_and_resumed_byte_for_byte(
    finished: dict[str, bytes], tmp_path: Path, moment: int
) -> None:
    chance = random.Random(moment)
    with begun(tmp_path) as process:
        while process.poll() is None and not list(tmp_path.glob("sweeps/*/plan.json")):
            time.sleep(0.005)
        (folder,) = (tmp_path / "sweeps").iterdir()
        wait_for_lines(folder / "ledger.jsonl", chance.randrange(RUNS), process)
        time.sleep(chance.uniform(0, 0.1))
        os.kill(process.pid, signal.SIGKILL)  # its workers are left to themselves
        process.wait()
    said = pipeline("-m", "--resume", str(folder))
    assert (said.code, said.folder) == (0, folder)
    assert lasting(folder) == finished


# Ctrl-C as a terminal sends it, to the whole process group, when the fourth run has ended.
INTERRUPTED = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it is ignored from the start

from pipeline.__main__ import main
from pipeline.sweep.execute import execute

progress = execute.progress

def interrupted(entries, total):
    for count, entry in enumerate(progress(entries, total), start=1):
        yield entry
        if count == 4:
            os.killpg(0, signal.SIGINT)

execute.progress = interrupted
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_keeps_what_is_done_and_leaves_no_worker(
    finished: dict[str, bytes], tmp_path: Path
) -> None:
    words = [sys.executable, "-c", INTERRUPTED, *SWEEP, f"outputs={tmp_path}"]
    with subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        out, err = process.communicate()
    (folder,) = (tmp_path / "sweeps").iterdir()
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    done = len(list(folder.glob("runs/*/run.json")))
    assert 4 <= done < RUNS
    last = err.splitlines()[-1]
    assert (
        last == f"Interrupted: {done} of {RUNS} runs are done. To go on: make sweep RESUME={folder}"
    )
    assert all_gone(process.pid)
    assert not list(folder.rglob("*.part"))
    assert pipeline("-m", "--resume", str(folder)).code == 0
    assert lasting(folder) == finished


def all_gone(group: int) -> bool:
    """Whether nobody is left of a process group, after half a minute at the latest."""
    for _ in range(600):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_four_at_once_have_a_folder_each(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pipeline", "plots=[]", f"outputs={tmp_path}"]
    started = [
        subprocess.Popen([*words, f"name=n{number % 2}"], cwd=ROOT, stdout=subprocess.PIPE)
        for number in range(4)
    ]
    folders = {process.communicate()[0].splitlines()[-1] for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert len(folders) == 4
    assert all((Path(os.fsdecode(folder)) / "run.json").exists() for folder in folders)
