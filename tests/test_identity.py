"""What a run is: the same hash for the same numbers, another for anything that changes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.compose import compose, hydra
from pipeline.config import Config, validate
from pipeline.identity import (
    ASKING,
    HOUSE,
    PACKAGES,
    as_text,
    code_version,
    computing_files,
    file_hashes,
    fingerprint,
    fingerprint_of,
    git,
    provenance,
)
from pipeline.perform import Job


@pytest.fixture(scope="module", autouse=True)
def _hydra() -> Iterator[None]:
    with hydra():
        yield


def key(*overrides: str) -> str:
    """The hash of the run that these overrides make."""
    composed = compose(overrides)
    config = validate(composed.resolved())
    assert isinstance(config, Config)
    return Job(config, composed.choices, composed.overrides).key


def test_the_hash_does_not_depend_on_what_does_not_change_the_numbers() -> None:
    for overrides in (
        ["name=other"],
        ["outputs=elsewhere"],
        ["attention.scale=on"],
        ["attention.temperature=1"],
        ["sentences.text=['Os pinguins não tem joelho']"],
    ):
        assert key(*overrides) == key(), overrides


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "attention.scale=none",
        "attention.scale=0.5",  # equal numbers at this width, another setting
        "attention.temperature=1.0000000000000002",
        "attention.mask=causal",
        "embeddings.unknown=zero",
        "embeddings.table.Os=[1,0,0,1]",
        "metrics=[entropy]",
        "plots=[]",
        "figures.dpi=100",
        "language=pt",
        "sentences.text=[[Os,pinguins]]",
    ],
)
def test_any_setting_changes_it(override: str) -> None:
    assert key(override) != key()


def test_the_order_of_keys_does_not_matter_and_the_order_of_lists_does() -> None:
    one: dict[str, Any] = {"a": 1, "b": {"c": [1, 2], "d": 2}}
    assert fingerprint(one, {}) == fingerprint({"b": {"d": 2, "c": [1, 2]}, "a": 1}, {})
    assert fingerprint(one, {}) != fingerprint({"a": 1, "b": {"c": [2, 1], "d": 2}}, {})


def test_an_input_files_content_is_part_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    overrides = ["sentences=file", f"sentences.path={path}", "embeddings=one_hot"]
    path.write_text("a b\n", encoding="utf-8")
    first = key(*overrides)
    assert file_hashes([str(path)]) == {str(path): hashlib.sha256(b"a b\n").hexdigest()}
    path.write_text("a c\n", encoding="utf-8")
    assert key(*overrides) != first


def test_provenance_says_what_made_a_run() -> None:
    made = provenance()
    assert set(made) == {"code", "commit", "dirty", "versions"}
    assert set(made["versions"]) == {"python", *PACKAGES}


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pipeline.identity.ROOT", tmp_path)  # no checkout
    assert git("rev-parse", "HEAD") is None
    monkeypatch.setenv("PATH", "")  # no git
    assert git("--version") is None


def test_a_mask_s_file_is_an_input_and_its_content_is_in_the_key(tmp_path: Path) -> None:
    file = tmp_path / "mask.csv"
    keys = []
    for first in "01":
        file.write_text(f"{first},1,1,1,1\n", encoding="utf-8")
        composed = compose([f"attention.mask={{matrix:{{path:{file}}}}}"])
        job = Job(validate(composed.resolved()), {}, ())
        assert list(job.inputs) == [str(file)]
        keys.append(job.key)
    assert keys[0] != keys[1]


def test_the_code_that_computes_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint({"seed": 1}, {})
    monkeypatch.setattr("pipeline.identity.code_version", lambda: "other")
    assert fingerprint({"seed": 1}, {}) != before


def test_any_change_of_the_code_that_computes_is_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.identity.HOUSE", tmp_path)
    computing = ["run.py", "attention/core.py", "embed/data/words.txt"]
    asking = ["__main__.py", "sweep/plan.py", "compare/table.py", "terminal.py"]
    for name in (*computing, *asking, "attention/__pycache__/core.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    found = [path.relative_to(tmp_path).as_posix() for path in computing_files(tmp_path)]
    assert found == sorted(computing)
    first = code_version.__wrapped__()
    for name in (*computing, *asking):
        (tmp_path / name).write_text("y", encoding="utf-8")
        assert (code_version.__wrapped__() == first) == (name in asking), name
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "run.py").rename(tmp_path / "walk.py")
    assert code_version.__wrapped__() != first


def test_what_is_left_out_is_there_and_what_computes_is_not_left_out() -> None:
    parts = {path.name.removesuffix(".py") for path in HOUSE.iterdir()}
    assert parts >= ASKING
    assert not {"run", "perform", "store", "attention", "embed", "metrics", "plots"} & ASKING


def test_the_key_is_the_same_from_settings_and_from_their_texts() -> None:
    settings: dict[str, Any] = {"seed": 1, "name": "x", "attention": {"b": [1, None], "a": "é"}}
    parts = {name: as_text(value) for name, value in settings.items()}
    assert fingerprint_of(parts, {"f": "1"}) == fingerprint(settings, {"f": "1"})
    assert fingerprint_of({**parts, "name": "y"}, {"f": "1"}) == fingerprint(settings, {"f": "1"})
    assert fingerprint_of(parts, {"f": "2"}) != fingerprint(settings, {"f": "1"})
