"""Small multiples: each panel is its runs, and one color scale serves all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.base.errors import UserError
from pipeline.compare.multiples import curves, grids
from pipeline.compare.settings import differing
from pipeline.plots.of_runs.curve import format_axis
from pipeline.store.read.arrays import read_weights
from pipeline.store.read.find import find_runs
from tests.command import compare, read_csv, run_sweep
from tests.plots.look import laid_out, outside, overlaps, tick_labels, words


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scales by three temperatures by two seeds."""
    return run_sweep(
        "attention.scale=on,off", "attention.temperature=4,1,0.25", "seed=1,2",
        "projection=random", "plots=[]", f"outputs={tmp_path_factory.mktemp('multiples')}",
    ).folder  # fmt: skip


def test_each_panel_is_the_mean_of_its_runs_in_order_of_the_settings(sweep: Path) -> None:
    runs = find_runs([sweep])
    ((name, drawing),) = grids(runs, "scale,temperature")
    assert name == "grid_pinguins"
    *panels, bar = drawing.figure.axes
    assert len(panels) == 6
    cells = [(s, t) for s in ("sqrt_dk", "none") for t in (0.25, 1.0, 4.0)]
    for axes, (scale, temperature) in zip(panels, cells, strict=True):
        weights = [
            read_weights(run.folder)["pinguins", 0].values[0]
            for run in runs
            if run.settings["attention.scale"] == scale
            and run.settings["attention.temperature"] == temperature
        ]
        (image,) = axes.images
        np.testing.assert_allclose(np.asarray(image.get_array()), np.mean(weights, axis=0))
    assert len({axes.images[0].get_clim() for axes in panels}) == 1
    assert panels[0].images[0].get_clim()[0] == 0.0
    assert bar.get_ylabel() == "Attention weight"
    told = words(drawing.figure)
    assert {"temperature", "0.25", "scale", "none", "sqrt_dk"} <= set(told)
    assert "Attention weights of pinguins\nmean over 2 runs" in told
    assert len(drawing.table.rows) == 6 * 25


def test_no_label_is_cut_or_covered(sweep: Path) -> None:
    ((_, drawing),) = grids(find_runs([sweep]), "scale,temperature")
    renderer = laid_out(drawing)
    for axes in drawing.figure.axes[:-1]:
        labels = [*tick_labels(axes, "x"), *tick_labels(axes, "y")]
        assert overlaps(labels, renderer) == []
        assert outside([*labels, *drawing.figure.texts], drawing, renderer) == []


def test_a_cell_without_a_run_is_empty(sweep: Path) -> None:
    runs = [run for run in find_runs([sweep]) if run.settings["attention.scale"] == "none"
            or run.settings["attention.temperature"] > 1]  # fmt: skip
    ((_, drawing),) = grids(runs, "attention.scale,attention.temperature")
    # Of the runs that are left, the first is scaled at 4.
    assert [len(axes.images) for axes in drawing.figure.axes[:-1]] == [0, 0, 1, 1, 1, 1]


def test_sentences_of_their_own_stand_at_each_panel(tmp_path: Path) -> None:
    said = run_sweep("sentences.text=[[Os]],[[Os,tem]]", "attention.scale=on,off",
                    "plots=[]", f"outputs={tmp_path}")  # fmt: skip
    ((_, drawing),) = grids(find_runs([said.folder]), "text,scale")
    shapes = [axes.images[0].get_array().shape for axes in drawing.figure.axes[:-1]]  # type: ignore[union-attr]
    assert shapes == [(1, 1), (1, 1), (2, 2), (2, 2)]
    texts = [[t.get_text() for t in tick_labels(axes, "y")] for axes in drawing.figure.axes[:-1]]
    assert texts == [["Os"], ["Os"], ["Os", "tem"], ["Os", "tem"]]


def test_a_curve_is_the_mean_in_a_band(sweep: Path) -> None:
    runs = find_runs([sweep])
    name, drawing = curves(runs, "entropy,temperature,scale")
    assert name == "curve_entropy_against_temperature"
    axes = drawing.figure.axes[0]
    entropies = [run.scalars["entropy"] or 0.0 for run in runs
                 if run.settings["attention.scale"] == "none"]  # fmt: skip
    means = np.array(entropies).reshape(3, 2).mean(axis=1)[::-1]
    lines = [np.asarray(line.get_ydata()) for line in axes.get_lines() if len(line.get_ydata())]  # type: ignore[arg-type]
    assert any(np.allclose(line, means) for line in lines)
    assert len(axes.collections) == 2  # a band a line
    (other,) = set(differing(runs)) - {"attention.temperature", "attention.scale"}
    assert f"mean and 95 % interval\nover {format_axis(other)}" in drawing.figure.get_suptitle()
    assert len(drawing.table.rows) == 12


@pytest.mark.parametrize(
    ("call", "asked", "said"),
    [
        (grids, "scale", "--grid: got 'scale', expected 2 of the settings that differ: attention."),
        (grids, "scale,scale", "--grid: got 'scale,scale', expected 2 of the settings"),
        (grids, "scale,mask", "--grid: got 'scale,mask', expected 2 of the settings that differ"),
        (grids, "scale,tempo", "--grid: no setting or metric called 'tempo'; expected one of"),
        (curves, "entropy", "--curve: got 'entropy', expected a metric (entropy, "),
        (curves, "entropi,temperature", "--curve: got 'entropi,temperature', expected a metric"),
        (curves, "entropy,scale", "--curve: attention.scale is 'none' in a run, expected a num"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(sweep: Path, call: object, asked: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        list(call(find_runs([sweep]), asked))  # type: ignore[operator]
    (line,) = caught.value.lines
    assert line.startswith(said)


def test_different_tokens_in_one_cell_have_no_mean(tmp_path: Path) -> None:
    said = run_sweep("sentences.text=[[Os]],[[tem]]", "attention.scale=on,off", "seed=1,2",
                    "plots=[]", f"outputs={tmp_path}")  # fmt: skip
    with pytest.raises(UserError, match="different tokens, which have no mean"):
        list(grids(find_runs([said.folder]), "scale,seed"))


def test_the_command_draws_both(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    said = compare(sweep, "--grid", "scale,temperature", "--curve", "entropy,temperature")
    assert said.code == 0
    names = ["grid_pinguins", "curve_entropy_against_temperature"]
    for name, line in zip(names, said.out.splitlines()[-4:-2], strict=True):
        assert line == f"figure: {said.folder}/figures/{name}.png"
        assert (said.folder / "figures" / f"{name}.png").exists()
        assert read_csv(said.folder / "figures" / f"{name}.csv")
