"""Equivalent points: each rule's pairs have one form and, when both are run, one result."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline.config.compose import hydra
from pipeline.config.schema.config import Config
from pipeline.metrics import METRICS
from pipeline.run import run
from pipeline.sweep.plan.canonical import RULES, canonicalize
from pipeline.sweep.plan.equivalence import REL_TOL, first_equivalent
from pipeline.sweep.plan.inputs import input_shapes
from pipeline.sweep.plan.plan import make_plan

ALL = f"metrics=[{','.join(METRICS)}]"
RANDOM = ["sentences=penguins", "embeddings=glove", "projection=random"]
TWO_HEADS = [*RANDOM, "projection.heads=2"]
WIDTH = 50  # of the GloVe vectors, and of a single head's keys

# rule → what both have, one, the other, and what is neither.
PAIRS: dict[str, list[tuple[list[str], str, str, str]]] = {
    "mask": [
        (TWO_HEADS, "attention.mask=none", "attention.mask={window:{left:30,right:30}}",
         "attention.mask={window:{left:1,right:30}}"),
        ([*RANDOM, "attention.scale=log_n"], "attention.mask=[causal,{window:{left:1}}]",
         "attention.mask={window:{left:1,right:0}}", "attention.mask={window:{left:2,right:0}}"),
    ],
    "factor": [
        (RANDOM, "attention.scale=0.5", "attention.scale=1,attention.temperature=2",
         "attention.scale=0.5,attention.temperature=2"),
        (RANDOM, "seed=0", f"attention.scale=off,attention.temperature={math.sqrt(WIDTH)!r}",
         "attention.scale=off,attention.temperature=7.07"),
        (RANDOM, "attention.scale=dk",
         f"attention.scale=on,attention.temperature={math.sqrt(WIDTH)!r}", "attention.scale=on"),
        ([*RANDOM, "attention.scale=log_n"], "attention.log_n_factor=3",
         "attention.log_n_factor=6,attention.temperature=2", "attention.log_n_factor=2"),
        ([*RANDOM, "attention.qk_norm=l2"], "attention.qk_norm_gain=2",
         "attention.qk_norm_gain=1,attention.temperature=0.25", "attention.qk_norm_gain=3"),
        ([*RANDOM, "attention.normalizer=linear"], "attention.scale=0.5",
         "attention.scale=1,attention.temperature=2", "attention.scale=1"),
        (RANDOM, "attention.log_n_factor=1", "attention.log_n_factor=3",
         "attention.log_n_factor=3,attention.scale=log_n"),
        (RANDOM, "attention.qk_norm_gain=1", "attention.qk_norm_gain=3",
         "attention.qk_norm_gain=3,attention.qk_norm=l2"),
    ],
    "hard": [
        ([*RANDOM, "attention.normalizer=hard"], "attention.temperature=1",
         "attention.temperature=7", "attention.scale=-1"),
        ([*RANDOM, "attention.normalizer=hard", "attention.mask=causal"], "attention.scale=off",
         "attention.scale=log_n", "attention.bias=alibi"),
    ],
    "seed": [
        (["sentences=penguins", "embeddings=glove"], "seed=1", "seed=2", "embeddings=one_hot"),
    ],
}  # fmt: skip
CASES = [(rule, *pair) for rule, pairs in PAIRS.items() for pair in pairs]


def form(config: Config) -> tuple[str, float]:
    """The canonical form of a config."""
    return canonicalize(config.settings(), input_shapes(config))


def are_same(one: Config, other: Config) -> bool:
    """Whether two configs are found to be the same."""
    (text, factor), (other_text, other_factor) = form(one), form(other)
    return text == other_text and math.isclose(factor, other_factor, rel_tol=REL_TOL)


def test_every_rule_has_its_pairs() -> None:
    assert list(PAIRS) == list(RULES)


@pytest.mark.parametrize(("rule", "both", "one", "same", "other"), CASES)
def test_what_a_rule_takes_for_the_same_gives_the_same_numbers(
    config_of: Callable[..., Config], rule: str, both: list[str], one: str, same: str, other: str
) -> None:
    first, second, third = (
        config_of(*both, ALL, "plots=[]", *words.replace(",attention", "\nattention").split("\n"))
        for words in (one, same, other)
    )
    assert are_same(first, second)
    assert not are_same(first, third)
    results = [run(config) for config in (first, second)]
    for name, value in results[0].scalars.items():
        assert results[1].scalars[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name
    for before, after in zip(*(result.layers for result in results), strict=True):
        for array in ("weights", "output"):
            np.testing.assert_allclose(
                getattr(before.attended, array), getattr(after.attended, array), atol=1e-12
            )


@pytest.mark.parametrize(
    "difference",
    ["metrics=[entropy]", "plots=[]", "language=pt", "figures.dpi=40", "sentences=negation"],
)
def test_what_a_run_leaves_behind_must_be_the_same_too(
    config_of: Callable[..., Config], difference: str
) -> None:
    assert not are_same(config_of(*RANDOM), config_of(*RANDOM, difference))


def test_the_name_makes_no_difference(config_of: Callable[..., Config]) -> None:
    assert are_same(config_of(), config_of("name=other"))


def test_layers_of_several_widths_have_several_scales(config_of: Callable[..., Config]) -> None:
    deep = [*TWO_HEADS, "projection.value_width=4", "layers.count=2"]
    scaled, unscaled = (
        config_of(*deep, *more, ALL, "plots=[]")
        for more in ([], ["attention.scale=off", f"attention.temperature={math.sqrt(25)}"])
    )
    assert not are_same(scaled, unscaled)
    assert run(scaled).scalars["entropy"] != pytest.approx(run(unscaled).scalars["entropy"])
    assert not are_same(config_of(*deep), config_of(*deep, "projection.key_width=25"))
    halved = config_of(*deep, "attention.scale=0.5")
    assert are_same(halved, config_of(*deep, "attention.scale=1", "attention.temperature=2"))


def test_settings_by_layer_or_head_are_compared_as_they_are_written(
    config_of: Callable[..., Config],
) -> None:
    by_head = "attention.temperature={heads:{every:1,0:2}}"
    by_layer = "attention.temperature={every:2,0:1}"
    for spec in (by_head, by_layer):
        layered = config_of(*TWO_HEADS, "layers.count=2", spec)
        assert are_same(layered, layered)
        assert not are_same(layered, config_of(*TWO_HEADS, "layers.count=2"))


def test_stages_that_are_saved_tell_points_apart(config_of: Callable[..., Config]) -> None:
    hot = config_of("attention.normalizer=hard", "attention.temperature=2", "stages=[scaled]")
    assert not are_same(hot, config_of("attention.normalizer=hard", "stages=[scaled]"))


@pytest.mark.parametrize(
    "drawn", ["projection=random", "embeddings=gaussian", "embeddings.unknown=seeded"]
)
def test_where_something_is_drawn_the_seed_counts(
    config_of: Callable[..., Config], drawn: str
) -> None:
    assert not are_same(config_of("seed=1", drawn), config_of("seed=2", drawn))


def test_all_files_that_draw_random_numbers_are_known() -> None:
    """A new file that draws from the seed must be considered in `unused_seed`."""
    house = Path(pipeline.__file__).parent
    drawing = {
        path.relative_to(house).as_posix()
        for path in house.rglob("*.py")
        if "generator(" in path.read_text(encoding="utf-8") and path.name != "rng.py"
    }
    assert drawing == {
        "attention/biases/relative.py",  # from seed 0 in a run
        "attention/normalizers/favor.py",  # from a setting of its own
        "base/statistics.py",  # bootstrap of tables
        "compare/causes/shapley.py",  # of causes
        "embed/gaussian.py",
        "embed/vocabulary.py",
        "model/projection.py",
    }


def test_a_mask_in_a_file_is_not_compared(config_of: Callable[..., Config], tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("1\n", encoding="utf-8")
    masked = config_of(f"attention.mask={{matrix:{{path:{tmp_path}/all.csv}}}}")
    assert not are_same(config_of(), masked)
    assert are_same(config_of(), config_of("attention.mask={matrix:{values:[[1]]}}"))


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.1, 0.2, 0.3, -0.1, 0.0])), max_size=12)
)
def test_the_first_of_the_same_is_found_as_one_by_one(points: list[tuple[int, float]]) -> None:
    noise = np.random.default_rng(0).uniform(-1e-15, 1e-15, len(points))
    factors = np.array([factor for _, factor in points]) * (1 + noise)
    found = first_equivalent(np.array([form for form, _ in points], np.int64), factors)
    assert found.tolist() == [points.index(point) for point in points]


def test_a_plan_says_which_of_its_points_are_the_same() -> None:
    overrides = ["attention.scale=on,off", "attention.temperature=1,2,4"]
    with hydra(overrides):
        plan = make_plan(overrides)
    assert [point.same_as for point in plan.points] == [None, None, None, None, 0, 1]
    assert plan.points[4].varied == {"attention.scale": "none", "attention.temperature": 2.0}
    assert plan.points[4].key != plan.points[0].key
