"""An outputs folder that is read-only: one line from every command, and nothing in it changes.

The system's calls are replaced, as root may write wherever it likes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command import contents, pipeline

SWEEP = ["-m", "attention.temperature=0.5,2", "plots=[]", "sweep.engine=inline"]
WRITING = set("wax+")  # of which an open for writing has one in its mode


def refused(*_: object, **__: object) -> None:
    """What a read-only file system answers."""
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes everything below this test's folder read-only from then on."""

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def answer(path: Any, *args: Any, **named: Any) -> Any:
            is_here = Path(os.fspath(path)).is_relative_to(tmp_path)
            return (refused if is_here else call)(path, *args, **named)

        return answer

    opened = Path.open

    def reading(path: Path, mode: str = "r", *args: Any, **named: Any) -> Any:
        is_refused = WRITING & set(mode) and path.is_relative_to(tmp_path)
        return (refused if is_refused else opened)(path, mode, *args, **named)

    def locked() -> None:
        for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
            monkeypatch.setattr(os, name, guarded(getattr(os, name)))
        monkeypatch.setattr(Path, "open", reading)

    return locked


@pytest.mark.parametrize("words", [["plots=[]"], SWEEP])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_run_and_a_sweep_say_so_in_one_line(
    tmp_path: Path, lock: Callable[[], None], words: list[str], is_there: bool
) -> None:
    outputs = tmp_path / "out"
    if is_there:
        outputs.mkdir()
    lock()
    said = pipeline(*words, f"outputs={outputs}")
    place = outputs / "sweeps" if words == SWEEP else outputs
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"outputs: cannot write to {place} (Read-only file system); set outputs= to another place\n"
    )
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("damage", ["none", "ledger", "run"])
def test_so_does_resume(tmp_path: Path, lock: Callable[[], None], damage: str) -> None:
    folder = pipeline(*SWEEP, f"outputs={tmp_path}").folder
    if damage == "ledger":
        (folder / "ledger.jsonl").unlink()
    if damage == "run":
        min(folder.glob("runs/*/weights.csv")).unlink()
    before = contents(tmp_path)
    lock()
    said = pipeline("-m", "--resume", str(folder))
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"outputs: cannot write to {folder} (Read-only file system); "
        "set outputs= to another place\n"
    )
    assert contents(tmp_path) == before


def test_a_plan_writes_nothing_and_needs_no_room(tmp_path: Path, lock: Callable[[], None]) -> None:
    folder = pipeline(*SWEEP, f"outputs={tmp_path}").folder
    lock()
    said = pipeline("-m", "--plan", "--resume", str(folder))
    assert (said.code, said.err) == (0, "")
    assert "Done already: 2 of 2" in said.out
