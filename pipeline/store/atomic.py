"""Atomic writes: a file or folder appears whole, or not at all."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.base.errors import UserError
from pipeline.base.paths import display_path

PARTIAL_SUFFIX = ".part"  # ends the names of unfinished files and folders
PARTIAL_NAME = re.compile(r"\..+\.([0-9]+|[0-9a-f]{8}|gone)\.part")  # our names for them
IN_PARTIAL_FOLDER = re.compile(
    r"/\.[^/]+\.[0-9a-f]{8}\.part/"
)  # inside a folder that is `atomic_folder`


@contextmanager
def remove_on_error(folder: Path) -> Iterator[Path]:
    """A claimed folder that is removed if filling it fails."""
    with report_disk_errors(folder):
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # the folder of the day, unless other runs are in it
                folder.parent.rmdir()
            raise


class Unwritable(UserError):
    """A folder that cannot be written: disk full, read-only, or a file in the way."""


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """A folder that is filled under a temporary name and appears whole, or not at all.

    If another process makes the same folder at the same time, such as a worker of a killed sweep,
    their files do not mix and none is overwritten: the first whole folder stays.
    """
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    beside.mkdir(parents=True)
    claimed = os.open(beside, os.O_RDONLY)  # while it is open, no other folder gets its number
    try:
        yield beside
        if not os.path.samestat(beside.stat(), os.fstat(claimed)):
            raise FileNotFoundError(f"{beside.name} was cleared away and begun again by a write")
        beside.rename(folder)  # refuses a folder with files in it
    except BaseException:
        remove_ours(beside)
        raise
    finally:
        os.close(claimed)


def remove_partial(parent: Path) -> None:
    """Removes the unfinished files and folders that killed processes left in `parent`."""
    for beside in parent.glob(f".*{PARTIAL_SUFFIX}"):
        if PARTIAL_NAME.fullmatch(beside.name):  # not a user's file with such an ending
            remove_ours(beside)


def remove_ours(place: Path) -> None:
    """Removes what this program made; a folder is renamed first, so that nobody sees half of it."""
    with suppress(FileNotFoundError):
        if not place.is_dir():
            place.unlink()
            return
        gone = place.with_name(f".{secrets.token_hex(4)}.gone{PARTIAL_SUFFIX}")
        place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def move_aside(folder: Path, aside: Path) -> Path:
    """Moves what must not be overwritten into `aside`, under a free name."""
    aside.mkdir(exist_ok=True)
    for count in itertools.count():
        place = aside / (f"{folder.name}.{count}" if count else folder.name)
        if not place.exists():
            folder.rename(place)
            return place
    raise AssertionError("numbers have no end")


@contextmanager
def report_disk_errors(folder: Path) -> Iterator[None]:
    """Turns an error of the disk, such as a full one, into a `UserError`."""
    try:
        yield
    except BrokenPipeError:  # the reader of our output has closed it
        raise
    except OSError as error:
        raise disk_error(folder, error.strerror or str(error)) from error


def disk_error(folder: Path, why: str) -> Unwritable:
    """The error of an outputs folder that cannot be written."""
    return Unwritable(
        f"outputs: cannot write to {display_path(folder)} ({why}); set outputs= to another place"
    )


def write_file(path: Path, content: str | bytes) -> None:
    """`content` at `path`, whole or not at all."""
    with temporary_path(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def temporary_path(path: Path) -> Iterator[Path]:
    """A temporary path, renamed to `path` when the block ends.

    Inside an unfinished `atomic_folder` it is `path` itself.
    """
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
    if IN_PARTIAL_FOLDER.search(str(path)):
        yield path
    else:
        part = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL_SUFFIX}")
        yield part
        part.replace(path)


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal, by which a changed file is noticed."""
    return hashlib.sha256(content).hexdigest()
