"""A run folder → one record: its settings, its choices and its scalars."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.compare.shapes import ABOUT, PLAN, SCALARS, TWIN, fit, read_json
from pipeline.faults import Fault
from pipeline.identity import FORMAT
from pipeline.store import shown

SECTION = re.compile(r"^(?=[^\s#-])", flags=re.MULTILINE)  # where a key of the top level stands
NESTED = re.compile(r"(\w+):\n(?=  [A-Za-z_])")  # a section of entries, not a list
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, eq=False)
class Run:
    """One finished run, as read from its folder."""

    folder: Path
    settings: Mapping[str, Any]  # dotted name -> value
    choices: Mapping[str, str]  # group -> option
    scalars: Mapping[str, float | None]
    about: Mapping[str, Any]  # its run.json
    shared: Path | None = None  # of a point that is the same as another: the folder of that run
    is_row: bool = False  # its sweep kept a row of it and no folder

    @property
    def files(self) -> Path:
        """Where its weights and tables are."""
        return self.shared or self.folder

    @cached_property
    def name(self) -> str:
        """The folder relative to the repository."""
        return shown(self.folder)


def is_done(folder: Path) -> bool:
    """Whether the folder's run.json says done."""
    return about_of(folder).get("status") == "done"


def about_of(folder: Path) -> Mapping[str, Any]:
    """A folder's run.json, read again only where it has changed; nothing where there is none."""
    record = folder / "run.json"
    try:
        now = record.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return about_in(record, (now.st_mtime_ns, now.st_size, now.st_ino))


@lru_cache(maxsize=4096)
def about_in(record: Path, version: tuple[int, int, int]) -> Mapping[str, Any]:
    """What that version of a run.json says."""
    return read_json(record)


def read_run(folder: Path) -> Run:
    """One run; a folder that is none, or is of another format, is refused by name.

    A point of a sweep that is the same as an earlier one has no folder, but its line in plan.json
    says which one that is, and in what it is written otherwise.
    """
    line = {} if folder.exists() else line_of(folder)
    if "same_as" not in line:
        return read_folder(folder)
    fit(line, TWIN, folder.parent.parent / "plan.json")
    first, differs = read_folder(folder.parent / line["same_as"]), line["differs"]
    settings = changed(first.settings, differs["settings"])
    choices = {**first.choices, **differs["choices"]}
    return Run(folder, settings, choices, first.scalars, first.about, first.folder)


def changed(settings: Mapping[str, Any], differs: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted settings but for some, each of which may have settings of its own.

    >>> changed({"a.x": 1, "b.y.z": 2, "b.y.w": 3}, {"b.y": {"z": 4}})
    {'a.x': 1, 'b.y.z': 4}
    """
    new = flat(differs)
    stale = tuple(f"{name}." for name in differs)
    kept = {
        name: value
        for name, value in settings.items()
        if name in new or not (name in differs or name.startswith(stale))
    }
    return {**kept, **new}


def read_folder(folder: Path) -> Run:
    """One run that has a folder of its own."""
    record, about = folder / "run.json", about_of(folder)
    if about.get("status") != "done":
        raise Fault(f"compare: {folder} is no finished run (its run.json does not say done)")
    if about.get("format") != FORMAT:
        raise Fault(
            f"compare: {folder} has records of format {about.get('format')!r}, expected {FORMAT}"
        )
    fit(about, ABOUT, record)
    try:
        text = (folder / ".hydra" / "config.yaml").read_text(encoding="utf-8")
        settings = settings_in(text)
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise Fault(f"compare: cannot read {folder}/.hydra/config.yaml ({error})") from error
    scalars = read_json(folder / "summary.json", SCALARS)
    return Run(folder, settings, about["choices"], scalars, about)


def line_of(folder: Path) -> Mapping[str, Any]:
    """What the plan of its sweep says of a run; nothing where there is no plan."""
    plan = folder.parent.parent / "plan.json"
    if not plan.exists():
        return {}
    found = lines_of(plan, plan.stat().st_mtime_ns)
    return found.get(folder.name, {})


@lru_cache(maxsize=8)
def lines_of(plan: Path, changed: int) -> Mapping[str, Mapping[str, Any]]:
    """The lines of a plan by run; read again where the file has changed."""
    return {line["run"]: line for line in read_json(plan, PLAN)["runs"]}


def settings_in(text: str) -> dict[str, Any]:
    """A config.yaml as dotted names and values.

    The runs of a sweep differ in few entries, so each is parsed once for all of them.

    >>> settings_in("seed: 1\\nplots:\\n- heatmap\\nattention:\\n  scale: none\\n")
    {'seed': 1, 'plots': '["heatmap"]', 'attention.scale': 'none'}
    """
    found: dict[str, Any] = {}
    for section in SECTION.split(text):
        found.update(settings_of(section))
    return found


@lru_cache(maxsize=4096)
def settings_of(section: str) -> Mapping[str, Any]:
    """One entry of a config.yaml, or a section of them."""
    if nested := NESTED.match(section):
        inside = settings_in(textwrap.dedent(section[nested.end() :]))
        return {f"{nested[1]}.{name}": value for name, value in inside.items()}
    content = yaml.load(section, Loader=LOADER)
    if content is not None and not isinstance(content, dict):
        raise ValueError(f"expected settings, got {content!r:.40}")
    return flat(content or {})


def flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested settings under dotted names; a list becomes the JSON that writes it.

    >>> flat({"attention": {"scale": "none"}, "plots": ["heatmap"]})
    {'attention.scale': 'none', 'plots': '["heatmap"]'}
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = (
                json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
            )
    return found
