"""What made the runs of a page: the commit, and the versions of Python and packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.store.read.run import Run


def versions(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Versions and commit, each value that the runs have."""
    versions = [run.record.get("versions", {}) for run in runs]
    names = dict.fromkeys(name for found in versions for name in found)
    packages = [(name, join_distinct(found.get(name) for found in versions)) for name in names]
    commits = join_distinct(commit_of(run.record) for run in runs)
    return [("commit", commits or "unknown"), *packages]


def commit_of(about: Mapping[str, Any]) -> str:
    """The commit a run was made from."""
    changed = " with changes not committed" if about.get("dirty") else ""
    return f"{about['commit']}{changed}" if about.get("commit") else ""


def join_distinct(values: Any) -> str:
    """The distinct values, as one text."""
    return ", ".join(dict.fromkeys(str(value) for value in values if value))
