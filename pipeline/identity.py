"""What a run is: the hash of what determines it, and what made it."""

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
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("numpy", "hydra-core", "omegaconf", "matplotlib")


def fingerprint(settings: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """The hash of what determines a run: its settings but for its name, and its input files."""
    content = {**{k: v for k, v in settings.items() if k != "name"}, "inputs": dict(inputs)}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def file_hashes(paths: Iterable[str]) -> dict[str, str]:
    """Path → SHA-256 of its content."""
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}


@cache
def provenance() -> dict[str, Any]:
    """What made a run: the commit, whether it was changed since, and the versions of packages."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    dirty = git("status", "--porcelain", "--untracked-files=no")
    return {
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
