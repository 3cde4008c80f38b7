"""Folders, globs, `latest` and sweeps → the finished runs in them, each once."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from glob import has_magic
from pathlib import Path

from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT
from pipeline.store.read.json import PlanRecord, read_json
from pipeline.store.read.run import Run, is_done, read_run
from pipeline.store.read.shards import has_shards, runs_of_shards

PathLike = str | Path
Found = Path | Run  # a run's folder, or a run that has none
LATEST = re.compile(r"latest(?::(\d+))?")
CLOCK_SKEW = 3600  # seconds that the clock of a file server may be ahead
EXPECTED = "expected a run, a sweep, a glob or latest:3"


def find_runs(words: Sequence[PathLike]) -> list[Run]:
    """The finished runs that the words stand for; the newest sweep where there is none.

    A word is a run folder, a sweep folder, a folder of run folders, a glob of any of these, or
    `latest` and `latest:3`, the newest single runs.
    """
    found: dict[str, Found] = {}
    for word in words or [newest_sweep()]:
        for item in resolve_word(str(word)):
            folder = item.folder if isinstance(item, Run) else item
            found.setdefault(os.path.realpath(folder), item)
    return [item if isinstance(item, Run) else read_run(item) for item in found.values()]


def resolve_word(word: str) -> Iterator[Found]:
    """The run folders that one word stands for, and the runs of sweeps that keep none."""
    latest = LATEST.fullmatch(word)
    if latest:
        yield from newest_runs(int(latest[1] or 1))
    elif has_magic(word) and not Path(word).exists():
        yield from resolve_glob(word)
    else:
        yield from runs_in(Path(word))


def resolve_glob(pattern: str) -> list[Found]:
    """The finished runs in the folders that match; folders without any are skipped."""
    anchor = Path(pattern).anchor
    matches = sorted(Path(anchor or ".").glob(pattern[len(anchor) :]))
    found = [run for match in matches if match.is_dir() for run in finished_runs(match)]
    if not found:
        what = "nothing matches" if not matches else "no finished run matches"
        raise UserError(f"compare: {what} {pattern}; {EXPECTED}")
    return found


def newest_runs(count: int) -> list[Path]:
    """The newest single runs of outputs/, in the order they were made."""
    if not count:
        raise UserError("compare: latest:0 asks for no runs; expected latest, or latest:1 or more")
    newest_first = by_time((ROOT / "outputs").glob("[0-9]*/*/run.json"))[::-1]
    done: list[Path] = []
    for record in newest_first:
        if len(done) < count and is_done(record.parent):
            done.append(record.parent)
    if len(done) < count:
        runs, done_runs = (f"run{'s' * (number != 1)}" for number in (count, len(done)))
        raise UserError(
            f"compare: latest:{count} asks for {count} {runs}, but outputs has {len(done)} single "
            f"{done_runs}; make one with: make run"
        )
    return done[::-1]


def newest_sweep() -> Path:
    """The sweep of outputs/ that was begun last."""
    sweeps = by_time((ROOT / "outputs" / "sweeps").glob("*/plan.json"))
    if not sweeps:
        raise UserError("compare: no sweep in outputs/sweeps; make one with: make sweep")
    return sweeps[-1].parent


def by_time(records: Iterable[Path]) -> list[Path]:
    """Records of runs or of sweeps in the order in which they were written.

    By the file system's time: the one in a folder's name is local, and goes back with the time zone
    or the end of summer time. A time in the future comes from a wrong clock and counts as oldest.
    """
    latest = time.time() + CLOCK_SKEW

    def written(record: Path) -> tuple[bool, float, Path]:
        when = record.stat().st_mtime
        return when <= latest, when, record

    return sorted(records, key=written)


def runs_in(folder: Path) -> list[Found]:
    """The runs of a folder: itself, those of a sweep, or the run folders in it."""
    if not folder.is_dir():
        raise UserError(f"compare: no folder {folder}; {EXPECTED}")
    if is_run(folder):
        return [folder]
    found = finished_runs(folder)
    if not found:
        raise UserError(f"compare: {folder} holds no finished run; {EXPECTED}")
    return found


def is_run(folder: Path) -> bool:
    """Whether the folder looks like one run, finished or not."""
    return (folder / "run.json").exists() or (folder / "weights.csv").exists()


def finished_runs(folder: Path) -> list[Found]:
    """The finished runs of a folder, those of a sweep in the order of its plan."""
    if has_shards(folder):
        return list(runs_of_shards(folder))
    if is_run(folder):
        inside = [folder]
    elif (folder / "plan.json").exists():
        plan, runs = read_json(folder / "plan.json", PlanRecord)["runs"], folder / "runs"
        return [runs / p["run"] for p in plan if is_done(runs / p.get("same_as", p["run"]))]
    else:
        inside = sorted(path.parent for path in folder.glob("*/run.json"))
    return [path for path in inside if is_done(path)]
