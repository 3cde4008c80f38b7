"""The heading of a page: title, question, and the command that makes it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.base.paths import display_path
from pipeline.laws import Verdict
from pipeline.store.read.run import Run

NOT_OPTIONS = ("paths", "debug")  # arguments of the command that are written otherwise or left out


@dataclass(frozen=True, eq=False)
class PageHeading:
    """What the page says beside what is in the runs."""

    title: str
    command: str  # makes these runs and this page again
    question: str = ""
    source: str = ""
    verdicts: Sequence[Verdict] = ()
    causes_command: str = ""  # attributes the change to settings; empty where that is done


def comparison_heading(runs: Sequence[Run], asked: Mapping[str, Any]) -> PageHeading:
    """The heading of a comparison; its command names the runs, not `latest`."""
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
