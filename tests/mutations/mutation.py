"""A mutation: one small bug, and the rooms whose tests should notice it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is ten times as fast
ATTENTION = ("tests/attention", "pipeline/attention")
ROOMS: dict[str, tuple[str, ...]] = {  # room → its tests and its doctests
    "base": ("tests/base", "pipeline/base"),
    "attention": ATTENTION,
    "masks": ATTENTION,
    "normalizers": ATTENTION,
    "gradients": ATTENTION,
    "metrics": ("tests/metrics", "pipeline/metrics"),
    "plots": ("tests/plots", "pipeline/plots"),
    "prose": ("tests/prose", "tests/runs", "pipeline/prose"),
    "embed": ("tests/embed", "pipeline/embed"),
    "model": ("tests/model", "pipeline/model"),
    "laws": ("tests/laws", "pipeline/laws"),
    "config": ("tests/config", "tests/test_refusals.py", "pipeline/config"),
    "store": ("tests/store", "tests/test_cli.py", "pipeline/store"),
    "runs": ("tests/runs", "tests/test_cli.py", "pipeline/runs"),
    "compare": ("tests/compare", "pipeline/compare"),
    "page": ("tests/compare/page", "pipeline/compare/page"),
    "sweep": ("tests/sweep", "pipeline/sweep"),
}


@dataclass(frozen=True)
class Mutation:
    """One small bug."""

    name: str
    room: str
    file: str
    old: str  # occurs in the file exactly once
    new: str
    why: str  # what a user would see
    tests: tuple[str, ...]  # those most likely to notice it

    def apply(self, root: Path) -> str:
        """The file's text with the bug in it."""
        text = (root / self.file).read_text(encoding="utf-8")
        if (count := text.count(self.old)) != 1 or self.old == self.new:
            raise ValueError(
                f"{self.name}: `old` occurs {count} times in {self.file}, expected once"
            )
        return text.replace(self.old, self.new)


@cache
def read_mutations() -> tuple[Mutation, ...]:
    """Every mutation of mutations.yaml."""
    text = (Path(__file__).parent / "mutations.yaml").read_text(encoding="utf-8")
    entries = yaml.load(text, Loader=LOADER)
    return tuple(Mutation(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries)
