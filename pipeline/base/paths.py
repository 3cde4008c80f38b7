"""Where the project's folders are."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
ROOT = PACKAGE.parent
CONF, EXPERIMENTS = ROOT / "conf", ROOT / "experiments"


def display_path(path: Path) -> str:
    """`path` relative to the repository where it lies inside it, else absolute."""
    path = path.resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
