"""Resume: exactly what is missing or failed is run, and nothing that a user made is lost."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.records import Result
from pipeline.runs.job import Job, compute
from pipeline.store.atomic import atomic_folder
from pipeline.store.ledger import Ledger
from tests.command import Said, pipeline
from tests.sweep.same import lasting

SWEEP = ["-m", "attention.scale=on,off", "attention.temperature=0.5,2", "plots=[]"]
INLINE = "sweep.engine=inline"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of four runs that was never interrupted."""
    said = pipeline(*SWEEP, INLINE, f"outputs={tmp_path_factory.mktemp('finished')}")
    assert said.code == 0
    return said.folder


@pytest.fixture
def swept(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to do damage to."""
    return Path(shutil.copytree(finished, tmp_path / "sweeps" / finished.name))


def names(folder: Path) -> list[str]:
    """The runs of a sweep, in the order of its plan."""
    return [run["run"] for run in json.loads((folder / "plan.json").read_bytes())["runs"]]


def resume(folder: Path | str, *more: str) -> Said:
    """Takes a sweep up in this process."""
    return pipeline("-m", "--resume", str(folder), INLINE, *more)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The temperatures of the runs that are computed, as it happens."""
    found: list[Any] = []

    def counted(job: Job) -> tuple[Result, float]:
        found.append(job.config.attention.temperature)
        return compute(job)

    monkeypatch.setattr("pipeline.sweep.execute.tasks.compute", counted)
    return found


def forget(folder: Path) -> None:
    """Removes a run's folder."""
    shutil.rmtree(folder / "runs" / names(folder)[1])


def forget_line(folder: Path) -> None:
    """Removes a run's line and folder, as if it had never been."""
    forget(folder)
    lines = (folder / "ledger.jsonl").read_text().splitlines(keepends=True)
    (folder / "ledger.jsonl").write_text("".join(lines[:1] + lines[2:]))


def halve(folder: Path) -> None:
    """Leaves of a run what a killed process does."""
    run = folder / "runs" / names(folder)[1]
    (run / "run.json").unlink()
    run.rename(run.with_name(f".{run.name}.0a1b2c3d.part"))


def fail(folder: Path) -> None:
    """Makes a failure of a run."""
    run = folder / "runs" / names(folder)[1]
    about = json.loads((run / "run.json").read_text())
    for path in run.glob("[a-z]*"):
        path.unlink()
    (run / "run.json").write_text(json.dumps({**about, "status": "failed"}))
    (run / "traceback.txt").write_text("Traceback …")


FILES = ["weights.csv", "reading.md", "summary.json", ".hydra/overrides.yaml"]


@pytest.mark.parametrize("name", FILES)
def test_a_run_that_lacks_a_file_is_made_again_and_what_is_left_of_it_is_kept(
    swept: Path, finished: Path, made: list[float], name: str
) -> None:
    run = swept / "runs" / names(swept)[1]
    (run / name).unlink()
    said = resume(swept)
    place = swept / "aside" / run.name
    assert (said.code, made) == (0, [2.0])
    assert f"{run} lacks {name}; kept as {place}, and the run is made again\n" in said.err
    assert (place / "run.json").exists()
    shutil.rmtree(swept / "aside")
    assert lasting(swept) == lasting(finished)


def test_a_figure_or_a_stage_that_is_gone_is_noticed(tmp_path: Path) -> None:
    words = ["-m", "seed=1", "plots=[entropy]", "stages=[scores]", INLINE, "figures.dpi=36"]
    folder = pipeline(*words, f"outputs={tmp_path}").folder
    (run,) = (folder / "runs").iterdir()
    before = lasting(folder)
    (run / "stages.csv").unlink()
    shutil.rmtree(run / "figures")
    figures = sorted(name.partition("/figures/")[2] for name in before if "/figures/" in name)
    gone = ", ".join([*(f"figures/{name}" for name in figures), "stages.csv"])
    assert f"{run} lacks {gone}; kept as " in resume(folder).err
    shutil.rmtree(folder / "aside")
    assert lasting(folder) == before


@pytest.mark.parametrize("damage", [forget, forget_line, halve, fail])
def test_what_is_missing_is_made_and_nothing_else(
    swept: Path, finished: Path, made: list[float], damage: Callable[[Path], None]
) -> None:
    damage(swept)
    said = resume(swept)
    assert (said.code, said.folder) == (0, swept)
    assert made == [2.0]
    assert lasting(swept) == lasting(finished)
    assert ("is gone; it is made again" in said.err) == (damage in (forget, halve, fail)[:2])


def test_a_finished_sweep_is_summarized_and_not_run(
    swept: Path, finished: Path, made: list[float]
) -> None:
    (swept / "summary.csv").unlink()
    assert resume(swept).code == 0
    assert made == []
    assert lasting(swept) == lasting(finished)


@pytest.mark.parametrize(
    "half", [".summary.csv.1.part", "figures/.a.png.1.part", "rows/.00000.parquet.1.part"]
)
def test_what_an_end_that_was_killed_left_half_written_is_removed(
    swept: Path, finished: Path, half: str
) -> None:
    (swept / half).parent.mkdir(exist_ok=True)
    (swept / half).write_bytes(b"run,att")
    (swept / ".mine.part").touch()
    assert resume(swept).code == 0
    (swept / ".mine.part").unlink()  # not a name this program gives, so still there
    assert lasting(swept) == lasting(finished)


@pytest.mark.parametrize("kept", [b"", b'{"run":\n\xff\xfe garbage\n{"run":"x","status":"done"}'])
def test_the_ledger_is_rebuilt_from_the_folders(
    swept: Path, finished: Path, made: list[float], kept: bytes
) -> None:
    before = Ledger(swept / "ledger.jsonl").entries()
    (swept / "ledger.jsonl").write_bytes(kept)
    assert resume(swept).code == 0
    assert made == []
    after = Ledger(swept / "ledger.jsonl").entries()
    for run, entry in before.items():
        assert {**after[run], "seconds": 0} == {**entry, "seconds": 0}
    assert lasting(swept) == lasting(finished)


def test_a_config_changed_by_hand_is_noticed_and_kept(swept: Path, finished: Path) -> None:
    run = swept / "runs" / names(swept)[2]
    changed = (run / ".hydra" / "config.yaml").read_text().replace("0.5", "0.25")
    (run / ".hydra" / "config.yaml").write_text(changed)
    for count, kept in enumerate((run.name, f"{run.name}.1")):
        said = resume(swept)
        place = swept / "aside" / kept
        assert said.code == 0
        assert f"{run}/.hydra/config.yaml was changed by hand; kept as {place}" in said.err
        assert (place / ".hydra" / "config.yaml").read_text() == changed
        assert (place / "weights.csv").exists()
        assert len(list((swept / "aside").iterdir())) == count + 1
        (run / ".hydra" / "config.yaml").write_text(changed)
    shutil.rmtree(swept / "aside")
    resume(swept)
    shutil.rmtree(swept / "aside")
    assert lasting(swept) == lasting(finished)


def test_a_note_in_a_failed_runs_folder_is_kept(swept: Path) -> None:
    fail(swept)
    run = swept / "runs" / names(swept)[1]
    (run / "note.txt").write_text("look at this again")
    assert resume(swept).code == 0
    assert (swept / "aside" / run.name / "note.txt").read_text() == "look at this again"
    assert json.loads((run / "run.json").read_text())["status"] == "done"


def test_failures_are_run_again_by_the_command_that_the_end_names(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(job: Job) -> tuple[Result, float]:
        if job.config.attention.temperature == 2:
            raise RuntimeError("no")
        return compute(job)

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.sweep.execute.tasks.compute", broken)
        said = pipeline(*SWEEP, INLINE, f"outputs={tmp_path}")
    assert said.code == 1
    (line,) = [line for line in said.out.splitlines() if "make sweep RESUME=" in line]
    assert resume(line.partition("RESUME=")[2]).code == 0
    assert lasting(said.folder) == lasting(finished)


def test_fail_fast_ends_at_the_first_failure(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(job: Job) -> tuple[Result, float]:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.sweep.execute.tasks.compute", broken)
        said = pipeline(*SWEEP, INLINE, "sweep.fail_fast=true", f"outputs={tmp_path}")
    assert said.code == 1
    assert len(Ledger(said.folder / "ledger.jsonl").entries()) == 1
    assert "Not run: 3 of 4" in said.out
    assert resume(said.folder).code == 0


def test_ctrl_c_says_what_is_done_and_how_to_go_on(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(job: Job) -> tuple[Result, float]:
        if job.config.attention.scale == "none":
            raise KeyboardInterrupt
        return compute(job)

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.sweep.execute.tasks.compute", stopped)
        said = pipeline(*SWEEP, INLINE, f"outputs={tmp_path}")
    (folder,) = (tmp_path / "sweeps").iterdir()
    assert (said.code, said.out) == (130, "")
    told = f"Interrupted: 2 of 4 runs are done. To go on: make sweep RESUME={folder}\n"
    assert said.err.endswith(told)
    assert not list(folder.rglob("*.part"))
    assert resume(folder).code == 0
    assert lasting(folder) == lasting(finished)


def test_latest_is_the_newest_below_outputs(swept: Path, tmp_path: Path) -> None:
    older = swept.with_name("2001-01-01_00-00-00.000000_older")
    shutil.copytree(swept, older)
    assert resume("latest", f"outputs={tmp_path}").folder == swept
    assert resume("latest", f"outputs={tmp_path}/none").err.startswith("resume: no sweep in ")


@pytest.mark.parametrize("hours", [-2, 9])
def test_latest_was_begun_last_whatever_its_name_says(
    swept: Path, tmp_path: Path, hours: float
) -> None:
    # A clock that was ahead: its stamp is of the future, and the file's time perhaps too.
    ahead = Path(shutil.copytree(swept, swept.with_name("2099-01-01_00-00-00.000000_ahead")))
    when = time.time() + hours * 3600
    os.utime(ahead / "plan.json", (when, when))
    assert resume("latest", f"outputs={tmp_path}").folder == swept


def test_where_all_are_of_the_future_the_last_is_the_latest(swept: Path, tmp_path: Path) -> None:
    later = Path(shutil.copytree(swept, swept.with_name("2001-01-01_00-00-00.000000_later")))
    for hours, folder in ((8, swept), (9, later)):
        when = time.time() + hours * 3600
        os.utime(folder / "plan.json", (when, when))
    assert resume("latest", f"outputs={tmp_path}").folder == later


@pytest.mark.parametrize("repeated", [SWEEP[1:], []])
def test_with_the_overrides_repeated_or_without(
    swept: Path, made: list[float], repeated: list[str]
) -> None:
    forget(swept)
    assert resume(swept, *repeated).code == 0
    assert made == [2.0]


# --- what is refused ---------------------------------------------------------------------------


def test_no_sweep_is_refused(tmp_path: Path) -> None:
    said = resume(tmp_path / "nowhere")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"resume: {tmp_path}/nowhere is not a sweep (it has no plan.json); "
        "expected a sweep's folder, or latest\n"
    )


@pytest.mark.parametrize("more", [[], ["--anyway"]])
def test_other_runs_are_refused(swept: Path, made: list[float], more: list[str]) -> None:
    before = lasting(swept)
    said = resume(swept, *more, "attention.temperature=0.5,3", "attention.scale=on,off", "plots=[]")
    assert said.code == 2
    assert said.err == (
        f"resume: {swept} was made of other runs (4) than are asked for (4); "
        "expected no overrides, or those it was begun with\n"
    )
    assert (made, lasting(swept)) == ([], before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "{plan} has format 99, expected 2\n"),
        (
            {"format": 1},
            "{plan} has format 1, expected 2; make compare reads it, but it cannot be resumed\n",
        ),
        ({"overrides": [1, 2]}, "cannot read {plan} (overrides.0: got 1, expected "),
        ({"overrides": "seed=1"}, "cannot read {plan} (overrides: got 'seed=1', expected "),
        ({"runs": [{}]}, "cannot read {plan} (runs.0.run: is missing"),
    ],
)
def test_a_plan_changed_by_hand_or_of_another_format_is_refused(
    swept: Path, changes: dict[str, object], message: str
) -> None:
    plan = swept / "plan.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()) | changes))
    for more in ([], ["--plan"], ["--anyway"], ["seed=1"]):
        said = resume(swept, *more)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert said.err.startswith(f"resume: {message.format(plan=plan)}")


@pytest.mark.parametrize("content", ["[1]", ""])
def test_a_file_that_is_no_plan_is_refused(swept: Path, content: str) -> None:
    plan = swept / "plan.json"
    plan.write_text(content)
    assert resume(swept).err.startswith(f"resume: cannot read {plan} (")


def test_a_finished_run_whose_record_cannot_be_read_is_made_again(
    swept: Path, finished: Path
) -> None:
    run = swept / "runs" / names(swept)[1]
    (run / "summary.json").write_text('{"entropy": [1]}')
    (swept / "ledger.jsonl").unlink()
    said = resume(swept)
    assert said.code == 0
    assert f"cannot read {run}/summary.json (entropy" in said.err
    assert f"; kept as {swept}/aside/{run.name}, and the run is made again" in said.err
    shutil.rmtree(swept / "aside")
    assert lasting(swept) == lasting(finished)


@pytest.mark.parametrize(("begun", "asked"), [("all", "metrics"), ("metrics", "all")])
def test_what_a_sweep_stores_cannot_change(tmp_path: Path, begun: str, asked: str) -> None:
    words = ["-m", "attention.temperature=0.5", "plots=[]", INLINE, f"sweep.store={begun}"]
    folder = pipeline(*words, f"outputs={tmp_path}").folder
    before = lasting(folder)
    for more in ([], ["--anyway"], ["--plan"]):
        said = resume(folder, *more, f"sweep.store={asked}")
        assert (said.code, said.out, lasting(folder)) == (2, "", before)
        assert said.err == (
            f"sweep.store: got {asked!r} to resume {folder}, which was begun with {begun!r}; "
            f"expected {begun}, or a sweep of its own\n"
        )
    assert resume(folder, f"sweep.store={begun}").code == 0


def with_other_keys(folder: Path, **changes: str) -> None:
    """As if the sweep had been begun by other code: other hashes, other folders."""
    record = json.loads((folder / "plan.json").read_text())
    for run in record["runs"]:
        old, run["key"] = run["run"], run["key"][::-1]
        run["run"] = f"{old[:-10]}{run['key'][:10]}"
        place = folder / "runs" / old
        about = json.loads((place / "run.json").read_text())
        (place / "run.json").write_text(json.dumps({**about, "key": run["key"]}))
        place.rename(folder / "runs" / run["run"])
    (folder / "plan.json").write_text(json.dumps({**record, **changes}))
    (folder / "ledger.jsonl").unlink()


def test_other_inputs_are_refused_by_name_unless_told_otherwise(
    swept: Path, made: list[float]
) -> None:
    with_other_keys(swept)
    forget(swept)
    said = resume(swept)
    assert said.code == 2
    assert said.err == (
        f"resume: {swept} was begun with other input files, or other defaults in conf/, so its "
        "runs would not be the same today; expected an unchanged checkout, or --anyway to keep "
        "what is done and make the rest as of today\n"
    )
    assert made == []
    assert resume(swept, "--anyway").code == 0
    assert made == [2.0]
    assert sorted(path.name for path in (swept / "runs").iterdir()) == sorted(names(swept))


def test_other_code_is_refused_by_its_commit(swept: Path) -> None:
    with_other_keys(swept, code="another", commit="0123456789")
    assert "was begun with other code (commit 0123456, now " in resume(swept).err


def test_a_sweep_that_is_being_run_is_refused(swept: Path, made: list[float]) -> None:
    forget(swept)
    with Ledger(swept / "ledger.jsonl").locked():
        said = resume(swept)
    assert (said.code, said.out, made) == (2, "", [])
    assert said.err == (
        f"resume: {swept} is being run by another process; wait until it ends, or stop it\n"
    )


def test_an_input_that_changes_on_the_way_fails_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "my.txt"
    text.write_text("a lua\n", encoding="utf-8")

    def changed(job: Job) -> tuple[Result, float]:
        text.write_text("o sol\n", encoding="utf-8")
        return compute(job)

    monkeypatch.setattr("pipeline.sweep.execute.tasks.compute", changed)
    said = pipeline(
        "-m", "sentences=file", f"sentences.path={text}", "embeddings=gaussian", "seed=1,2",
        "plots=[]", INLINE, f"outputs={tmp_path}",
    )  # fmt: skip
    assert said.code == 1
    assert f"{text}: changed since the sweep was planned" in said.err


# --- a folder appears whole ----------------------------------------------------------------------


def test_the_orphan_of_a_killed_sweep_neither_mixes_in_nor_overwrites(tmp_path: Path) -> None:
    def late_and_first() -> None:
        with atomic_folder(tmp_path / "run") as late:
            (late / "a").write_text("late")
            with atomic_folder(tmp_path / "run") as first:
                (first / "a").write_text("first")

    with pytest.raises(OSError, match="not empty"):
        late_and_first()
    assert (tmp_path / "run" / "a").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_orphan_whose_half_was_cleared_makes_no_run_of_the_other_half(tmp_path: Path) -> None:
    def cleared_on_the_way() -> None:
        with atomic_folder(tmp_path / "run") as beside:
            (beside / "a").write_text("a")
            shutil.rmtree(beside)
            beside.mkdir()  # as writing the next file does
            (beside / "b").write_text("b")

    with pytest.raises(FileNotFoundError):
        cleared_on_the_way()
    assert list(tmp_path.iterdir()) == []
