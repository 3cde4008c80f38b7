"""stages: what the chain held on its way, saved and drawn by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.attention import STAGES
from pipeline.base.errors import UserError
from pipeline.config.schema.config import Config
from pipeline.plots import stage_plot
from pipeline.run import draw, run
from pipeline.runs.memory import MAX_LOGITS
from tests.command import pipeline, read_csv
from tests.golden import Golden

ConfigOf = Callable[..., Config]
ALL = ("attention.softcap=2", "attention.bias=alibi", "attention.mask=causal")
ASKED = f"stages=[{','.join(STAGES)}]"


def test_each_stage_of_the_seed_by_hand(config_of: ConfigOf, golden: Golden) -> None:
    """Scores, over √4, through 2·tanh(z/2), less ALiBi's 2⁻⁸ a step, and −∞ above the diagonal."""
    (outcome,) = run(config_of(*ALL, ASKED)).layers
    scores = golden.vectors @ golden.vectors.T
    capped = 2 * np.tanh(scores / 2 / 2)
    steps = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    biased = capped - steps * 2.0**-8
    masked = np.where(np.tri(5, dtype=bool), biased, -np.inf)
    assert list(outcome.stages) == list(STAGES)
    for stage, expected in zip(STAGES, (scores, scores / 2, capped, biased, masked), strict=True):
        np.testing.assert_allclose(outcome.stages[stage][0], expected, atol=1e-12, err_msg=stage)


def test_they_are_written_by_name_and_drawn_by_name(tmp_path: Path) -> None:
    said = pipeline(*ALL, "stages=[scores,masked]", "plots=[heatmap]", f"outputs={tmp_path}")
    assert (said.code, said.err) == (0, "")
    rows = read_csv(said.folder / "stages.csv")
    assert list(rows[0]) == [
        "stage", "sentence", "layer", "head", "query_position", "query", "key_position", "key",
        "logit",
    ]  # fmt: skip
    assert [row["stage"] for row in rows] == ["scores"] * 25 + ["masked"] * 25
    assert [row["logit"] for row in rows[25:30]][1:] == ["-inf"] * 4
    drawn = {path.stem for path in (said.folder / "figures").iterdir()}
    assert drawn == {"heatmap_pinguins", "stage_scores_pinguins", "stage_masked_pinguins"}


def test_none_is_kept_that_was_not_asked_for(tmp_path: Path, config_of: ConfigOf) -> None:
    assert not run(config_of()).layers[0].stages
    folder = pipeline("plots=[]", f"outputs={tmp_path}").folder
    assert not (folder / "stages.csv").exists()


def test_a_stage_s_picture_has_zero_in_the_middle_and_no_masked_cell(config_of: ConfigOf) -> None:
    (outcome,) = run(config_of(*ALL, ASKED)).layers
    axes = stage_plot(outcome, "masked", "T = 1").figure.axes[0]
    (image,) = axes.images
    low, high = image.get_clim()
    assert low == -high < 0
    shown: Any = image.get_array()
    hidden = np.ma.getmaskarray(np.ma.masked_invalid(shown))
    np.testing.assert_array_equal(hidden, ~np.tri(5, dtype=bool))


def test_no_plots_draw_no_stages(config_of: ConfigOf) -> None:
    config = config_of("stages=[scores]", "plots=[]")
    assert list(draw(run(config), config)) == []


def test_a_stage_beyond_a_size_is_refused_with_the_sentence(config_of: ConfigOf) -> None:
    words = " ".join(f"w{k}" for k in range(513))
    overrides = ("embeddings=gaussian", f"sentences.text=[short,{words}]", "stages=[scores]")
    with pytest.raises(UserError) as caught:
        run(config_of(*overrides))
    assert str(caught.value) == (
        f"stages: pinguins-2 has {513**2} logits a stage, expected at most {MAX_LOGITS} "
        "(one head of 512 tokens); leave stages=[] or shorten it"
    )
