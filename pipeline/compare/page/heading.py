"""The story: what the page tells beside what stands in the runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.base.paths import display_path
from pipeline.laws import Verdict
from pipeline.store.read.run import Run

NOT_OPTIONS = ("paths", "debug")  # of the command's arguments, what is told otherwise or not at all


@dataclass(frozen=True, eq=False)
class PageHeading:
    """Who made these runs, and what for."""

    title: str
    command: str  # that makes these runs and this page again
    question: str = ""
    source: str = ""
    verdicts: Sequence[Verdict] = ()
    causes_command: str = (
        ""  # the command that works out which setting did what, where it was not given
    )


def comparison_heading(runs: Sequence[Run], asked: Mapping[str, Any]) -> PageHeading:
    """A comparison's: its command names the runs, whatever is newest when it is read."""
    paths = list(asked["paths"])
    if not paths:
        paths = [display_path(runs[0].folder.parent.parent)]  # the newest sweep
    elif any(path.startswith("latest") for path in paths):
        paths = [run.name for run in runs]
    options = [
        word
        for name, value in asked.items()
        if name not in NOT_OPTIONS and value not in (None, False)
        for word in ([f"--{name}"] if value is True else [f"--{name}", str(value)])
    ]
    command = compare_command(*paths, *options)
    why = "" if asked["causes"] else compare_command(*paths, *options, "--causes", "all")
    return PageHeading(
        "comparison", command, f"What tells these {len(runs)} runs apart?", causes_command=why
    )


def compare_command(*words: str) -> str:
    """The command that compares, as a shell takes it.

    >>> compare_command("outputs/a b", "--causes", "all")
    ".venv/bin/python -m pipeline.compare 'outputs/a b' --causes all"
    """
    return shlex.join([".venv/bin/python", "-m", "pipeline.compare", *words])
