"""--plan: what it tells, and that it writes nothing."""

from __future__ import annotations

import re
from pathlib import Path

from tests.command import Said, contents, pipeline

SWEEP = ["-m", "attention.scale=on,off", "attention.temperature=1,2,3", "plots=[]"]


def planned(outputs: Path, *words: str) -> list[str]:
    """What --plan says, line by line; nothing it left is new."""
    before = contents(outputs)
    said: Said = pipeline("--plan", *words, f"outputs={outputs}")
    assert (said.code, said.err) == (0, "")
    assert contents(outputs) == before
    return [" ".join(line.split()) for line in said.out.splitlines()]


def test_a_plan_that_was_never_run(tmp_path: Path) -> None:
    lines = planned(tmp_path / "out", *SWEEP)
    assert lines[0] == "pinguins: 6 runs, 2 × 3; 5 to be made, as the others are the same as these"
    assert "attention.temperature 1, 2, 3" in lines
    assert "1 of 6 runs are mathematically the same as another: run once, its numbers told" in (
        " ".join(lines)
    )
    place = lines.index("To run: 5")
    assert all(
        re.fullmatch(r"scale-.*-[0-9a-f]{10}", line) for line in lines[place + 1 : place + 6]
    )
    assert lines[-2:] == [
        "Time: not known, as no sweep has been timed yet", "Nothing was run or written.",
    ]  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_plan_that_was_run_in_part(tmp_path: Path) -> None:
    folder = pipeline(*SWEEP, f"outputs={tmp_path}").folder
    ledger = folder / "ledger.jsonl"
    first, *rest = ledger.read_text(encoding="utf-8").splitlines(keepends=True)
    ledger.write_text("".join(rest), encoding="utf-8")
    lines = planned(tmp_path, *SWEEP)
    command = f"make sweep RESUME={folder}"
    assert f"Done already: 4 of 5, in {folder}; to go on with it: {command}" in lines
    place = lines.index("To run: 1")
    assert f'"{lines[place + 1]}"' in first
    assert re.fullmatch(
        rf"Time: about \S+ m?s \(\S+ m?s a run; the mean of 4 runs of {folder}\)", lines[place + 2]
    )
    # The same by the sweep's folder, without saying again what it was.
    assert planned(tmp_path, "-m", "--resume", str(folder)) == lines


def test_a_plan_that_is_done(tmp_path: Path) -> None:
    folder = pipeline(*SWEEP, f"outputs={tmp_path}").folder
    lines = planned(tmp_path, *SWEEP)
    assert f"Done already: 5 of 5, in {folder}" in lines
    assert lines[-3:] == ["To run: 0", "Time: none", "Nothing was run or written."]


def test_other_runs_are_none_of_its_own_but_tell_the_time(tmp_path: Path) -> None:
    folder = pipeline(*SWEEP, f"outputs={tmp_path}").folder
    lines = planned(tmp_path, *SWEEP, "attention.softcap=3")
    assert not any(line.startswith("Done already") for line in lines)
    assert re.match(r"Time: about .* the mean of 5 runs of ", lines[-2])
    assert lines[-2].endswith(f"{folder})")


def test_two_workers_take_half_the_time(tmp_path: Path) -> None:
    ledger = pipeline(*SWEEP, f"outputs={tmp_path}").folder / "ledger.jsonl"
    text = re.sub(r'("seconds": ?)[^,]+', r"\g<1>600.0", ledger.read_text(encoding="utf-8"))
    ledger.write_text(text, encoding="utf-8")
    for workers, said in ((1, "50 min (10 min a run"), (2, "25 min (10 min a run, 2 at a time")):
        engine = "sweep.engine=local", f"sweep.workers={workers}"
        *_, line, _ = planned(tmp_path, *SWEEP, "attention.softcap=3", *engine)
        assert line.startswith(f"Time: about {said}; the mean of 5 runs of ")


def test_many_values_and_many_runs_are_cut(tmp_path: Path) -> None:
    lines = planned(tmp_path, "-m", "attention.temperature=range(1,31)", "repeats=[4,9]",
                    "projection=random", 'where="attention.temperature != 3"')  # fmt: skip
    assert lines[0] == "pinguins: 58 runs, 30 × 2 less the 2 that where leaves out"
    assert "attention.temperature 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …, 30" in lines
    assert "seed 4, 9" in lines
    assert "Left out are all but those with attention.temperature != 3" in lines
    assert "and 46 more" in lines


def test_a_plan_of_one_run(tmp_path: Path) -> None:
    lines = planned(tmp_path)
    assert lines[0] == "pinguins: 1 run"
    assert "To run: 1" in lines


def test_a_fault_is_a_fault_of_the_plan_too(tmp_path: Path) -> None:
    said = pipeline("-m", "--plan", "attention.temperature=0,1", f"outputs={tmp_path}")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(
        "attention.temperature: got 0, expected a finite number > 0 (in 1 of"
    )
