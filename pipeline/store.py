"""Run folders: the only module that writes results to disk.

A folder is claimed by an atomic mkdir, so no two runs share one and none is overwritten. Every
file is written beside its place and renamed; `run.json` comes last, and only a folder whose
`run.json` says done is a run.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.cells import csv_lines
from pipeline.faults import Fault
from pipeline.json_text import indented, undefined_as_null
from pipeline.lines import lines
from pipeline.plots import render
from pipeline.records import Drawing, LongTable, Result, Table
from pipeline.tables import (
    embeddings_table,
    keys_table,
    metrics_table,
    stages_table,
    weights_table,
)
from pipeline.yaml_text import as_yaml

ROOT = Path(__file__).resolve().parent.parent
PART = ".part"  # how the names of what is not whole yet end
HALF = re.compile(r"\..+\.([0-9]+|[0-9a-f]{8}|gone)\.part")  # the names that we give them
HIDDEN = re.compile(r"/\.[^/]+\.[0-9a-f]{8}\.part/")  # inside a folder that is `appearing`
CONFIG, OVERRIDES = ".hydra/config.yaml", ".hydra/overrides.yaml"
OF_FAILURES = frozenset({CONFIG, OVERRIDES, "traceback.txt", "run.json"})
UNSEEN = ("metrics", "plots", "language")  # settings that no figure depends on
UNSEEN_IN = {"attention": ("keep", "keep_k"), "figures": ("formats", "dpi", "style")}
LONG = 20_000  # rows from which it pays to start Arrow


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


class Unwritable(Fault):
    """A place that takes no files: full, read-only, or with something in the way."""


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A folder that is filled beside its place and appears whole, or not at all.

    Whoever else makes the same folder at the same time, such as the orphan of a killed sweep,
    neither mixes its files in nor is overwritten: the first that is whole stays.
    """
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{PART}")
    beside.mkdir(parents=True)
    claimed = os.open(beside, os.O_RDONLY)  # while it is open, no other folder gets its number
    try:
        yield beside
        if not os.path.samestat(beside.stat(), os.fstat(claimed)):
            raise FileNotFoundError(f"{beside.name} was cleared away and begun again by a write")
        beside.rename(folder)  # refuses a folder with files in it
    except BaseException:
        clear(beside)
        raise
    finally:
        os.close(claimed)


def clear_parts(parent: Path) -> None:
    """Removes what killed processes left half made in `parent`."""
    for beside in parent.glob(f".*{PART}"):
        if HALF.fullmatch(beside.name):  # and not what a user called so
            clear(beside)


def clear(place: Path) -> None:
    """Removes a file or folder of ours; out of its place at once, so that nobody finds half."""
    with suppress(FileNotFoundError):
        if not place.is_dir():
            place.unlink()
            return
        gone = place.with_name(f".{secrets.token_hex(4)}.gone{PART}")
        place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def move_aside(folder: Path, aside: Path) -> Path:
    """Moves what is not ours to overwrite into `aside`, under a name that is free there."""
    aside.mkdir(exist_ok=True)
    for count in itertools.count():
        place = aside / (f"{folder.name}.{count}" if count else folder.name)
        if not place.exists():
            folder.rename(place)
            return place
    raise AssertionError("numbers have no end")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """A disk that takes no more is a fault of the user's, not a bug of ours."""
    try:
        yield
    except BrokenPipeError:  # who reads our output closed it
        raise
    except OSError as error:
        raise unwritable(folder, error.strerror or str(error)) from error


def unwritable(folder: Path, why: str) -> Unwritable:
    """The fault of an outputs folder that cannot take the results."""
    return Unwritable(
        f"outputs: cannot write to {shown(folder)} ({why}); set outputs= to another place"
    )


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
    with beside(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A place to write what will be at `path` once it is whole.

    That is `path` itself inside a folder that has yet to appear.
    """
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
    if HIDDEN.search(str(path)):
        yield path
    else:
        part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
        yield part
        part.replace(path)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path inside it."""
    return {name: (folder / name).read_bytes() for name in files_in(folder)}


def files_in(folder: Path) -> list[str]:
    """Every file below a folder, as its path inside it, in the order of the alphabet."""
    root = os.fspath(folder)
    found = ((place[len(root) + 1 :], names) for place, _, names in os.walk(root))
    return sorted(f"{place}/{name}" if place else name for place, names in found for name in names)


def write_contents(folder: Path, files: Mapping[str, bytes]) -> None:
    """A folder with those files; run.json last, as in any run."""
    for name in sorted(files, key=lambda name: (name == "run.json", name)):
        write(folder / name, files[name])


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    """Columns of equal length, Arrow arrays, as a Parquet file; equal columns give equal bytes."""
    import pyarrow as pa
    from pyarrow import parquet

    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.table(dict(columns)), buffer, compression="zstd")
    write(path, buffer.getvalue().to_pybytes())


