"""Small multiples of runs: heatmaps over two settings, and a metric's curves over one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.errors import UserError
from pipeline.base.values import format_value, is_number, sort_key, sorted_values
from pipeline.compare.columns import resolver, value_in
from pipeline.compare.settings import brief, differing, value_of
from pipeline.compare.table import metric_names, scalar
from pipeline.metrics import uniform_name
from pipeline.plots.of_runs.curve import curve, format_axis
from pipeline.plots.of_runs.multiples import GridAxis, Panel, multiples
from pipeline.store.read.arrays import Place, StoredWeights, read_weights
from pipeline.store.read.retained import retaining_settings
from pipeline.store.read.run import Run

MAX_GRID_VALUES = 12  # values of a setting that one figure can show
LARGEST = 600  # runs that a grid of heatmaps reads


def grids(runs: Sequence[Run], asked: str) -> Iterator[tuple[str, Drawing]]:
    """One figure per sentence: heatmaps by the values of two settings, "scale,temperature"."""
    names = resolve_names(runs, "--grid", asked, 2)
    values = [ordered_values(runs, name) for name in names]
    for name, found in zip(names, values, strict=True):
        if len(found) > MAX_GRID_VALUES:
            raise UserError(f"--grid: {name} has {len(found)} values, "
                        f"{MAX_GRID_VALUES} fit in a picture; "
                        "narrow them with --where")  # fmt: skip
    if len(runs) > LARGEST:
        raise UserError(f"--grid: {len(runs)} runs, {LARGEST} are read; narrow them with --where")
    cells: dict[Place, dict[tuple[Any, Any], list[StoredWeights]]] = {}
    for run in (run for run in runs if not run.from_table):
        cell = value_in(run, names[0]), value_in(run, names[1])
        for place, weights in read_weights(run.source_folder).items():
            cells.setdefault(place, {}).setdefault(cell, []).append(weights)
    if not cells:
        raise UserError(
            f"--grid: none of the runs kept its weights; {retaining_settings(runs)} keeps them"
        )
    down, across = (
        GridAxis(format_axis(name), [brief(value) for value in found])
        for name, found in zip(names, values, strict=True)
    )
    for (sentence, layer), of_cell in cells.items():
        panels = [[mean_panel(of_cell.get((r, c), [])) for c in values[1]] for r in values[0]]
        name = sentence + (f"_layer_{layer}" if layer else "")
        yield (
            f"grid_{name}",
            multiples(panels, down, across, grid_title(sentence, layer, of_cell.values())),
        )


def grid_title(sentence: str, layer: int, cells: Any) -> str:
    """What the figure shows, and over what each panel is a mean."""
    heads = max(len(weights.values) for found in cells for weights in found)
    runs = max(len(found) for found in cells)
    over = [f"{runs} runs"] * (runs > 1) + [f"{heads} heads"] * (heads > 1)
    mean = f"\nmean over {' and '.join(over)}" if over else ""
    return f"Attention weights of {sentence}" + (f", layer {layer}" if layer else "") + mean


def mean_panel(found: Sequence[StoredWeights]) -> Panel | None:
    """The mean weights of one cell over its runs and heads; None without runs."""
    if not found:
        return None
    first = found[0]
    if any((one.queries, one.keys) != (first.queries, first.keys) for one in found):
        raise UserError("--grid: runs in one cell have different tokens, which have no mean; "
                    "narrow them with --where")  # fmt: skip
    weights = np.mean([one.values.mean(axis=0) for one in found], axis=0)
    return Panel(weights, first.queries, first.keys)


def curves(runs: Sequence[Run], asked: str) -> tuple[str, Drawing]:
    """A metric along a numeric setting, colored by another: "entropy,temperature,scale".

    Where several runs have the same values of both, the line is their mean and the band around it
    a 95 % bootstrap interval.
    """
    metrics = metric_names(runs)
    metric, *rest = [name.strip() for name in asked.split(",")]
    if metric not in metrics or not 1 <= len(rest) <= 2:
        choices = ", ".join(metrics)
        raise UserError(
            f"--curve: got {asked!r}, expected a metric ({choices}), a numeric setting "
            "and perhaps one to color by: entropy,temperature,scale"
        )
    names = resolve_names(runs, "--curve", ",".join(rest), len(rest))
    values = [value_of(run, names[0]) for run in runs]
    wrong = [format_value(value) for value in values if not is_number(value)]
    if wrong:
        raise UserError(
            f"--curve: {names[0]} is {min(wrong)!r} in a run, expected a numeric setting"
        )
    measured = [
        metric,
        *[uniform_name(metric) for run in runs[:1] if uniform_name(metric) in run.scalars],
    ]
    rows = [
        {
            **{name: value_of(run, name) for name in names},
            **{name: scalar(run, name) for name in measured},
        }
        for run in sorted(runs, key=lambda run: [sort_key(value_of(run, n)) for n in names[::-1]])
    ]
    hue = names[1] if len(names) > 1 else None
    over = [name for name in differing(runs) if name not in names]
    drawing = curve(rows, names[0], hue, None, metric, over)
    return f"curve_{metric}_against_{format_axis(names[0]).replace(' ', '_')}", drawing


def resolve_names(runs: Sequence[Run], option: str, asked: str, count: int) -> list[str]:
    """That many different settings, each of which differs between the runs."""
    resolve = resolver(runs, option)
    names = [resolve(name.strip()) for name in asked.split(",")]
    known = differing(runs)
    if len(names) != count or len(set(names)) != count or not set(names) <= {*known}:
        choices = ", ".join(known) or "none differs"
        raise UserError(
            f"{option}: got {asked!r}, expected {count} of the settings that differ: {choices}"
        )
    return names


def ordered_values(runs: Sequence[Run], name: str) -> list[Any]:
    """The values of a setting in order (`base/values`)."""
    return sorted_values(value_in(run, name) for run in runs)
