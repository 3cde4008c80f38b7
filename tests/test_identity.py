"""What a run is: the same hash for the same numbers, another for anything that changes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.compose import compose, hydra
from pipeline.config import Config, validate
from pipeline.identity import PACKAGES, file_hashes, fingerprint, git, provenance
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
