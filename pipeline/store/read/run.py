"""A run folder → one record: its settings, its choices and its scalars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.base.errors import UserError
from pipeline.base.paths import display_path
from pipeline.store.read.json import (
    EquivalentRun,
    PlanRecord,
    RunRecord,
    Scalars,
    check_record,
    read_json,
)
from pipeline.store.read.older import current_scalars, current_settings
from pipeline.store.read.settings import parse_settings, with_changes
from pipeline.store.schema import FORMATS


@dataclass(frozen=True, eq=False)
class Run:
    """One finished run, as read from its folder."""

    folder: Path
    settings: Mapping[str, Any]  # dotted name -> value
    choices: Mapping[str, str]  # group -> option
    scalars: Mapping[str, float | None]
    record: Mapping[str, Any]  # its run.json
    equivalent_folder: Path | None = None  # of the run that has its files, where it has none
    from_table: bool = False  # its sweep kept a row and no folder

    @property
    def source_folder(self) -> Path:
        """Where its weights and tables are."""
        return self.equivalent_folder or self.folder

    @cached_property
    def name(self) -> str:
        """The folder relative to the repository."""
        return display_path(self.folder)


def is_done(folder: Path) -> bool:
    """Whether the folder's run.json says done."""
    return read_record(folder).get("status") == "done"


def read_record(folder: Path) -> Mapping[str, Any]:
    """A folder's run.json, read again only if it has changed; empty without one."""
    record = folder / "run.json"
    try:
        now = record.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return read_record_version(record, (now.st_mtime_ns, now.st_size, now.st_ino))


@lru_cache(maxsize=4096)
def read_record_version(record: Path, version: tuple[int, int, int]) -> Mapping[str, Any]:
    """That version of a run.json."""
    return read_json(record)


def read_run(folder: Path) -> Run:
    """One run; a folder that is none, or of an unknown format, is refused by name.

    A point of a sweep that is equivalent to an earlier one has no folder: its line in plan.json
    names that run and the settings that differ.
    """
    line = {} if folder.exists() else plan_line(folder)
    if "same_as" not in line:
        return read_folder(folder)
    check_record(line, EquivalentRun, folder.parent.parent / "plan.json")
    first, differs = read_folder(folder.parent / line["same_as"]), line["differs"]
    settings = current_settings(with_changes(first.settings, differs["settings"]))
    choices = {**first.choices, **differs["choices"]}
    return Run(folder, settings, choices, first.scalars, first.record, first.folder)


def read_folder(folder: Path) -> Run:
    """One run that has a folder of its own."""
    record, about = folder / "run.json", read_record(folder)
    if about.get("status") != "done":
        raise UserError(f"compare: {folder} is not a finished run (its run.json does not say done)")
    if about.get("format") not in FORMATS:
        raise UserError(
            f"compare: {folder} has records of format {about.get('format')!r}, expected one of: "
            f"{', '.join(map(str, FORMATS))}"
        )
    check_record(about, RunRecord, record)
    try:
        text = (folder / ".hydra" / "config.yaml").read_text(encoding="utf-8")
        settings = current_settings(parse_settings(text))
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise UserError(f"compare: cannot read {folder}/.hydra/config.yaml ({error})") from error
    scalars = current_scalars(read_json(folder / "summary.json", Scalars))
    return Run(folder, settings, about["choices"], scalars, about)


def plan_line(folder: Path) -> Mapping[str, Any]:
    """A run's line in the plan of its sweep; empty without a plan."""
    plan = folder.parent.parent / "plan.json"
    if not plan.exists():
        return {}
    found = plan_lines(plan, plan.stat().st_mtime_ns)
    return found.get(folder.name, {})


@lru_cache(maxsize=8)
def plan_lines(plan: Path, changed: int) -> Mapping[str, Mapping[str, Any]]:
    """The lines of a plan by run; read again where the file has changed."""
    return {line["run"]: line for line in read_json(plan, PlanRecord)["runs"]}
