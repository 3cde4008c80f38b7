"""What a run is: the same hash for the same numbers, another for anything that changes them."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.paths import PACKAGE
from pipeline.config.affects import AFFECTS
from pipeline.config.compose import compose, hydra
from pipeline.config.schema.config import Config
from pipeline.config.validate import validate
from pipeline.runs.job import Job
from pipeline.store.key import (
    KINDS,
    canonical_json,
    code_version,
    computing_files,
    file_hashes,
    run_key,
    run_key_from_text,
)
from pipeline.store.provenance import PACKAGES, git, provenance


@pytest.fixture(scope="module", autouse=True)
def _hydra() -> Iterator[None]:
    with hydra():
        yield


@cache
def usual_key() -> str:
    """The hash of the run without overrides."""
    return key()


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
        assert key(*overrides) == usual_key(), overrides


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
    assert key(override) != usual_key()


def test_the_order_of_keys_does_not_matter_and_the_order_of_lists_does() -> None:
    one: dict[str, Any] = {"a": 1, "b": {"c": [1, 2], "d": 2}}
    assert run_key(one, {}) == run_key({"b": {"d": 2, "c": [1, 2]}, "a": 1}, {})
    assert run_key(one, {}) != run_key({"a": 1, "b": {"c": [2, 1], "d": 2}}, {})


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
    monkeypatch.setattr("pipeline.store.provenance.ROOT", tmp_path)  # no checkout
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
    before = run_key({"seed": 1}, {})
    monkeypatch.setattr("pipeline.store.key.code_version", lambda: "other")
    assert run_key({"seed": 1}, {}) != before


HOUSE = {
    "__init__.py": "from pipeline import sweep\n",
    "runs/__init__.py": "",
    "runs/job.py": "from pipeline.attention import attend\nfrom pipeline.run import run\n",
    "run.py": (
        "if TYPE_CHECKING:\n    from pipeline.config import Config\n\nfrom pipeline import embed\n"
    ),
    "attention/__init__.py": "from pipeline.attention.attend import (\n    attend,\n)\n",
    "attention/attend.py": "def attend():\n    from pipeline.attention.late import later\n",
    "attention/late.py": "",
    "attention/unused.py": "",
    "embed/__init__.py": "",
    "embed/data/words.txt": "a",
    "config.py": "",
    "sweep/__init__.py": "",
}
OUTSIDE = {"__init__.py", "attention/unused.py", "config.py", "sweep/__init__.py"}


def test_the_code_of_a_run_is_what_its_kind_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of what a run imports, late or not, changes every key; others change none."""
    monkeypatch.setattr("pipeline.store.key.PACKAGE", tmp_path)
    for name, text in HOUSE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}#0", encoding="utf-8")
    found = {p.relative_to(tmp_path).as_posix() for p in computing_files(tmp_path, "runs/job.py")}
    assert found == set(HOUSE) - OUTSIDE
    first = code_version.__wrapped__()
    for name, text in HOUSE.items():
        (tmp_path / name).write_text(f"{text}#1", encoding="utf-8")  # no longer than before
        assert (code_version.__wrapped__() == first) == (name in OUTSIDE), name
        (tmp_path / name).write_text(f"{text}#0", encoding="utf-8")


def test_the_closure_is_what_python_imports() -> None:
    """The imports read from the text are those of the syntax trees."""
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    found, left = set(), [PACKAGE / KINDS["attention"]]
    while left:
        path = left.pop()
        if path in found or path not in modules:
            continue
        found.add(path)
        for node in ast.walk(modules[path]):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.startswith("pipeline")
            ):
                if is_type_checking(modules[path], node):
                    continue
                for name in ("", *(alias.name for alias in node.names)):
                    parts = [*node.module.split(".")[1:], *([name] if name else [])]
                    for count in range(1, len(parts) + 1):
                        place = PACKAGE.joinpath(*parts[:count])
                        left += [place / "__init__.py", place.with_suffix(".py")]
    assert found == {p for p in computing_files(PACKAGE, KINDS["attention"]) if p.suffix == ".py"}
    rooms = {path.relative_to(PACKAGE).parts[0] for path in found}
    assert not rooms & {"sweep", "compare", "laws", "__main__.py"}


def is_type_checking(tree: ast.Module, node: ast.ImportFrom) -> bool:
    """Whether an import stands under TYPE_CHECKING."""
    blocks = [
        n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"
    ]
    return any(node is inside for block in blocks for inside in ast.walk(block))


def test_a_section_that_is_off_leaves_the_key_as_it_was() -> None:
    settings: dict[str, Any] = {"seed": 1, "attention": {"scale": "none"}}
    off = {name: effect.neutral for name, effect in AFFECTS.items() if effect.has_neutral}
    assert len(off) > 1
    assert run_key({**settings, **off}, {}) == run_key(settings, {})
    on = {**off, "layers": {"count": 2, "residual": False}}
    assert run_key({**settings, **on}, {}) != run_key(settings, {})


def test_the_key_is_the_same_from_settings_and_from_their_texts() -> None:
    settings: dict[str, Any] = {"seed": 1, "name": "x", "attention": {"b": [1, None], "a": "é"}}
    parts = {name: canonical_json(value) for name, value in settings.items()}
    assert run_key_from_text(parts, {"f": "1"}) == run_key(settings, {"f": "1"})
    assert run_key_from_text({**parts, "name": "y"}, {"f": "1"}) == run_key(settings, {"f": "1"})
    assert run_key_from_text(parts, {"f": "2"}) != run_key(settings, {"f": "1"})
