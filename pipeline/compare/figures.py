"""The figures of a comparison: how they are saved, and the metadata in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.base.drawing import Drawing
from pipeline.base.errors import UserError
from pipeline.base.paths import display_path
from pipeline.compare.page import comparison_heading
from pipeline.compare.settings import differing, value_of
from pipeline.config.affects import is_seen_in_figures
from pipeline.config.schema.figures import PAPER_SETTINGS, FigureFiles
from pipeline.config.validate import error_line
from pipeline.store.read.run import Run
from pipeline.store.write.figures import write_figures

Draw = Callable[[Iterable[tuple[str, Drawing]]], list[str]]  # figures → where the first of each is

SCREEN = {"style": "screen", "formats": ["png"], "dpi": 144}
SAVED = ("formats", "dpi", "paper")  # options that say how figures are saved, not what they show
MAX_NAMED = 50  # runs that a figure names in its metadata


def file_settings(formats: str | None, dpi: int | None, is_paper: bool) -> FigureFiles:
    """How the figures are saved: as --paper says, unless an option says otherwise."""
    options: dict[str, Any] = {} if dpi is None else {"dpi": dpi}
    if formats is not None:
        options["formats"] = [name.strip() for name in formats.split(",")]
    try:
        files = FigureFiles.model_validate(
            {**SCREEN, **(PAPER_SETTINGS if is_paper else {}), **options}
        )
    except ValidationError as error:
        lines = [f"--{error_line(dict(e), options)}" for e in error.errors()]
        raise UserError(*lines) from error
    if is_paper and set(files.formats) == {"png"}:
        raise UserError(
            "--paper: got --formats png, which has no width on paper; expected svg or pdf"
        )
    return files


def check_saving(asked: Mapping[str, Any]) -> None:
    """A `UserError` where an option says how figures are saved and there are none."""
    for name in SAVED:
        if asked[name]:
            raise UserError(f"--{name}: nothing is drawn of these runs; ask for --grid, --curve or "
                        "--causes, or name two runs")  # fmt: skip


def figure_writer(
    folder: Path, how: FigureFiles, runs: Sequence[Run], asked: Mapping[str, Any]
) -> Draw:
    """A function that writes figures of these runs into a comparison's folder."""

    def draw(drawings: Iterable[tuple[str, Drawing]]) -> list[str]:
        into, about = folder / "figures", about_runs(runs, asked)
        names = write_figures(into, drawings, how.formats, how.dpi, how.style, about)
        return [f"{display_path(into)}/{name}.{how.formats[0]}" for name in names]

    return draw


def about_runs(runs: Sequence[Run], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of figures of these runs: the command, the runs, and their settings.

    Settings that differ stand with each run, those that all share under `held`.
    """
    settings, first = differing(runs), runs[0].settings
    shows = {name: value for name, value in asked.items() if name not in SAVED}
    left = {"more runs": len(runs) - MAX_NAMED} if len(runs) > MAX_NAMED else {}
    return {
        "comparison": comparison_heading(runs, shows).command,
        "runs": {
            run.name: {name: value_of(run, name) for name in settings} for run in runs[:MAX_NAMED]
        },
        **left,
        "held": {
            name: value
            for name, value in first.items()
            if is_seen_in_figures(name) and all(run.settings.get(name) == value for run in runs)
        },
    }
