"""Run folders: the only module that writes results to disk.

A folder is claimed by an atomic mkdir, so no two runs share one and none is overwritten. Every
file is written beside its place and renamed; `run.json` comes last, and only a folder whose
`run.json` says done is a run.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.faults import Fault
from pipeline.plots import render
from pipeline.records import Drawing, Result, Table
from pipeline.tables import embeddings_table, metrics_table, weights_table

ROOT = Path(__file__).resolve().parent.parent


def claim(parent: Path, stamp: str, name: str, now: Callable[[], datetime] = datetime.now) -> Path:
    """A new folder below `parent`, named by the time and the slug of `name`.

    The time is taken again until its folder is free, so simultaneous starts get one each.
    """
    while True:
        folder = parent / f"{now():{stamp}}_{slug(name)}"
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            if not folder.is_dir() or not parent.is_dir():
                raise unwritable(parent, "a file of that name is in the way") from None
            continue
        except OSError as error:
            raise unwritable(parent, error.strerror or str(error)) from error
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


@contextmanager
def whole_or_gone(folder: Path) -> Iterator[Path]:
    """A claimed folder that is removed again if what fills it fails."""
    with writing(folder):
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # the folder of the day, unless other runs are in it
                folder.parent.rmdir()
            raise


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """A disk that takes no more is a fault of the user's, not a bug of ours."""
    try:
        yield
    except BrokenPipeError:  # who reads our output closed it
        raise
    except OSError as error:
        raise unwritable(folder, error.strerror or str(error)) from error


def unwritable(folder: Path, why: str) -> Fault:
    """The fault of an outputs folder that cannot take the results."""
    return Fault(f"outputs: cannot write to {shown(folder)} ({why}); set outputs= to another place")


def shown(path: Path) -> str:
    """`path` relative to the repository where it lies inside it, else absolute."""
    path = path.resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def slug(name: str) -> str:
    """`name` as a part of a path; one that loses anything gets the head of its hash.

    So two names never share a slug.

    >>> slug("no_scaling"), slug("não!"), slug("../..")
    ('no_scaling', 'nao-a29588', 'x-0cfd1c')
    """
    kept = plain(name, limit=48)
    return kept if kept == name else f"{kept}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def plain(name: str, limit: int) -> str:
    """What is left of `name` in ASCII letters, digits, dots, dashes and underscores.

    >>> plain("scale-1/√d k", limit=9)
    'scale-1-d'
    """
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", ascii_only).strip("-._")[:limit].rstrip("-._") or "x"


def write(path: Path, content: str | bytes) -> None:
    """`content` at `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    beside.write_bytes(content.encode() if isinstance(content, str) else content)
    beside.replace(path)


def write_csv(path: Path, table: Table) -> None:
    """A table as UTF-8 CSV; a float in the shortest form that reads back to the same float."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([cell(value) for value in row] for row in table.rows)
    write(path, buffer.getvalue())


def cell(value: object) -> object:
    """A value as CSV holds it: an undefined number is an empty cell."""
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else repr(float(value))
    return value


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Indented JSON in UTF-8; an undefined number is null."""
    write(path, json.dumps(undefined_as_null(content), indent=2, ensure_ascii=False) + "\n")


def undefined_as_null(content: Any) -> Any:
    """`content` with NaN, which JSON does not know, as None."""
    if isinstance(content, Mapping):
        return {key: undefined_as_null(value) for key, value in content.items()}
    return None if isinstance(content, float) and math.isnan(content) else content


def write_drawings(
    folder: Path, drawings: Iterable[tuple[str, Drawing]], formats: Sequence[str], dpi: int
) -> list[str]:
    """Each figure in each format, beside a CSV of the same name with what it draws."""
    names = []
    for name, drawing in drawings:
        names.append(slug(name))
        for file_format in formats:
            path = folder / f"{names[-1]}.{file_format}"
            write(path, render(drawing, file_format, dpi))
        write_csv(folder / f"{names[-1]}.csv", drawing.table)
    return names


def write_run(
    folder: Path,
    result: Result,
    drawings: Iterable[tuple[str, Drawing]],
    reading: str,
    settings: Mapping[str, Any],
    overrides: Sequence[str],
    about: Callable[[], Mapping[str, Any]],
) -> None:
    """One run's files; `run.json`, with what `about` says once all else is written, last."""
    metrics, figures = settings["metrics"], settings["figures"]
    write(folder / ".hydra" / "config.yaml", as_yaml(settings))
    write(folder / ".hydra" / "overrides.yaml", as_yaml(list(overrides)))
    write_csv(folder / "weights.csv", weights_table(result.outcomes))
    write_csv(folder / "metrics.csv", metrics_table(result.outcomes, metrics))
    write_csv(folder / "embeddings.csv", embeddings_table(result.outcomes))
    write(folder / "reading.md", reading)
    write_drawings(folder / "figures", drawings, figures["formats"], figures["dpi"])
    write_json(folder / "summary.json", result.scalars)
    seen = {"vectors": result.outcomes[0].embedded.source, "notices": list(result.notices)}
    write_json(folder / "run.json", {**about(), **seen})


def as_yaml(content: object) -> str:
    """YAML as a person would write it: order kept, letters as letters."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
