"""Writes a run folder, `run.json` last."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.base.drawing import Drawing
from pipeline.base.records import Result
from pipeline.base.serialize import to_yaml
from pipeline.config.affects import figure_settings
from pipeline.metrics import HEAD_METRICS
from pipeline.store.atomic import sha256, write_file
from pipeline.store.write.figures import write_figures
from pipeline.store.write.table import write_csv, write_json
from pipeline.store.write.tables import (
    embeddings_table,
    heads_table,
    keys_table,
    metrics_table,
    stages_table,
    weights_table,
)

CONFIG, OVERRIDES = ".hydra/config.yaml", ".hydra/overrides.yaml"
FAILURE_FILES = frozenset({CONFIG, OVERRIDES, "traceback.txt", "run.json"})


def read_contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path inside it."""
    return {name: (folder / name).read_bytes() for name in list_files(folder)}


def list_files(folder: Path) -> list[str]:
    """The path of every file below a folder, relative to it, sorted."""
    root = os.fspath(folder)
    found = ((place[len(root) + 1 :], names) for place, _, names in os.walk(root))
    return sorted(f"{place}/{name}" if place else name for place, names in found for name in names)


def write_contents(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes a folder with those files, run.json last."""
    for name in sorted(files, key=lambda name: (name == "run.json", name)):
        write_file(folder / name, files[name])


def write_run(
    folder: Path,
    result: Result,
    drawings: Iterable[tuple[str, Drawing]],
    reading: str,
    settings: Mapping[str, Any],
    overrides: Sequence[str],
    about: Callable[[], Mapping[str, Any]],
) -> None:
    """One run's files; `run.json`, with what `about` returns after all others, last."""
    metrics, figures = settings["metrics"], settings["figures"]
    config = to_yaml(settings)
    write_file(folder / CONFIG, config)
    write_file(folder / OVERRIDES, to_yaml(list(overrides)))
    write_csv(folder / "weights.csv", weights_table(result.layers))
    write_csv(folder / "metrics.csv", metrics_table(result.layers, metrics))
    if not HEAD_METRICS.keys().isdisjoint(metrics):
        write_csv(folder / "heads.csv", heads_table(result.layers, metrics))
    write_csv(folder / "keys.csv", keys_table(result.layers))
    if settings["stages"]:
        write_csv(folder / "stages.csv", stages_table(result.layers))
    write_csv(folder / "embeddings.csv", embeddings_table(result.layers))
    write_file(folder / "reading.md", reading)
    how = figures["formats"], figures["dpi"], figures["style"]
    write_figures(folder / "figures", drawings, *how, about=figure_settings(settings))
    write_json(folder / "summary.json", result.scalars)
    seen = {"vectors": result.layers[0].embedded.source, "notices": list(result.notices)}
    made = {"config": sha256(config.encode()), "files": list_files(folder)}
    write_json(folder / "run.json", {**about(), **seen, **made})


def write_failure(
    folder: Path,
    settings: Mapping[str, Any],
    overrides: Sequence[str],
    traceback: str,
    about: Mapping[str, Any],
) -> None:
    """The files of a failed run: its config and the traceback."""
    config = to_yaml(settings)
    write_file(folder / CONFIG, config)
    write_file(folder / OVERRIDES, to_yaml(list(overrides)))
    write_file(folder / "traceback.txt", traceback)
    write_json(folder / "run.json", {**about, "config": sha256(config.encode())})
