"""Causes: what of a change is due to which setting, through the pipeline itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.base.errors import UserError
from pipeline.base.tables import Table
from pipeline.compare.causes.attribution import Causes, attribute, causes_table
from pipeline.compare.causes.effects import axes_of, effects_table
from pipeline.compare.causes.factors import factors, mix_settings
from pipeline.compare.table import metric_names, scalar
from pipeline.store.read.config import nested_settings
from pipeline.store.read.find import find_runs
from pipeline.store.read.run import Run
from tests.command import compare, read_csv, run_sweep
from tests.compare.conftest import MakeRun


def test_an_equivalent_point_is_mixed_with_its_own_settings(tmp_path: Path, run: MakeRun) -> None:
    """Unscaled at T = 1 is scaled at T = ½; its mask is written otherwise than the other's."""
    grid = ("attention.temperature=0.5,1", "attention.scale=on,off", "attention.mask=none,[none]")
    swept = find_runs(
        [run_sweep(*grid, "metrics=[entropy]", "plots=[]", f"outputs={tmp_path}/sweep").folder]
    )
    alone = {
        json.dumps([one["attention"][name] for name in ("temperature", "scale", "mask")]): one
        for temperature in (0.5, 1)
        for scale in ("on", "off")
        for mask in ("none", "[none]")
        for one in [nested_settings(run(f"attention.temperature={temperature}",
                               f"attention.scale={scale}", f"attention.mask={mask}",
                               "metrics=[entropy]"))]
    }  # fmt: skip
    assert sum(one.equivalent_folder is not None for one in swept) == 5
    for one in swept:
        settings = nested_settings(one)
        attention = settings["attention"]
        mark = json.dumps([attention[name] for name in ("temperature", "scale", "mask")])
        assert settings == alone[mark]
        assert one.settings["attention.scale"] == attention["scale"]
    before, after = swept[4], swept[-1]
    assert (before.equivalent_folder, after.equivalent_folder) == (None, swept[0].folder)
    found = attribute(before, after, ["entropy"])
    change = scalar(after, "entropy") - scalar(before, "entropy")
    assert abs(change) > 0.1
    np.testing.assert_allclose(found.parts.sum(), change, rtol=1e-12)


def test_scaled_and_unscaled_are_explained_whole(run: MakeRun) -> None:
    """The seed's sentence: the scale alone differs, and accounts for all of every metric."""
    before, after = run(), run("attention.scale=none")
    metrics = metric_names([before, after])
    found = attribute(before, after, metrics)
    assert found.labels == ("attention.scale",)
    assert found.changes == (("sqrt_dk", "none"),)
    change = [scalar(after, m) - scalar(before, m) for m in metrics]
    np.testing.assert_array_equal(found.parts[0], change)
    rows: Any = [row for row in causes_table(found).rows if abs(row[4]) > 1e-12]  # type: ignore[arg-type]
    assert {row[1] for row in rows} == {"attention.scale", "all"}
    assert {row[-1] for row in rows} == {1.0}
    assert {row[0] for row in rows} == set(metrics) - {"pairwise_cosine_static"}
    assert found.notes == ()


def test_several_settings_sum_to_the_whole_and_each_is_by_hand(run: MakeRun) -> None:
    before = run()
    after = run("attention.scale=none", "attention.mask=causal")
    found = attribute(before, after, ["entropy", "cosine"])
    assert found.labels == ("attention.scale", "attention.mask")
    np.testing.assert_allclose(found.parts.sum(axis=0), found.after - found.before, atol=1e-15)
    one, two = (run(changed) for changed in ("attention.scale=none", "attention.mask=causal"))
    v = {name: scalar(r, "entropy") for name, r in
         (("", before), ("s", one), ("m", two), ("sm", after))}  # fmt: skip
    by_hand = ((v["s"] - v[""]) + (v["sm"] - v["m"])) / 2
    assert found.parts[0, 0] == pytest.approx(by_hand, abs=1e-14)
    assert len(found.mixtures.rows) == 4
    assert len({row[0] for row in found.mixtures.rows}) == 4


