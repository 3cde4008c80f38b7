"""Which runs of a sweep are done, by its ledger and its run folders, before anything runs.

Run folders come before the ledger: a run whose folder was deleted is made again, and a finished
folder that is not in the ledger (the sweep was killed between the two) is added to it. Nothing that
a user changed is removed: it is moved to aside/.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.base.errors import UserError
from pipeline.base.paths import display_path
from pipeline.store.atomic import move_aside, remove_ours, remove_partial, sha256
from pipeline.store.ledger import Ledger
from pipeline.store.read.json import FileList, read_json
from pipeline.store.write.run import CONFIG, FAILURE_FILES
from pipeline.sweep.entries import read_entry

ExpectedRuns = Mapping[str, str | None]  # run → its key; None where any key will do
Notify = Callable[[str], None]


def reconcile_folders(
    expected: ExpectedRuns, folder: Path, ledger: Ledger, notify: Notify
) -> set[str]:
    """The runs that are done; completes the ledger and clears the folders of the others."""
    remove_partial(folder / "runs")
    entries = ledger.entries()
    done = set()
    for run, key in expected.items():
        path, in_ledger = folder / "runs" / run, entries.get(run, {}).get("status") == "done"
        if not path.exists():
            if in_ledger:
                notify(f"{display_path(path)} is gone; it is made again")
        elif problem := mismatch(path, key) or ("" if in_ledger else add_to_ledger(path, ledger)):
            clear_or_move_aside(path, folder / "aside", problem, notify)
        else:
            done.add(run)
    return done


def add_to_ledger(path: Path, ledger: Ledger) -> str:
    """Adds a run to the ledger from its folder; returns what is wrong with its files."""
    try:
        ledger.append(read_entry(path))
    except UserError as error:
        return str(error).removeprefix("sweep: ")
    return ""


def finished_folders(expected: ExpectedRuns, folder: Path, _ledger: Ledger) -> set[str]:
    """The runs whose folders are complete, whatever the ledger says; nothing is changed."""
    return {run for run, key in expected.items() if not mismatch(folder / "runs" / run, key)}


def finished_in_ledger(
    expected: ExpectedRuns, _folder: Path, ledger: Ledger, _notify: Notify | None = None
) -> set[str]:
    """The runs that are done by the ledger alone, where there are no run folders."""
    return {
        run
        for run, entry in ledger.entries().items()
        if run in expected
        and entry["status"] == "done"
        and expected[run] in (None, entry.get("key"))
        and isinstance(entry.get("scalars"), dict)
    }


# What is stored of a run → the function that finds the finished runs, with and without changes.
RECONCILE: Mapping[str, Callable[[ExpectedRuns, Path, Ledger, Notify], set[str]]] = {
    "all": reconcile_folders,
    "metrics": finished_in_ledger,
}
FINISHED: Mapping[str, Callable[[ExpectedRuns, Path, Ledger], set[str]]] = {
    "all": finished_folders,
    "metrics": finished_in_ledger,
}


def mismatch(path: Path, key: str | None) -> str:
    """Why a folder is not that run, finished and with all its files; empty where it is.

    Only the config is read; the other files need only exist.
    """
    record = readable_record(path)
    if record.get("status") != "done":
        return f"{display_path(path)} is not a finished run"
    if key not in (None, record.get("key")):
        return f"{display_path(path)} is another run"
    lacking = [name for name in record.get("files", ()) if not os.path.lexists(path / name)]
    if lacking:
        return f"{display_path(path)} lacks {', '.join(lacking)}"
    return "" if is_unchanged(path) else f"{display_path(path)}/{CONFIG} was changed by hand"


def readable_record(path: Path) -> Mapping[str, Any]:
    """The folder's run.json; empty where there is none that can be read."""
    try:
        return read_json(path / "run.json", FileList)
    except UserError:
        return {}


def is_unchanged(path: Path) -> bool:
    """Whether the config in a run's folder is the one that the run was made from."""
    try:
        return sha256((path / CONFIG).read_bytes()) == readable_record(path).get("config")
    except OSError:
        return False


def clear_or_move_aside(path: Path, aside: Path, problem: str, notify: Notify) -> None:
    """Removes a failed run's folder; moves anything else to aside/ and reports it."""
    if (
        readable_record(path).get("status") == "failed"
        and is_unchanged(path)
        and has_only_our_files(path)
    ):
        remove_ours(path)
        return
    moved = move_aside(path, aside)
    notify(f"{problem}; kept as {display_path(moved)}, and the run is made again")


def has_only_our_files(path: Path) -> bool:
    """Whether a failed run's folder holds only the files that a failure leaves."""
    files: Iterable[Path] = (file for file in path.rglob("*") if not file.is_dir())
    return {file.relative_to(path).as_posix() for file in files} <= FAILURE_FILES
