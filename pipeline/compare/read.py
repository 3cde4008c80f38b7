"""Run folders → one record a run: its settings, its choices and its scalars."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.faults import Fault
from pipeline.identity import FORMAT
from pipeline.store import ROOT, shown

PathLike = str | Path


@dataclass(frozen=True, eq=False)
class Run:
    """One finished run, as read from its folder."""

    folder: Path
    settings: Mapping[str, Any]  # dotted name -> value
    choices: Mapping[str, str]  # group -> option
    scalars: Mapping[str, float | None]
    about: Mapping[str, Any]  # its run.json

    @property
    def name(self) -> str:
        """The folder relative to the repository."""
        return shown(self.folder)


def find_runs(paths: Sequence[PathLike]) -> list[Run]:
    """The finished runs in those folders, each once; the newest sweep where none is named."""
    folders = [Path(path) for path in paths] or [newest_sweep()]
    found: dict[Path, Run] = {}
    for folder in folders:
        for run in runs_in(folder):
            found.setdefault(run.folder.resolve(), run)
    return list(found.values())


def newest_sweep() -> Path:
    """The sweep folder with the latest time in its name."""
    sweeps = sorted((ROOT / "outputs" / "sweeps").glob("*/plan.json"))
    if not sweeps:
        raise Fault("compare: no sweep in outputs/sweeps; make one with: make sweep")
    return sweeps[-1].parent


def runs_in(folder: Path) -> Iterator[Run]:
    """The runs of a run folder, a sweep folder, or a folder of run folders."""
    if not folder.is_dir():
        raise Fault(f"compare: no folder {folder}; expected a run or a sweep")
    if (folder / "run.json").exists() or (folder / "weights.csv").exists():
        yield read_run(folder)
        return
    if (folder / "plan.json").exists():
        names = [point["run"] for point in read_json(folder / "plan.json").get("runs", [])]
        inside = [folder / "runs" / name for name in names]
    else:
        inside = sorted(path.parent for path in folder.glob("*/run.json"))
    done = [path for path in inside if is_done(path)]
    if not done:
        raise Fault(f"compare: {folder} holds no finished run; expected a run or a sweep")
    yield from map(read_run, done)


def is_done(folder: Path) -> bool:
    """Whether the folder's run.json says done."""
    record = folder / "run.json"
    return record.exists() and read_json(record).get("status") == "done"


def read_run(folder: Path) -> Run:
    """One run; a folder that is none, or is of another format, is refused by name."""
    if not is_done(folder):
        raise Fault(f"compare: {folder} is no finished run (its run.json does not say done)")
    about = read_json(folder / "run.json")
    if about.get("format") != FORMAT:
        raise Fault(
            f"compare: {folder} has records of format {about.get('format')!r}, expected {FORMAT}"
        )
    try:
        text = (folder / ".hydra" / "config.yaml").read_text(encoding="utf-8")
        settings = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError) as error:
        raise Fault(f"compare: cannot read {folder}/.hydra/config.yaml ({error})") from error
    scalars = read_json(folder / "summary.json")
    return Run(folder, flat(settings), about["choices"], scalars, about)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of ours, or a fault that names it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("expected an object")
    except (OSError, ValueError) as error:
        raise Fault(f"compare: cannot read {path} ({error})") from error
    return content


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