def write_csv(path: Path, table: Table | LongTable) -> None:
    """A table as UTF-8 CSV; a float in the shortest form that reads back to the same float."""
    if isinstance(table, LongTable) and table.count > LONG:
        with beside(path) as part, part.open("wb") as file:
            file.writelines(line.encode() for line in csv_lines([table.columns]))
            file.writelines(map(lines, table.parts()))
    else:
        write(path, "".join(csv_lines([table.columns, *table.rows])))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Indented JSON in UTF-8; an undefined number is null."""
    write(path, indented(undefined_as_null(content)) + "\n")


def write_drawings(
    folder: Path,
    drawings: Iterable[tuple[str, Drawing]],
    formats: Sequence[str],
    dpi: int,
    style: str = "screen",
    about: Mapping[str, Any] | None = None,
) -> list[str]:
    """Each figure in each format, beside a CSV of the same name with what it draws.

    `about`, its settings, goes into the metadata of each as JSON, in ASCII for every reader.
    """
    told = json.dumps(about) if about else ""
    names = []
    for name, drawing in drawings:
        names.append(slug(name))
        for file_format in formats:
            path = folder / f"{names[-1]}.{file_format}"
            write(path, render(drawing, file_format, dpi, style, told))
        write_csv(folder / f"{names[-1]}.csv", drawing.table)
    return names


def seen_in_figures(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a figure depends on: not how it is saved, nor what is kept beside it.

    >>> seen_in_figures({"attention": {"scale": "none", "keep": "full"}, "figures": {"dpi": 144}})
    {'attention': {'scale': 'none'}, 'figures': {}}
    """
    seen = {name: value for name, value in settings.items() if name not in UNSEEN}
    for section, unseen in UNSEEN_IN.items():
        seen[section] = {k: v for k, v in settings[section].items() if k not in unseen}
    return seen


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
    config = as_yaml(settings)
    write(folder / CONFIG, config)
    write(folder / OVERRIDES, as_yaml(list(overrides)))
    write_csv(folder / "weights.csv", weights_table(result.outcomes))
    write_csv(folder / "metrics.csv", metrics_table(result.outcomes, metrics))
    write_csv(folder / "keys.csv", keys_table(result.outcomes))
    if settings["stages"]:
        write_csv(folder / "stages.csv", stages_table(result.outcomes))
    write_csv(folder / "embeddings.csv", embeddings_table(result.outcomes))
    write(folder / "reading.md", reading)
    how = figures["formats"], figures["dpi"], figures["style"]
    write_drawings(folder / "figures", drawings, *how, about=seen_in_figures(settings))
    write_json(folder / "summary.json", result.scalars)
    seen = {"vectors": result.outcomes[0].embedded.source, "notices": list(result.notices)}
    made = {"config": digest(config.encode()), "files": files_in(folder)}
    write_json(folder / "run.json", {**about(), **seen, **made})


def write_failure(
    folder: Path,
    settings: Mapping[str, Any],
    overrides: Sequence[str],
    traceback: str,
    about: Mapping[str, Any],
) -> None:
    """What a failed run leaves: how it was asked for, and where it broke."""
    config = as_yaml(settings)
    write(folder / CONFIG, config)
    write(folder / OVERRIDES, as_yaml(list(overrides)))
    write(folder / "traceback.txt", traceback)
    write_json(folder / "run.json", {**about, "config": digest(config.encode())})


def digest(content: bytes) -> str:
    """SHA-256, by which a file that was changed since is noticed."""
    return hashlib.sha256(content).hexdigest()
