"""The Makefile: what it lists, what it hands on, whom it refuses, and when it sets up anew.

A copy of it runs in a folder of its own, with interpreters that are scripts of a few lines: no
network, nothing installed, and the checkout is left alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.base.paths import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = dict(re.findall(r"^([a-z-]+):.*## (.*)$", MAKEFILE, flags=re.MULTILINE))
LOCKS = {"build": "requirements-build.lock", "base": "requirements.lock"} | {
    layer: f"requirements-{layer}.lock" for layer in ("dev", "glove", "cluster", "browser")
}
NEEDS = "Attention Lab needs Python 3.11, 3.12 or 3.13"
INSTALL = r"(sudo apt install python3\.\d+ python3\.\d+-venv|brew install python@3\.\d+)"
# Answers the probe; makes a .venv of itself; notes what pip is asked, and fails where told to.
INTERPRETER = """#!/bin/sh
case "$1 $2" in
    "-c "*) echo "{version} {venv} $0" ;;
    "-m venv")
        mkdir -p "$3/bin" "$3/lib/python{minor}/site-packages"
        cp "$0" "$3/bin/python"
        echo "version = {version}" >"$3/pyvenv.cfg"
        echo "venv" >>log ;;
    "-m pip")
        for last; do :; done
        echo "pip $last" >>log
        if [ "$(cat failing 2>/dev/null)" = "$last" ]; then echo "no network" >&2; exit 1; fi
        touch .venv/lib/python{minor}/site-packages/"$last" ;;
    *) echo "python $*" ;;
