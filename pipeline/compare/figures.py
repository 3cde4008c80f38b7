"""The figures of a comparison: how they are saved, and what each says of itself in its metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.compare.read import Run
from pipeline.compare.report import of_comparison
from pipeline.compare.settings import differing, value_of
from pipeline.config import FOR_PAPER, Saving, line
from pipeline.faults import Fault
from pipeline.records import Drawing
from pipeline.store import UNSEEN, UNSEEN_IN, shown, write_drawings

Draw = Callable[[Iterable[tuple[str, Drawing]]], list[str]]  # figures → where the first of each is

SCREEN = {"style": "screen", "formats": ["png"], "dpi": 144}
SAVED = ("formats", "dpi", "paper")  # options that say how figures are saved, not what they show
TOLD = 50  # runs that a figure names in its metadata


def saving(formats: str | None, dpi: int | None, is_paper: bool) -> Saving:
    """How the figures are saved: as --paper has it, but for what is named."""
    given: dict[str, Any] = {} if dpi is None else {"dpi": dpi}
    if formats is not None:
        given["formats"] = [name.strip() for name in formats.split(",")]
    try:
        made = Saving.model_validate({**SCREEN, **(FOR_PAPER if is_paper else {}), **given})
    except ValidationError as error:
        raise Fault(*(f"--{line(dict(one), given)}" for one in error.errors())) from error
    if is_paper and set(made.formats) == {"png"}:
        raise Fault("--paper: got --formats png, which has no width on paper; expected svg or pdf")
    return made


def refuse_saving(asked: Mapping[str, Any]) -> None:
    """A `Fault` where it was asked how figures are saved, and there are none."""
    for name in SAVED:
        if asked[name]:
            raise Fault(f"--{name}: nothing is drawn of these runs; ask for --grid, --curve or "
                        "--causes, or name two runs")  # fmt: skip


def drawer(folder: Path, how: Saving, runs: Sequence[Run], asked: Mapping[str, Any]) -> Draw:
    """What writes figures of these runs into a comparison's folder."""

    def draw(drawings: Iterable[tuple[str, Drawing]]) -> list[str]:
        into, about = folder / "figures", about_runs(runs, asked)
        names = write_drawings(into, drawings, how.formats, how.dpi, how.style, about)
        return [f"{shown(into)}/{name}.{how.formats[0]}" for name in names]

    return draw


def about_runs(runs: Sequence[Run], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the figures of these runs say of themselves: what was asked, of which runs.

    Each run is named with the settings that tell it apart; those of all are held.
    """
    settings, first = differing(runs), runs[0].settings
    shows = {name: value for name, value in asked.items() if name not in SAVED}
    left = {"more runs": len(runs) - TOLD} if len(runs) > TOLD else {}
    return {
        "comparison": of_comparison(runs, shows).command,
        "runs": {run.name: {name: value_of(run, name) for name in settings} for run in runs[:TOLD]},
        **left,
        "held": {
            name: value
            for name, value in first.items()
            if is_seen(name) and all(run.settings.get(name) == value for run in runs)
        },
    }


def is_seen(setting: str) -> bool:
    """Whether a figure may depend on it, by its dotted name.

    >>> is_seen("attention.scale"), is_seen("figures.dpi"), is_seen("plots")
    (True, False, False)
    """
    section, _, inside = setting.partition(".")
    return section not in UNSEEN and inside.partition(".")[0] not in UNSEEN_IN.get(section, ())