def test_mixtures_that_are_one_config_are_one_run(run: MakeRun) -> None:
    """Changed to and fro: what does not differ is not a factor, what is silent moves nothing."""
    before = run("language=pt", "figures.dpi=40", "metrics=[entropy]")
    after = run("attention.temperature=2", "name=other", "metrics=[entropy,cosine]")
    assert [factor.label for factor in factors(before, after)] == ["attention.temperature"]
    found = attribute(before, after, ["entropy", "cosine"])
    assert found.parts[0, 0] == scalar(after, "entropy") - scalar(before, "entropy")
    # The one run did not measure it, and is measured again for it; its record has none.
    assert np.isfinite(found.parts).all()


def test_a_group_is_one_factor_with_all_that_its_file_gives(run: MakeRun) -> None:
    before = run("sentences=penguins", "embeddings=one_hot")
    after = run("sentences=penguins", "embeddings=gaussian", "embeddings.width=8",
                "embeddings.positions=sinusoidal", "projection=random")  # fmt: skip
    found = factors(before, after)
    assert [f.label for f in found] == ["embeddings", "projection", "embeddings.positions"]
    settings = nested_settings(before), nested_settings(after)
    made = mix_settings((before, after), settings, found[:1])
    assert made["embeddings"] == {**settings[1]["embeddings"], "positions": "none"}
    assert made["projection"] == settings[0]["projection"]
    assert mix_settings((before, after), settings, found) == {
        **settings[1],
        "name": settings[0]["name"],
    }
    assert mix_settings((before, after), settings, ()) == settings[0]


def test_a_variant_with_settings_of_its_own_is_one_factor(run: MakeRun) -> None:
    before, after = run(), run("attention.mask={window:{left:1}}")
    found = attribute(before, after, ["entropy"])
    assert (found.labels, found.changes) == (("attention.mask",), (("none", "window left=1"),))
    assert found.parts[0, 0] == scalar(after, "entropy") - scalar(before, "entropy")


def test_settings_that_need_one_another_are_moved_together(run: MakeRun) -> None:
    before = run()
    after = run("sentences=penguins", "embeddings=glove", "attention.scale=none")
    with pytest.raises(UserError) as caught:
        attribute(before, after, ["entropy"])
    (line,) = caught.value.lines
    assert line.startswith("--causes: a run with sentences penguins, embeddings handmade, ")
    assert line.endswith("settings that need one another are moved as one with --together")
    found = attribute(before, after, ["entropy"], together="sentences,embeddings")
    assert found.labels == ("sentences + embeddings", "attention.scale")
    np.testing.assert_allclose(found.parts.sum(axis=0), found.after - found.before, atol=1e-14)
    with pytest.raises(UserError) as caught:
        attribute(before, after, ["entropy"], together="sed")
    (line,) = caught.value.lines
    told = "sentences, embeddings, attention.scale"
    assert line == f"--together: got 'sed', expected settings that differ: {told}"


def test_the_same_settings_have_no_causes(run: MakeRun) -> None:
    with pytest.raises(UserError, match="differ in no setting"):
        attribute(run(), run("figures.dpi=40"), ["entropy"])


def test_a_run_that_is_made_otherwise_today_is_said(run: MakeRun) -> None:
    before, after = run(), run("attention.scale=none")
    old = Run(before.folder, before.settings, before.choices, {"entropy": 1.25}, before.record)
    (note,) = attribute(old, after, ["entropy"]).notes
    assert note.endswith("gives entropy 1.56853 when it is made again; on record is 1.25.")