esac
"""


@dataclass(frozen=True)
class House:
    """A folder with a copy of the Makefile and its locks."""

    path: Path

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        """make WORDS, in an environment that holds nothing of this project."""
        env = {"PATH": f"{self.path}/bin:{os.environ['PATH']}", "HOME": str(self.path)}
        return subprocess.run(
            ["make", *words], cwd=self.path, env=env, capture_output=True, text=True
        )

    def interpreter(self, name: str, version: str = "3.12.4", venv: bool = True) -> str:
        """An interpreter of that version in this folder's bin/; its path."""
        script = self.path / "bin" / name
        minor = version.rpartition(".")[0]
        content = INTERPRETER.replace("{version}", version).replace("{minor}", minor)
        script.write_text(content.replace("{venv}", str(venv)), encoding="utf-8")
        script.chmod(0o755)
        return str(script)

    def log(self) -> list[str]:
        """What the interpreters were asked since the last time, in order."""
        file = self.path / "log"
        lines = file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def lock(self, layer: str) -> Path:
        """The lock of a layer."""
        return self.path / LOCKS[layer]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """With no interpreter that the Makefile would take."""
    made = House(tmp_path / "my house")  # a path with a space
    (made.path / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", made.path)
    for layer in LOCKS:
        made.lock(layer).write_text(f"{layer} 1\n", encoding="utf-8")
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        broken = made.path / "bin" / name
        broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        broken.chmod(0o755)
    return made


@pytest.fixture
def set_up(house: House) -> House:
    """With a .venv, made by an interpreter of version 3.12."""
    house.interpreter("python3")
    assert house.make("setup").returncode == 0
    house.log()
    return house


def test_help_lists_every_target_with_its_comment(house: House) -> None:
    assert {"run", "sweep", "plan", "compare", "test", "lint", "bench", "clean", "help"} <= set(
        TARGETS
    )
    for words in ([], ["help"]):
        done = house.make(*words)
        assert (done.returncode, done.stderr) == (0, "")
        listed = dict(re.findall(r"^  ([a-z-]+) +(.+)$", done.stdout, flags=re.MULTILINE))
        assert listed == TARGETS
        assert "Usage: make TARGET" in done.stdout


def test_every_target_of_the_users_has_a_comment() -> None:
    phony = re.findall(r"^\.PHONY: ([a-z -]+)$", MAKEFILE, flags=re.MULTILINE)
    assert set(phony[0].split()) == set(TARGETS)


def test_what_ci_calls_is_what_a_newcomer_may() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    prepares = ("#", "set ", "cd ", "command -v chromium >/dev/null || ")
    calls = [line for line in lines if line and not line.startswith(prepares)]
    assert {"make lint", "make test"} <= set(calls)
    assert all(re.fullmatch(r"make [a-z-]+", call) for call in calls)
    assert {call.split()[1] for call in calls} <= set(TARGETS)


def test_clean_leaves_outputs_and_git_alone(house: House) -> None:
    kept = ["outputs/a/run.json", "outputs/a/__pycache__/b.pyc", ".git/__pycache__/c", "Makefile"]
    gone = [".venv/bin/python", ".pytest_cache/a", "pipeline/__pycache__/a.pyc"]
    for name in kept[:-1] + gone:
        (house.path / name).parent.mkdir(parents=True, exist_ok=True)
        (house.path / name).touch()
    assert house.make("clean").returncode == 0
    assert all((house.path / name).exists() for name in kept)
    assert not any((house.path / name).exists() for name in gone)
    assert not (house.path / "pipeline" / "__pycache__").exists()


def refusal(house: House, *words: str) -> str:
    """The one line that says why not; nothing is left behind."""
    done = house.make(*words)
    assert done.returncode == 2
    first, *rest = done.stderr.splitlines()
    assert all(re.match(r"g?make(\[\d\])?: ", line) for line in rest)  # make's own word on it
    assert done.stdout == ""
    assert not (house.path / ".venv").exists()
    return first


@pytest.mark.parametrize("version", ["3.10.2", "3.14.0", "2.7.18", "3.1.5"])
def test_an_interpreter_out_of_range_is_refused_in_one_line(house: House, version: str) -> None:
    python = house.interpreter("old", version)
    line = refusal(house, "sweep", f"PYTHON={python}")
    expected = rf"{re.escape(python)} is {version}, and {NEEDS}: {INSTALL}, "
    assert re.fullmatch(expected + r"then PYTHON=python3\.\d+ make sweep", line)


def test_one_without_venv_is_refused_with_its_package(house: House) -> None:
    house.interpreter("python3", "3.11.9", venv=False)
    line = refusal(house, "test")
    expected = rf"python3 \(3\.11\.9\) lacks venv or ensurepip: {INSTALL}, "
    assert re.fullmatch(expected + r"then PYTHON=python3\.11 make test", line)
    assert "3.11" in line.partition(": ")[2].partition(",")[0]


def test_none_at_all_is_refused(house: House) -> None:
    line = refusal(house, "run", "PYTHON=nosuchpython")
    assert line.startswith(f"nosuchpython does not run, and {NEEDS}: ")


def test_one_that_would_do_is_named(house: House) -> None:
    python = house.interpreter("old", "3.9.1")
    house.interpreter("python3.12")
    line = refusal(house, "test", f"PYTHON={python}")
    assert line.endswith(", or choose the python3.12 that is here: PYTHON=python3.12 make test")


def test_an_unknown_extra_is_refused(house: House) -> None:
    done = house.make("setup", "EXTRAS=glov")
    assert done.returncode == 2
    assert "EXTRAS=glov: choose from dev glove cluster browser" in done.stderr
    assert not (house.path / ".venv").exists()


def test_set_up_installs_the_locks_in_order_and_keeps_copies_of_them(house: House) -> None:
    house.interpreter("python3")
    done = house.make("setup")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "Setting up .venv with Python 3.12.4 (once; about a minute) …\n"
    assert house.log() == ["venv", "pip requirements-build.lock", "pip requirements.lock"]
    for layer in ("build", "base"):
        stamp = house.path / ".venv" / "locks" / layer
        assert stamp.read_bytes() == house.lock(layer).read_bytes()


def test_it_is_not_set_up_again_while_the_locks_are_the_same(set_up: House) -> None:
    for layer in LOCKS:
        os.utime(set_up.lock(layer))  # a checkout touches files without changing them
    set_up.lock("dev").write_text("dev 2\n", encoding="utf-8")  # of a layer that is not there
    (set_up.path / "bin" / "python3").unlink()  # not even Python is asked
    done = set_up.make("setup")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert set_up.log() == []


def test_a_layer_is_added_to_what_is_there(set_up: House) -> None:
    assert set_up.make("setup", "EXTRAS=glove").returncode == 0
    assert set_up.log() == ["pip requirements-glove.lock"]
    assert set_up.make("setup", "EXTRAS=glove").stderr == ""
    assert set_up.log() == []


@pytest.mark.parametrize("layer", ["build", "base"])
def test_a_changed_lock_sets_up_anew_with_the_layers_that_were_there(
    set_up: House, layer: str
) -> None:
    set_up.make("setup", "EXTRAS=glove")
    set_up.log()
    set_up.lock(layer).write_text("changed\n", encoding="utf-8")
    assert set_up.make("setup").returncode == 0
    locks = ["requirements-build.lock", "requirements.lock", "requirements-glove.lock"]
    assert set_up.log() == ["venv", *(f"pip {lock}" for lock in locks)]
    assert set_up.make("setup").stderr == ""


def test_another_interpreter_sets_up_anew(set_up: House) -> None:
    set_up.interpreter("python3.13", "3.13.1")
    assert set_up.make("setup", "PYTHON=python3.13").returncode == 0
    assert set_up.log()[0] == "venv"
    # Asked for once more, it is the one that is there.
    assert set_up.make("setup", "PYTHON=python3.13").stderr == ""
    assert set_up.log() == []


def test_what_pip_left_unfinished_is_tried_again(house: House) -> None:
    house.interpreter("python3")
    (house.path / "failing").write_text("requirements.lock\n", encoding="utf-8")
    done = house.make("setup")
    assert done.returncode == 2
    assert "no network" in done.stderr
    assert "pip could not install requirements.lock (see above); the next make tries" in done.stderr
    house.log()
    (house.path / "failing").unlink()
    assert house.make("setup").returncode == 0
    assert house.log()[-1] == "pip requirements.lock"
    assert house.make("setup").stderr == ""


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["run"], ["-m pipeline"]),
        (
            ["run", "ARGS=attention.temperature=2 plots=[]"],
            ["-m pipeline attention.temperature=2 plots=[]"],
        ),
        (["sweep"], ["-m pipeline -m experiment=ablation"]),
        (
            ["sweep", "EXPERIMENT=no_scaling", "ARGS=seed=1,2"],
            ["-m pipeline -m experiment=no_scaling seed=1,2"],
        ),
        (["sweep", "RESUME=latest"], ["-m pipeline -m --resume latest"]),
        (
            ["plan", "EXPERIMENT=no_scaling", "ARGS=repeats=3"],
            ["-m pipeline -m --plan experiment=no_scaling repeats=3"],
        ),
        (["plan", "RESUME=latest"], ["-m pipeline -m --plan --resume latest"]),
        (["compare"], ["-m pipeline.compare"]),
        (
            ["compare", "RUNS=a b", "ARGS=--baseline a"],
            ["-m pipeline.compare a b --baseline a"],
        ),
        (["test", "ARGS=-k x"], ["-m pytest -n auto -k x"]),
        (["lint"], ["-m ruff format --check .", "-m ruff check .", "-m mypy"]),
        (["bench"], ["-m tests.bench"]),
    ],
)
def test_what_is_handed_on(set_up: House, words: list[str], asked: list[str]) -> None:
    (set_up.path / "p").touch()  # plots=[] is not a pattern of file names
    done = set_up.make(*words)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [f"python {one}" for one in asked]


def test_a_failing_command_fails_make(set_up: House) -> None:
    script = set_up.path / ".venv" / "bin" / "python"
    script.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    assert set_up.make("run").returncode != 0
