"""Where results go: the names of their folders and files."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pipeline.store.atomic import disk_error


def claim(parent: Path, stamp: str, name: str, now: Callable[[], datetime] = datetime.now) -> Path:
    """A new folder below `parent`, named by the time and the slug of `name`.

    Simultaneous starts get one folder each: the time is read again until its folder is free.
    """
    while True:
        folder = parent / f"{now():{stamp}}_{slug(name)}"
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            if not folder.is_dir() or not parent.is_dir():
                raise disk_error(parent, "a file of that name is in the way") from None
            continue
        except OSError as error:
            raise disk_error(parent, error.strerror or str(error)) from error
        return folder


def claim_run(outputs: Path, name: str) -> Path:
    """outputs/2026-11-23/14-05-09.123456_<name>/"""
    return claim(outputs, "%Y-%m-%d/%H-%M-%S.%f", name)


def claim_sweep(outputs: Path, name: str) -> Path:
    """outputs/sweeps/2026-11-23_14-05-09.123456_<name>/"""
    return claim(outputs / "sweeps", "%Y-%m-%d_%H-%M-%S.%f", name)


def claim_comparison(outputs: Path) -> Path:
    """outputs/comparisons/2026-11-23_14-05-09.123456_comparison/"""
    return claim(outputs / "comparisons", "%Y-%m-%d_%H-%M-%S.%f", "comparison")


def slug(name: str) -> str:
    """`name` as a part of a path; where letters are lost, part of its hash is added.

    So no two names share a slug.

    >>> slug("no_scaling"), slug("não!"), slug("../..")
    ('no_scaling', 'nao-a29588', 'x-0cfd1c')
    """
    kept = ascii_slug(name, limit=48)
    return kept if kept == name else f"{kept}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def ascii_slug(name: str, limit: int) -> str:
    """`name` in ASCII letters, digits, dots, dashes and underscores.

    >>> ascii_slug("scale-1/√d k", limit=9)
    'scale-1-d'
    """
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", ascii_only).strip("-._")[:limit].rstrip("-._") or "x"
