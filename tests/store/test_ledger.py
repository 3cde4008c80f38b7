"""The ledger: what was written can be read back, whatever happened to the file since."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import UserError
from pipeline.store.ledger import Ledger

ONE = {"run": "a", "key": "1", "seconds": 0.5, "status": "done"}
TWO = {"run": "b", "key": "2", "seconds": 0.1, "status": "failed", "error": "não"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """With two entries."""
    made = Ledger(tmp_path / "ledger.jsonl")
    append(made, ONE, TWO)
    return made


def append(ledger: Ledger, *entries: dict[str, Any]) -> None:
    """As a sweep does."""
    with ledger.locked():
        for entry in entries:
            ledger.append(entry)


def test_no_file_no_entries(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "none.jsonl").entries() == {}


def test_one_line_per_entry_in_order(ledger: Ledger) -> None:
    assert list(ledger.entries().items()) == [("a", ONE), ("b", TWO)]
    lines = ledger.path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [ONE, TWO]


def test_the_last_entry_of_a_run_counts(ledger: Ledger) -> None:
    again = {**TWO, "status": "done"}
    append(ledger, again)
    assert ledger.entries() == {"a": ONE, "b": again}


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n",
        b"garbage\n",
        b"{}\n",
        b'{"run":"c"}\n',
        b'{"run":["a"],"status":"done"}\n',
        b'{"run":"a","status":"odd"}\n',
        b"[]\n",
        b"3\n",
        b'"run"\n',
        b"null\n",
        b"\xff\xfe\x00\n",
        b"\0" * 9,
    ],
)
def test_foreign_lines_are_passed_over(ledger: Ledger, garbage: bytes) -> None:
    with ledger.path.open("ab") as file:
        file.write(garbage)
    assert ledger.entries() == {"a": ONE, "b": TWO}


def test_a_torn_end_loses_its_own_run_alone(ledger: Ledger) -> None:
    whole = ledger.path.read_bytes()
    for length in range(len(whole)):
        ledger.path.write_bytes(whole[:length])
        found = ledger.entries()
        assert list(found.values()) == [ONE, TWO][: len(found)]
        assert len(found) >= whole[:length].count(b"\n")


def test_what_is_appended_after_a_torn_end_is_kept(ledger: Ledger) -> None:
    # A sweep killed in the middle of a line, and taken up again.
    ledger.path.write_bytes(ledger.path.read_bytes()[:-5])
    append(ledger, {**ONE, "run": "c"})
    assert list(ledger.entries()) == ["a", "c"]


def test_an_entry_is_on_the_disk_when_append_returns(tmp_path: Path) -> None:
    writer = Ledger(tmp_path / "ledger.jsonl")
    with writer.locked():
        for number in range(3):
            writer.append({**ONE, "run": str(number)})
            assert len(Ledger(writer.path).entries()) == number + 1


def test_an_undefined_number_is_null(ledger: Ledger) -> None:
    append(ledger, {**ONE, "scalars": {"entropy": math.nan, "cosine": 0.5}})
    assert ledger.entries()["a"]["scalars"] == {"entropy": None, "cosine": 0.5}


def test_a_line_that_does_not_fit_on_the_disk_is_an_error(ledger: Ledger) -> None:
    class Full:
        """A disk with room for three bytes."""

        def write(self, content: bytes) -> int:
            return min(len(content), 3)

    ledger.file = Full()  # type: ignore[assignment]
    with pytest.raises(OSError, match="No space left"):
        ledger.append(ONE)


HOLDER = """
import sys, time
from pathlib import Path
from pipeline.store.ledger import Ledger
with Ledger(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    time.sleep(600)
"""


def test_it_is_locked_by_one_process_at_a_time_and_not_by_a_dead_one(ledger: Ledger) -> None:
    words = [sys.executable, "-c", HOLDER, str(ledger.path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout
            assert other.stdout.readline() == "locked\n"
            with pytest.raises(UserError, match=r"resume: .* is being run by another process"):
                append(ledger, ONE)
        finally:
            other.kill()
            other.wait()
    append(ledger, {**ONE, "run": "c"})
    assert list(ledger.entries()) == ["a", "b", "c"]
