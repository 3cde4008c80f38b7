"""A run's key: the hash of everything that decides what is in its files.

A key is the SHA-256 of

- the settings that change numbers, records or figures (`config/affects`), as validation left them,
  without the sections that are as if they did not exist;
- the content of every file the run reads: its sentences, the matrices of masks and biases;
- the code that computes: the bytes of every module that a run of its kind imports, wherever it
  stands, with the data beside those modules;
- the versions of the packages that compute.

So two runs with one key have the same files, to the byte, and a run made before a change of the
code that computes is not taken for one made after it. A change elsewhere, as in a sweep's engines
or in a comparison, leaves all keys as they were.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.base.paths import PACKAGE
from pipeline.config.affects import AFFECTS, NOT_OF_A_RUN, sections_with

KINDS = {"attention": "runs/job.py"}  # kind of run → the module it starts from
COMPUTING = ("numpy", "matplotlib")  # packages that decide what is in a run's files
NO_PART = frozenset(sections_with("label", *NOT_OF_A_RUN))
# Imports of this package, late ones too; what stands under TYPE_CHECKING is never imported.
TYPE_CHECKING_BLOCK = re.compile(r"^if TYPE_CHECKING:\n(?:(?: .*)?\n)*", re.MULTILINE)
IMPORT = re.compile(r"^ *from pipeline(\.[\w.]+)? import (\([^)]*\)|.*)", re.MULTILINE)


def run_key(settings: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """The hash of what determines a run; see above."""
    return run_key_from_text({n: canonical_json(value) for n, value in settings.items()}, inputs)


def run_key_from_text(sections: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """The same from each section's canonical JSON."""
    counted = [n for n in sorted(sections) if n not in NO_PART and sections[n] != neutral_text(n)]
    texts = [f"{name}: {sections[name]}" for name in counted]
    content = "\n".join([*texts, canonical_json(inputs), code_version()])
    return hashlib.sha256(content.encode()).hexdigest()


@cache
def neutral_text(section: str) -> str:
    """The canonical JSON at which a section counts for nothing; empty if it always counts."""
    effect = AFFECTS.get(section)
    return canonical_json(effect.neutral) if effect and effect.has_neutral else ""


def canonical_json(value: Any) -> str:
    """A value in one spelling, whatever the order of its keys.

    >>> canonical_json({"b": [1, 2.0], "a": None})
    '{"a": null, "b": [1, 2.0]}'
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


@cache
def code_version(kind: str = "attention") -> str:
    """The hash of the code that computes, as it was when this process first asked for it."""
    found = hashlib.sha256()
    for path in computing_files(PACKAGE, KINDS[kind]):
        found.update(f"{path.relative_to(PACKAGE).as_posix()} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    for name in COMPUTING:
        found.update(f"{name} {metadata.version(name)}\n".encode())
    return found.hexdigest()


def computing_files(package: Path, start: str) -> list[Path]:
    """The import closure of a module, with the data beside its modules, in alphabetical order."""
    modules = set(package.rglob("*.py"))
    found: set[Path] = set()
    left = [
        package / start,
        *(
            (p / "__init__.py")
            for p in (package / start).parents
            if p != package and package in p.parents
        ),
    ]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += modules & set(imported_files(path, package))
    folders = {path.parent for path in found}
    data = (
        path
        for folder in folders
        for inside in folder.iterdir()
        if inside.is_dir() and inside.name != "__pycache__" and not any(inside.rglob("*.py"))
        for path in inside.rglob("*")
        if path.is_file()
    )
    return sorted({*found, *data}, key=lambda path: path.relative_to(package).as_posix())


def imported_files(path: Path, package: Path) -> Iterator[Path]:
    """Where the modules that a module imports, and the packages they stand in, would be.

    The package itself is left out: its `__init__` only re-exports names.
    """
    text = TYPE_CHECKING_BLOCK.sub("", path.read_text(encoding="utf-8"))
    for module, names in IMPORT.findall(text):
        parts = module.strip(".").split(".") if module else []
        for name in ("", *re.findall(r"\w+", names)):
            full = [*parts, name] if name else parts
            for count in range(1, len(full) + 1):
                place = package.joinpath(*full[:count])
                yield from (place / "__init__.py", place.with_suffix(".py"))


def file_hashes(paths: Iterable[str]) -> dict[str, str]:
    """Path → SHA-256 of its content."""
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}
