"""What a run is: the hash of what determines it, and what made it.

A run's key is the SHA-256 of

- its settings as the gate left them, but for its name, where it goes and its study;
- the content of every file it reads: sentences from a file, matrices of masks and biases;
- the version of the code that computes: the bytes of every file of `pipeline/` that decides a
  number, a figure or a record, word vectors included (all but `ASKING`, which decides what is run
  and what is said of it), and the versions of NumPy and matplotlib.

So two runs with one key have the same files, to the byte, and a run made before a change of the
code is not taken for one made after it.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

FORMAT = 1  # of the records in a run folder; a reader refuses what it does not know
HOUSE = Path(__file__).resolve().parent
ROOT = HOUSE.parent
PACKAGES = ("numpy", "hydra-core", "omegaconf", "matplotlib")
COMPUTING = ("numpy", "matplotlib")  # those of them that decide a run's files
# Parts of pipeline/ that decide which runs are made and what is told of them, but not their files.
ASKING = frozenset(
    {
        "__main__", "choose", "command", "compare", "compose", "config", "faults", "fields", "help",
        "laws", "sweep", "terminal",
    }
)  # fmt: skip


def fingerprint(settings: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """The hash of what determines a run; see above."""
    return fingerprint_of({name: as_text(value) for name, value in settings.items()}, inputs)


def fingerprint_of(parts: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """The same from each setting's text, for those who already have it."""
    texts = [f"{name}: {parts[name]}" for name in sorted(parts) if name != "name"]
    content = "\n".join([*texts, as_text(inputs), code_version()])
    return hashlib.sha256(content.encode()).hexdigest()


def as_text(value: Any) -> str:
    """A value in one spelling, whatever the order of its keys.

    >>> as_text({"b": [1, 2.0], "a": None})
    '{"a": null, "b": [1, 2.0]}'
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


@cache
def code_version() -> str:
    """The hash of the code that computes, as it was when this process first asked."""
    found = hashlib.sha256()
    for path in computing_files(HOUSE):
        found.update(f"{path.relative_to(HOUSE).as_posix()} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    for name in COMPUTING:
        found.update(f"{name} {metadata.version(name)}\n".encode())
    return found.hexdigest()


def computing_files(house: Path) -> list[Path]:
    """The files below `house` that decide what a run's files hold, in one order everywhere."""
    found = (
        path for path in house.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    kept = [p for p in found if p.relative_to(house).parts[0].removesuffix(".py") not in ASKING]
    return sorted(kept, key=lambda path: path.relative_to(house).as_posix())


def file_hashes(paths: Iterable[str]) -> dict[str, str]:
    """Path → SHA-256 of its content."""
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}


@cache
def provenance() -> dict[str, Any]:
    """What made a run: the code, the commit, whether it was changed since, the packages."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    dirty = git("status", "--porcelain", "--untracked-files=no")
    return {
        "code": code_version(),
        "commit": git("rev-parse", "HEAD"),
        "dirty": None if dirty is None else bool(dirty),
        "versions": {"python": platform.python_version(), **versions},
    }


def git(*command: str) -> str | None:
    """What git says of the checkout, or None where there is no git or no checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *command], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
