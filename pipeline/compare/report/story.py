"""The story: what the page tells beside what stands in the runs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.compare.read import Run
from pipeline.laws import Verdict
from pipeline.store import shown

APART = ("paths", "debug")  # of the command's arguments, what is told otherwise or not at all


@dataclass(frozen=True, eq=False)
class Story:
    """Who made these runs, and what for."""

    title: str
    command: str  # that makes these runs and this page again
    question: str = ""
    source: str = ""
    verdicts: Sequence[Verdict] = ()
    causes: str = ""  # the command that works out which setting did what, where it was not given


def of_comparison(runs: Sequence[Run], asked: Mapping[str, Any]) -> Story:
    """A comparison's: its command names the runs, whatever is newest when it is read."""
    paths = list(asked["paths"])
    if not paths:
        paths = [shown(runs[0].folder.parent.parent)]  # the newest sweep
    elif any(path.startswith("latest") for path in paths):
        paths = [run.name for run in runs]
    options = [
        word
        for name, value in asked.items()
        if name not in APART and value not in (None, False)
        for word in ([f"--{name}"] if value is True else [f"--{name}", str(value)])
    ]
    command = comparing(*paths, *options)
    why = "" if asked["causes"] else comparing(*paths, *options, "--causes", "all")
    return Story("comparison", command, f"What tells these {len(runs)} runs apart?", causes=why)


def comparing(*words: str) -> str:
    """The command that compares, as a shell takes it.

    >>> comparing("outputs/a b", "--causes", "all")
    ".venv/bin/python -m pipeline.compare 'outputs/a b' --causes all"
    """
    return shlex.join([".venv/bin/python", "-m", "pipeline.compare", *words])
