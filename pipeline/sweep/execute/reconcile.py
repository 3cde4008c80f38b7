"""What of a sweep is done, found out from its ledger and its run folders before anything runs.

A run's folder is believed, and the ledger only with it: a folder that was deleted is made again,
one that is whole but not in the ledger (its sweep was killed between the two) is entered. Nothing
that a user changed is removed: it is moved to aside/.
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
from pipeline.store.schema import read_json
from pipeline.store.write.run import CONFIG, FAILURE_FILES
from pipeline.sweep.entries import read_entry

ExpectedRuns = Mapping[str, str | None]  # run -> its key, None for whichever it was made with
Tell = Callable[[str], None]
LISTED = {"files?": [str]}  # of run.json


def reconcile_folders(wanted: ExpectedRuns, folder: Path, ledger: Ledger, tell: Tell) -> set[str]:
    """The runs that are done; the ledger completed, and room made for those that are not."""
    remove_partial(folder / "runs")
    entries = ledger.entries()
    done = set()
    for run, key in wanted.items():
        place, is_entered = folder / "runs" / run, entries.get(run, {}).get("status") == "done"
        if not place.exists():
            if is_entered:
                tell(f"{display_path(place)} is gone; it is made again")
        elif wrong := mismatch(place, key) or ("" if is_entered else add_to_ledger(place, ledger)):
            clear_or_move_aside(place, folder / "aside", wrong, tell)
        else:
            done.add(run)
    return done


def add_to_ledger(place: Path, ledger: Ledger) -> str:
    """Enters a run into the ledger from its folder; what is wrong with its records, if anything."""
    try:
        ledger.append(read_entry(place))
    except UserError as fault:
        return str(fault).removeprefix("sweep: ")
    return ""


def finished_folders(wanted: ExpectedRuns, folder: Path, _ledger: Ledger) -> set[str]:
    """The runs whose folders are there and whole, whatever the ledger says; nothing is touched."""
    return {run for run, key in wanted.items() if not mismatch(folder / "runs" / run, key)}


def finished_in_ledger(
    wanted: ExpectedRuns, _folder: Path, ledger: Ledger, _tell: Tell | None = None
) -> set[str]:
    """The runs that are done by the ledger alone, where no folders are kept."""
    return {
        run
        for run, entry in ledger.entries().items()
        if run in wanted
        and entry["status"] == "done"
        and wanted[run] in (None, entry.get("key"))
        and isinstance(entry.get("scalars"), dict)
    }


# What is kept of a run -> what is done of a sweep, and what of it is there without a word of ours.
RECONCILE: Mapping[str, Callable[[ExpectedRuns, Path, Ledger, Tell], set[str]]] = {
    "all": reconcile_folders,
    "metrics": finished_in_ledger,
}
FINISHED: Mapping[str, Callable[[ExpectedRuns, Path, Ledger], set[str]]] = {
    "all": finished_folders,
    "metrics": finished_in_ledger,
}


def mismatch(place: Path, key: str | None) -> str:
    """Why a folder is not that run, finished and with all its files; nothing where it is.

    Of the files, the config alone is read: of the others it is enough that they are there.
    """
    about = readable_record(place)
    if about.get("status") != "done":
        return f"{display_path(place)} is no finished run"
    if key not in (None, about.get("key")):
        return f"{display_path(place)} is another run"
    lacking = [name for name in about.get("files", ()) if not os.path.lexists(place / name)]
    if lacking:
        return f"{display_path(place)} lacks {', '.join(lacking)}"
    return "" if is_as_made(place) else f"{display_path(place)}/{CONFIG} was changed by hand"


def readable_record(place: Path) -> Mapping[str, Any]:
    """The folder's run.json; empty where there is none that can be read."""
    try:
        return read_json(place / "run.json", LISTED)
    except UserError:
        return {}


def is_as_made(place: Path) -> bool:
    """Whether the config in a run's folder is the one its run was made from."""
    try:
        return sha256((place / CONFIG).read_bytes()) == readable_record(place).get("config")
    except OSError:
        return False


def clear_or_move_aside(place: Path, aside: Path, wrong: str, tell: Tell) -> None:
    """A failed run's folder is removed; anything else goes to aside/, and that is said."""
    if (
        readable_record(place).get("status") == "failed"
        and is_as_made(place)
        and holds_only_ours(place)
    ):
        remove_ours(place)
        return
    kept = move_aside(place, aside)
    tell(f"{wrong}; kept as {display_path(kept)}, and the run is made again")


def holds_only_ours(place: Path) -> bool:
    """Whether a failed run's folder holds what a failure leaves and nothing besides."""
    files: Iterable[Path] = (path for path in place.rglob("*") if not path.is_dir())
    return {path.relative_to(place).as_posix() for path in files} <= FAILURE_FILES
