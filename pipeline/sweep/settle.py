"""What of a sweep is done, found out from its ledger and its run folders before anything runs.

A run's folder is believed, and the ledger only with it: a folder that was deleted is made again,
one that is whole but not in the ledger (its sweep was killed between the two) is entered. Nothing
that a user changed is removed: it is moved to aside/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.compare.read import read_json
from pipeline.faults import Fault
from pipeline.ledger import Ledger
from pipeline.store import CONFIG, OF_FAILURES, clear, clear_parts, digest, move_aside, shown
from pipeline.sweep.work import read_entry

Wanted = Mapping[str, str | None]  # run -> its key, None for whichever it was made with


def folders(wanted: Wanted, folder: Path, ledger: Ledger, tell: Callable[[str], None]) -> set[str]:
    """The runs that are done; the ledger completed, and room made for those that are not."""
    clear_parts(folder / "runs")
    entries = ledger.entries()
    done = set()
    for run, key in wanted.items():
        place = folder / "runs" / run
        if is_whole(place, key):
            done.add(run)
            if entries.get(run, {}).get("status") != "done":
                ledger.append(read_entry(place))
        elif place.exists():
            make_room(place, folder / "aside", tell)
        elif entries.get(run, {}).get("status") == "done":
            tell(f"{shown(place)} is gone; it is made again")
    return done


def lines(wanted: Wanted, folder: Path, ledger: Ledger, tell: Callable[[str], None]) -> set[str]:
    """The runs that are done by the ledger alone, where no folders are kept."""
    return {
        run
        for run, entry in ledger.entries().items()
        if run in wanted
        and entry["status"] == "done"
        and wanted[run] in (None, entry.get("key"))
        and isinstance(entry.get("scalars"), dict)
    }


SETTLED = {"all": folders, "metrics": lines}  # what is kept of a run -> what is done of a sweep


def is_whole(place: Path, key: str | None) -> bool:
    """Whether a folder holds that run, finished, with the config it was made from."""
    about = about_of(place)
    return about.get("status") == "done" and key in (None, about.get("key")) and is_as_made(place)


def about_of(place: Path) -> Mapping[str, Any]:
    """The folder's run.json; empty where there is none that can be read."""
    try:
        return read_json(place / "run.json")
    except Fault:
        return {}


def is_as_made(place: Path) -> bool:
    """Whether the config in a run's folder is the one its run was made from."""
    try:
        return digest((place / CONFIG).read_bytes()) == about_of(place).get("config")
    except OSError:
        return False


def make_room(place: Path, aside: Path, tell: Callable[[str], None]) -> None:
    """A failed run's folder is removed; anything else goes to aside/, and that is said."""
    if about_of(place).get("status") == "failed" and is_as_made(place) and holds_only_ours(place):
        clear(place)
        return
    why = "was changed by hand" if (place / CONFIG).exists() else "is no whole run"
    kept = move_aside(place, aside)
    tell(f"{shown(place)}/{CONFIG} {why}; kept as {shown(kept)}, and the run is made again")


def holds_only_ours(place: Path) -> bool:
    """Whether a failed run's folder holds what a failure leaves and nothing besides."""
    files: Iterable[Path] = (path for path in place.rglob("*") if not path.is_dir())
    return {path.relative_to(place).as_posix() for path in files} <= OF_FAILURES
