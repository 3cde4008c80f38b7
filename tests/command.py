"""The commands as a user calls them, in this process, with what they said."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.__main__ import main as pipeline_main
from pipeline.base.paths import ROOT
from pipeline.compare.__main__ import main as compare_main

CONF = yaml.safe_load((ROOT / "conf" / "config.yaml").read_text(encoding="utf-8"))
DEFAULT_METRICS: tuple[str, ...] = tuple(CONF["metrics"])  # what a run measures unless told


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and its two streams, whole."""

    code: int
    out: str
    err: str

    @property
    def folder(self) -> Path:
        """The folder it says it wrote: the last line of standard output."""
        return Path(self.out.splitlines()[-1])


def pipeline(*words: str) -> Said:
    """python -m pipeline WORDS."""
    return heard(pipeline_main, words)


def run_sweep(*words: str) -> Said:
    """python -m pipeline -m WORDS, all runs in this process: starting workers takes longer."""
    return pipeline("-m", "sweep.engine=inline", *words)


def compare(*words: str | Path) -> Said:
    """python -m pipeline.compare WORDS."""
    return heard(compare_main, [str(word) for word in words])


def heard(main: Callable[[Sequence[str]], int], words: Sequence[str]) -> Said:
    """Runs one command; leaving early, as argparse does, counts as an exit code."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as left:
            code = int(left.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by column, every cell a string."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path inside it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
