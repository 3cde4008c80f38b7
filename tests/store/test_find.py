"""Which runs: globs that no shell expanded, and the latest."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.base.errors import UserError
from pipeline.store.read.find import find_runs
from tests.command import pipeline


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house with three single runs and two sweeps of two runs below its outputs."""
    root = tmp_path_factory.mktemp("house")
    for words in (
        ["seed=1"],
        ["seed=2"],
        ["seed=3"],
        ["-m", "sweep.engine=inline", "seed=4,5", "projection=random"],
        ["-m", "sweep.engine=inline", "seed=6,7", "projection=random"],
    ):
        assert pipeline(*words, "plots=[]", f"outputs={root}/outputs").code == 0
    return root


@pytest.fixture(autouse=True)
def house(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That house, entered."""
    monkeypatch.setattr("pipeline.store.read.find.ROOT", made)
    monkeypatch.chdir(made)
    return made


def seeds(*words: str | Path) -> list[int]:
    """The seeds of the runs that the words stand for."""
    return [run.settings["seed"] for run in find_runs(words)]


def test_the_latest_are_single_runs_in_the_order_they_were_made() -> None:
    assert seeds("latest") == [3]
    assert seeds("latest:2") == [2, 3]
    assert seeds("latest:3") == [1, 2, 3]


def test_a_stamp_of_the_future_makes_no_run_the_latest(house: Path) -> None:
    first = min((house / "outputs").glob("2*/*"))
    ahead = house / "outputs" / "2999-01-01" / first.name
    ahead.parent.mkdir()
    first.rename(ahead)
    try:
        assert seeds("latest:3") == [1, 2, 3]
    finally:
        ahead.rename(first)
        ahead.parent.rmdir()


def test_without_a_word_it_is_the_sweep_begun_last_whatever_its_name_says(house: Path) -> None:
    first = min((house / "outputs" / "sweeps").iterdir())
    ahead = first.rename(first.with_name("2999-01-01_00-00-00.000000_ahead"))
    try:
        assert seeds() == [6, 7]
    finally:
        ahead.rename(first)


def test_an_unfinished_run_is_passed_over(house: Path) -> None:
    newest = house / "outputs" / "2999-01-01" / "00-00-00.000000_x"
    newest.mkdir(parents=True)
    try:
        (newest / "run.json").write_text('{"status": "failed"}', encoding="utf-8")
        assert seeds("latest") == [3]
        assert seeds("outputs/2*") == [1, 2, 3]  # nor among those of a folder
    finally:
        (newest / "run.json").unlink()
        newest.rmdir()
        newest.parent.rmdir()


@pytest.mark.parametrize("word", ["latest:4", "latest:0"])
def test_more_than_there_are_is_one_line(word: str) -> None:
    with pytest.raises(UserError) as caught:
        find_runs([word])
    (line,) = caught.value.lines
    assert line.startswith(f"compare: {word} asks for ")


def test_globs_are_expanded_here() -> None:
    assert seeds("outputs/2*/*") == [1, 2, 3]
    assert seeds("outputs/2*") == [1, 2, 3]
    assert seeds("outputs/sweeps/*") == [4, 5, 6, 7]
    assert sorted(seeds("outputs/sweeps/*/runs/seed-[57]*")) == [5, 7]
    assert sorted(seeds("outputs/**")) == [1, 2, 3, 4, 5, 6, 7]


def test_a_glob_may_be_absolute_and_words_may_overlap(house: Path) -> None:
    assert seeds(house / "outputs" / "sweeps" / "*", "outputs/sweeps/*") == [4, 5, 6, 7]
    assert seeds("latest", "outputs/2*") == [3, 1, 2]


def test_a_folder_whose_name_looks_like_a_glob_is_that_folder(tmp_path: Path) -> None:
    said = pipeline("seed=9", "plots=[]", f"outputs={tmp_path}/out")
    odd = tmp_path / "run[1]"
    said.folder.rename(odd)
    assert seeds(odd) == [9]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("outputs/none*", "nothing matches"), ("outputs/sweeps/*/plan*", "no finished run matches")],
)
def test_a_glob_without_a_run_is_one_line(pattern: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        find_runs([pattern])
    expected = "expected a run, a sweep, a glob or latest:3"
    assert caught.value.lines == (f"compare: {said} {pattern}; {expected}",)
