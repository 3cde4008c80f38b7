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

from pipeline.compare.shapes import read_json
from pipeline.faults import Fault
from pipeline.ledger import Ledger
from pipeline.store import CONFIG, OF_FAILURES, clear, clear_parts, digest, move_aside, shown
from pipeline.sweep.work import read_entry

Wanted = Mapping[str, str | None]  # run -> its key, None for whichever it was made with
Tell = Callable[[str], None]
LISTED = {"files?": [str]}  # of run.json


def folders(wanted: Wanted, folder: Path, ledger: Ledger, tell: Tell) -> set[str]:
    """The runs that are done; the ledger completed, and room made for those that are not."""
    clear_parts(folder / "runs")
    entries = ledger.entries()
    done = set()
    for run, key in wanted.items():
        place, is_entered = folder / "runs" / run, entries.get(run, {}).get("status") == "done"
        if not place.exists():
            if is_entered:
                tell(f"{shown(place)} is gone; it is made again")
        elif wrong := wrong_with(place, key) or ("" if is_entered else enter(place, ledger)):
            make_room(place, folder / "aside", wrong, tell)
        else:
            done.add(run)
    return done


def enter(place: Path, ledger: Ledger) -> str:
    """Enters a run into the ledger from its folder; what is wrong with its records, if anything."""
    try:
        ledger.append(read_entry(place))
    except Fault as fault:
        return str(fault).removeprefix("sweep: ")
    return ""


def whole(wanted: Wanted, folder: Path, _ledger: Ledger) -> set[str]:
    """The runs whose folders are there and whole, whatever the ledger says; nothing is touched."""
    return {run for run, key in wanted.items() if not wrong_with(folder / "runs" / run, key)}


def lines(wanted: Wanted, _folder: Path, ledger: Ledger, _tell: Tell | None = None) -> set[str]:
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
SETTLED: Mapping[str, Callable[[Wanted, Path, Ledger, Tell], set[str]]] = {
    "all": folders,
    "metrics": lines,
}
THERE: Mapping[str, Callable[[Wanted, Path, Ledger], set[str]]] = {"all": whole, "metrics": lines}


def wrong_with(place: Path, key: str | None) -> str:
    """Why a folder is not that run, finished and with all its files; nothing where it is.

    Of the files, the config alone is read: of the others it is enough that they are there.
    """
    about = about_of(place)
    if about.get("status") != "done":
        return f"{shown(place)} is no finished run"
    if key not in (None, about.get("key")):
        return f"{shown(place)} is another run"
    lacking = [name for name in about.get("files", ()) if not os.path.lexists(place / name)]
    if lacking:
        return f"{shown(place)} lacks {', '.join(lacking)}"
    return "" if is_as_made(place) else f"{shown(place)}/{CONFIG} was changed by hand"


def about_of(place: Path) -> Mapping[str, Any]:
    """The folder's run.json; empty where there is none that can be read."""
    try:
        return read_json(place / "run.json", LISTED)
    except Fault:
        return {}


def is_as_made(place: Path) -> bool:
    """Whether the config in a run's folder is the one its run was made from."""
    try:
        return digest((place / CONFIG).read_bytes()) == about_of(place).get("config")
    except OSError:
        return False


def make_room(place: Path, aside: Path, wrong: str, tell: Tell) -> None:
    """A failed run's folder is removed; anything else goes to aside/, and that is said."""
    if about_of(place).get("status") == "failed" and is_as_made(place) and holds_only_ours(place):
        clear(place)
        return
    kept = move_aside(place, aside)
    tell(f"{wrong}; kept as {shown(kept)}, and the run is made again")


def holds_only_ours(place: Path) -> bool:
    """Whether a failed run's folder holds what a failure leaves and nothing besides."""
    files: Iterable[Path] = (path for path in place.rglob("*") if not path.is_dir())
    return {path.relative_to(place).as_posix() for path in files} <= OF_FAILURES
