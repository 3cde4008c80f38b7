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
    command = shlex.join([".venv/bin/python", "-m", "pipeline.compare", *paths, *options])
    return Story("comparison", command, f"What tells these {len(runs)} runs apart?")