def test_an_interval_reaches_1_96_standard_errors() -> None:
    one = np.array([1.0])
    found = Causes(
        ("a",), (("x", "y"),), ("m",), 0 * one, one, one[None], 0.5 * one[None], Table((), ()), ()
    )
    part, low, high = causes_table(found).rows[0][4:7]
    assert (part, low, high) == (1.0, pytest.approx(0.02), pytest.approx(1.98))


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grid of three by two by two, the input moved as one."""
    return run_sweep(
        "attention.temperature=0.5,1,2", "attention.scale=on,off", "seed=1,2",
        "projection=random", "metrics=[entropy,cosine]", "plots=[]",
        f"outputs={tmp_path_factory.mktemp('causes')}",
    ).folder  # fmt: skip


def test_a_grid_s_effects_sum_to_all_of_the_variance(sweep: Path) -> None:
    runs = find_runs([sweep])
    table = effects_table(runs, ["entropy", "cosine"])
    names = [row[0] for row in table.rows]
    scale, temperature = "attention.scale", "attention.temperature"
    assert names == [
        scale, temperature, "seed", f"{scale} × {temperature}", f"{scale} × seed",
        f"{temperature} × seed", "three or more together", "all",
    ]  # fmt: skip
    values = np.array([row[1:] for row in table.rows], dtype=float)
    np.testing.assert_allclose(values[-1], 1.0, atol=1e-14)
    np.testing.assert_allclose(values[:-1].sum(axis=0), 1.0, atol=1e-14)
    # The main effect of the scale, by hand: the variance of its means.
    entropy = np.array([scalar(r, "entropy") for r in runs])
    unscaled = np.array([r.settings[scale] == "none" for r in runs])
    means = np.where(unscaled, entropy[unscaled].mean(), entropy[~unscaled].mean())
    assert values[0, 0] == pytest.approx(means.var() / entropy.var(), rel=1e-12)


def test_what_always_moves_together_is_one_axis(run: MakeRun) -> None:
    runs = [
        run(*words, f"attention.scale={scale}")
        for words in ([], ["sentences=penguins", "embeddings=glove"])
        for scale in ("on", "off")
    ]
    assert axes_of(runs) == [["sentences", "embeddings"], ["attention.scale"]]
    names = [row[0] for row in effects_table(runs, ["entropy"]).rows]
    assert names[0] == "sentences + embeddings"


def test_a_grid_with_holes_is_refused(sweep: Path) -> None:
    runs = find_runs([sweep])
    with pytest.raises(UserError) as caught:
        effects_table(runs[1:], ["entropy"])
    (line,) = caught.value.lines
    assert line == (
        "--causes: 11 runs are no full grid of attention.scale × attention.temperature × seed "
        "(12 cells, 11 of them filled); narrow them with --where, or name two runs"
    )


def test_the_command_writes_and_shows_them(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: MakeRun
) -> None:
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    one, two = (str(run(f"attention.temperature={t}").folder) for t in (1, 2))
    said = compare(one, two, "--causes", "entropy")
    assert said.code == 0
    assert (said.folder / "figures" / "causes_entropy.png").exists()
    rows = read_csv(said.folder / "causes.csv")
    assert [(row["setting"], row["share"]) for row in rows] == [
        ("attention.temperature", "1.0"), ("all", "1.0"),
    ]  # fmt: skip
    mixtures = read_csv(said.folder / "mixtures.csv")
    lines = (said.folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["key"] for entry in entries] == [row["key"] for row in mixtures]
    assert [entry["scalars"]["entropy"] for entry in entries] == [
        float(row["entropy"]) for row in mixtures
    ]
    assert "attention.temperature 1 2 " in " ".join(said.out.split())
    grid = compare(sweep, "--causes", "all")
    assert "Share of each metric's variance" in grid.out
    assert read_csv(grid.folder / "effects.csv")[-1]["effect"] == "all"
    for words, line in (
        (["--causes", "entropi"], "--causes: got 'entropi', expected one of: entropy, "),
        (["--causes", "entropy", "--where", "seed == 1 and temperature < 2 or seed == 2"],
         "--causes: 10 runs are no full grid of "),
    ):  # fmt: skip
        refused = compare(sweep, *words)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.startswith(line)
