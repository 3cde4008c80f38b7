"""The Makefile: its targets, what it passes on, whom it refuses, and when it sets up again.

A copy of it runs in a temporary folder with fake interpreters: no network, nothing installed.
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
EXTRAS = ("dev", "glove", "cluster", "browser")
BASE = ["requirements-build.lock", "requirements.lock"]
GLOVE = "requirements-glove.lock"
# Answers the version probe, makes a .venv of itself and logs what pip is to install. pip fails,
# or is killed halfway, on the lock that the file `failing` or `killed` names.
INTERPRETER = """#!/bin/sh
site=.venv/lib/python{version}/site-packages
for last; do :; done
case "$1 $2" in
    "-c "*) echo {version}; exit {status} ;;
    "-m venv")
        rm -rf .venv
        mkdir -p .venv/bin $site
        cp "$0" .venv/bin/python
        echo venv >>log ;;
    "-m pip")
        echo "$last" >>log
        if [ "$(cat failing 2>/dev/null)" = "$last" ]; then echo "no network" >&2; exit 1; fi
        touch "$site/$last"
        if [ "$(cat killed 2>/dev/null)" = "$last" ]; then kill -9 $$; fi ;;
    *) echo "python $*" ;;
esac
"""


@dataclass(frozen=True)
class Checkout:
    """A folder with a copy of the Makefile and fake locks."""

    path: Path

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run make without the variables of the surrounding make or shell."""
        env = {"PATH": f"{self.path}/bin:{os.environ['PATH']}", "HOME": str(self.path)}
        return subprocess.run(
            ["make", *arguments], cwd=self.path, env=env, capture_output=True, text=True
        )

    def installs(self, *arguments: str) -> list[str]:
        """What `make ARGUMENTS`, which must succeed, makes and installs, in order."""
        result = self.make(*arguments)
        assert (result.returncode, result.stdout) == (0, ""), result.stderr
        return self.pop_log()

    def pop_log(self) -> list[str]:
        log = self.path / "log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")

    def add_interpreter(self, name: str, version: str, status: int = 0) -> None:
        """Put a fake interpreter on PATH; the probe exits with `status`."""
        script = INTERPRETER.replace("{version}", version).replace("{status}", str(status))
        self.write(f"bin/{name}", script)
        (self.path / "bin" / name).chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh clone, with Python 3.12, in a folder whose name has a space."""
    checkout = Checkout(tmp_path / "my clone")
    (checkout.path / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", checkout.path)
    for lock in [*BASE, *(f"requirements-{extra}.lock" for extra in EXTRAS)]:
        checkout.write(lock, f"{lock} 1\n")
    checkout.add_interpreter("python3", "3.12")
    return checkout


@pytest.fixture
def set_up(checkout: Checkout) -> Checkout:
    """The same after `make setup`."""
    assert checkout.installs("setup") == ["venv", *BASE]
    return checkout


def test_help_lists_every_target(checkout: Checkout) -> None:
    phony = re.findall(r"^\.PHONY: ([a-z -]+)$", MAKEFILE, flags=re.MULTILINE)
    assert set(phony[0].split()) == set(TARGETS)
    result = checkout.make()
    assert (result.returncode, result.stderr) == (0, "")
    assert dict(re.findall(r"^  ([a-z-]+) +(.+)$", result.stdout, flags=re.MULTILINE)) == TARGETS
    assert result.stdout == checkout.make("help").stdout


def test_ci_calls_nothing_but_targets() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    preparation = ("#", "set ", "cd ", "command -v chromium >/dev/null || ")
    calls = {line for line in lines if line and not line.startswith(preparation)}
    assert {"make lint", "make test"} <= calls <= {f"make {target}" for target in TARGETS}


def test_clean_leaves_outputs_and_git_alone(checkout: Checkout) -> None:
    kept = ["outputs/a/run.json", "outputs/a/__pycache__/b.pyc", ".git/__pycache__/c"]
    removed = [".venv/bin/python", ".pytest_cache/a", "pipeline/__pycache__/a.pyc"]
    for name in kept + removed:
        (checkout.path / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.path / name).touch()
    assert checkout.make("clean").returncode == 0
    assert all((checkout.path / name).exists() for name in kept)
    assert not any((checkout.path / name).parent.exists() for name in removed[1:])
    assert not (checkout.path / ".venv").exists()


@pytest.mark.parametrize(
    ("version", "status", "reason"),
    [
        ("3.10", 0, "3.10"),
        ("3.14", 0, "3.14"),
        ("2.7", 1, "2.7 without venv"),
        ("3.1", 0, "3.1"),
        ("3.11", 1, "3.11 without venv"),
        ("", 1, "not there"),
    ],
)
def test_unsuitable_python_is_refused_in_one_line(
    checkout: Checkout, version: str, status: int, reason: str
) -> None:
    checkout.add_interpreter("my python", version, status)
    result = checkout.make("sweep", "PYTHON=my python")
    line, *make_says = result.stderr.splitlines()
    assert line == (
        f"Attention Lab needs Python 3.11, 3.12 or 3.13 with venv, and my python is {reason}: "
        "install one (Debian: python3-venv too), then PYTHON=python3.12 make sweep"
    )
    assert all(re.match(r"g?make(\[\d\])?: ", line) for line in make_says)
    assert (result.returncode, result.stdout) == (2, "")
    assert not (checkout.path / ".venv").exists()


def test_unknown_extra_is_refused(checkout: Checkout) -> None:
    result = checkout.make("setup", "EXTRAS=glov")
    assert result.returncode == 2
    assert "EXTRAS=glov: choose from dev glove cluster browser" in result.stderr
    assert not (checkout.path / ".venv").exists()


def test_setup_puts_the_checkout_on_the_path(set_up: Checkout) -> None:
    (pth,) = set_up.path.glob(".venv/lib/python3.12/site-packages/*.pth")
    line = pth.read_text(encoding="utf-8").strip()
    assert not Path(line).is_absolute()  # so that the checkout may be moved
    assert (pth.parent / line).resolve() == set_up.path.resolve()


def test_no_python_starts_while_the_locks_are_the_same(set_up: Checkout) -> None:
    for lock in BASE:
        os.utime(set_up.path / lock)  # git touches files without changing them
    set_up.write("requirements-dev.lock", "of an extra that is not installed\n")
    for python in ("bin/python3", ".venv/bin/python"):
        set_up.write(python, "#!/bin/sh\necho python >>log\n")
    result = set_up.make("setup")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert set_up.pop_log() == []


def test_extra_is_added_once_and_survives_a_rebuild(set_up: Checkout) -> None:
    assert set_up.installs("setup", "EXTRAS=glove") == [GLOVE]
    assert set_up.installs("setup", "EXTRAS=glove") == []
    for lock in BASE:
        set_up.write(lock, "changed\n")
        assert set_up.installs("setup") == ["venv", *BASE, GLOVE]
    set_up.write(GLOVE, "changed\n")
    assert set_up.installs("setup") == []
    assert set_up.installs("setup", "EXTRAS=glove") == ["venv", *BASE, GLOVE]
    assert set_up.installs("setup", "EXTRAS=glove,dev") == ["requirements-dev.lock"]
    assert set_up.installs("setup", "EXTRAS=glove,dev") == []


def test_venv_without_its_interpreter_is_rebuilt(set_up: Checkout) -> None:
    (set_up.path / ".venv" / "bin" / "python").unlink()
    assert set_up.installs("setup") == ["venv", *BASE]


@pytest.mark.parametrize("lock", BASE)
@pytest.mark.parametrize("how", ["failing", "killed"])
def test_failed_setup_is_repeated(checkout: Checkout, lock: str, how: str) -> None:
    checkout.write(how, lock)
    result = checkout.make("run")
    assert (result.returncode, result.stdout) == (2, "")
    assert f"\npip could not install {lock} (see above); the next make tries" in result.stderr
    (checkout.path / how).unlink()
    checkout.pop_log()
    assert checkout.installs("setup") == ["venv", *BASE]
    assert checkout.installs("setup") == []


def test_extra_that_cannot_be_fetched_leaves_the_rest(set_up: Checkout) -> None:
    set_up.write("failing", GLOVE)
    assert set_up.make("setup", "EXTRAS=glove").returncode == 2
    assert set_up.pop_log() == [GLOVE]
    assert set_up.installs("setup") == []
    (set_up.path / "failing").unlink()
    assert set_up.installs("setup", "EXTRAS=glove") == [GLOVE]


def test_extra_installed_in_part_is_installed_anew(set_up: Checkout) -> None:
    set_up.write("killed", GLOVE)
    assert set_up.make("setup", "EXTRAS=glove").returncode == 2
    (set_up.path / "killed").unlink()
    set_up.pop_log()
    assert set_up.installs("setup") == []
    assert set_up.installs("setup", "EXTRAS=glove") == ["venv", *BASE, GLOVE]


def test_interrupted_rebuild_remembers_the_extras(set_up: Checkout) -> None:
    set_up.make("setup", "EXTRAS=glove")
    set_up.write("requirements.lock", "changed\n")
    set_up.write("killed", "requirements.lock")
    assert set_up.make("setup").returncode == 2
    (set_up.path / "killed").unlink()
    set_up.pop_log()
    assert set_up.installs("setup") == ["venv", *BASE, GLOVE]


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        ("run|ARGS=seed=7 plots=[p]", "pipeline seed=7 plots=[p]"),
        ("sweep", "pipeline -m experiment=ablation"),
        ("sweep|EXPERIMENT=a|ARGS=seed=1,2", "pipeline -m experiment=a seed=1,2"),
        ("sweep|RESUME=my sweep", "pipeline -m --resume my sweep"),
        ("plan|EXPERIMENT=a|ARGS=repeats=3", "pipeline -m --plan experiment=a repeats=3"),
        ("plan|RESUME=latest", "pipeline -m --plan --resume latest"),
        ("compare|RUNS=a b|ARGS=--baseline a", "pipeline.compare a b --baseline a"),
        ("test|ARGS=-k x", "pytest -n auto -k x"),
        ("lint", "ruff format --check .|ruff check .|mypy"),
        ("bench|ARGS=commands", "tests.bench commands"),
        ("docs", "pipeline.config.reference"),
    ],
)
def test_commands(set_up: Checkout, arguments: str, commands: str) -> None:
    set_up.write("plots=p", "")  # plots=[p] must not become this file's name
    result = set_up.make(*arguments.split("|"))
    assert result.returncode == 0
    expected = commands.split("|")
    assert result.stdout.splitlines() == [f"python -m {command}" for command in expected]


def test_failing_command_fails_make(set_up: Checkout) -> None:
    set_up.write(".venv/bin/python", "#!/bin/sh\nexit 1\n")
    assert set_up.make("run").returncode != 0
