"""What made a run: the commit, the packages and their versions."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib import metadata
from typing import Any

from pipeline.base.paths import ROOT
from pipeline.store.key import code_version

PACKAGES = ("numpy", "hydra-core", "omegaconf", "matplotlib")


@cache
def provenance() -> dict[str, Any]:
    """What made a run: code, commit, uncommitted changes, versions."""
    versions = {name: metadata.version(name) for name in PACKAGES}
    dirty = git("status", "--porcelain", "--untracked-files=no")
    return {
        "code": code_version(),
        "commit": git("rev-parse", "HEAD"),
        "dirty": None if dirty is None else bool(dirty),
        "versions": {"python": platform.python_version(), **versions},
    }


def git(*command: str) -> str | None:
    """The output of git in the checkout; None without git or a checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *command], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
