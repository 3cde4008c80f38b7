"""Layers: attention applied again to what it gave, with the first one left as it was."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.attention import attend
from pipeline.base.errors import UserError
from pipeline.base.records import LayerResult
from pipeline.base.rng import generator
from pipeline.config.schema.config import Config
from pipeline.metrics import layers_averaged, uniform_name
from pipeline.model import check_residual, embeddings_after, project
from pipeline.model.projection import matrix_drawer
from pipeline.run import draw, run
from pipeline.run import read as reading
from pipeline.store.read.arrays import read_weights
from pipeline.store.write.tables import embeddings_table, metrics_table, weights_table
from tests.command import pipeline
from tests.golden import Golden
from tests.plots.look import words

ConfigOf = Callable[..., Config]
SHAPES: dict[str, tuple[str, ...]] = {
    "identity": (),
    "random": ("projection=random", "projection.heads=2"),
    "output": ("projection=random", "projection.output=random", "projection.value_width=3"),
    "residual": ("projection=random", "layers.residual=true"),
    "wider": ("projection=random", "projection.heads=2", "projection.value_width=5"),
}
DEEP = ("layers.count=256", "layers.residual=true")
every_shape = pytest.mark.parametrize("shape", SHAPES)


def layers(config_of: ConfigOf, count: int, *overrides: str) -> tuple[LayerResult, ...]:
    """The layers of one sentence, from below."""
    return run(config_of(f"layers.count={count}", *overrides)).layers


def test_the_first_layer_draws_what_it_always_drew() -> None:
    expected = generator(7, "projection", "query", 1).standard_normal((4, 2)) / 2
    np.testing.assert_array_equal(matrix_drawer(7)((4, 2), "query", 1), expected)
    above = [matrix_drawer(7, layer)((4, 2), "query", 1) for layer in range(4)]
    assert len({matrix.tobytes() for matrix in above}) == 4


@every_shape
def test_more_layers_leave_those_below_as_they_were(config_of: ConfigOf, shape: str) -> None:
    few, many = (layers(config_of, count, *SHAPES[shape]) for count in (1, 3))
    assert [outcome.layer for outcome in many] == [0, 1, 2]
    np.testing.assert_array_equal(many[0].attended.weights, few[0].attended.weights)
    np.testing.assert_array_equal(many[0].after, few[0].after)


@every_shape
def test_each_layer_attends_over_what_the_last_one_gave(config_of: ConfigOf, shape: str) -> None:
    stack = layers(config_of, 3, *SHAPES[shape])
    settings = config_of(*SHAPES[shape]).projection.model_dump()
    for below, outcome in itertools.pairwise(stack):
        np.testing.assert_array_equal(outcome.embedded.vectors, below.after)
        again = project(below.after, layer=outcome.layer, **settings)
        looked = attend(again.query, again.key, again.value)
        np.testing.assert_array_equal(outcome.attended.weights, looked.weights)


def test_attention_to_all_alike_leaves_the_mean_of_all(config_of: ConfigOf, golden: Golden) -> None:
    _, second = layers(config_of, 2, "attention.scale=0")
    np.testing.assert_allclose(second.after, np.tile(golden.vectors.mean(axis=0), (5, 1)))


# --- the residual connection -------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["identity", "random", "output"])
def test_a_residual_adds_what_went_in_to_what_comes_out(config_of: ConfigOf, shape: str) -> None:
    (plain,) = layers(config_of, 1, *SHAPES[shape])
    (added,) = layers(config_of, 1, *SHAPES[shape], "layers.residual=true")
    np.testing.assert_array_equal(added.attended.weights, plain.attended.weights)
    np.testing.assert_array_equal(added.before, plain.embedded.vectors)
    np.testing.assert_allclose(added.after, plain.embedded.vectors + plain.after)


def test_widths_that_differ_cannot_be_added() -> None:
    vectors = np.ones((3, 8))
    with pytest.raises(UserError) as caught:
        check_residual(vectors, project(vectors, "random", heads=2, value_width=5))
    assert str(caught.value) == (
        "layers.residual: the output is 10 wide (heads times value_width) and the embeddings are "
        "8 wide; expected equal widths, or projection.output=random, which makes them equal"
    )
    joined = project(vectors, "random", heads=2, value_width=5, output="random")
    check_residual(vectors, joined)
    moved = embeddings_after(vectors, joined, np.ones((2, 3, 5)), is_residual=True)
    assert moved.after.shape == (1, 3, 8)


# --- scalars -----------------------------------------------------------------------------------


def test_before_is_below_the_first_layer_and_after_above_the_last(config_of: ConfigOf) -> None:
    config = config_of("layers.count=3", *SHAPES["random"])
    result = run(config)
    each = [
        {**o.metrics.scalars, **{uniform_name(name): v for name, v in o.uniform.scalars.items()}}
        for o in result.layers
        if o.uniform
    ]
    assert len(each) == 3
    for name, value in result.scalars.items():
        if name.endswith("_static"):
            assert value == each[0][name]
        elif "_contextual" in name:
            assert value == each[-1][name]
        else:
            assert value == pytest.approx(np.mean([one[name] for one in each]), rel=1e-12)


@pytest.mark.parametrize("count", [1, 4])
def test_of_one_layer_every_scalar_is_that_layer_s(count: int) -> None:
    for name in ("entropy", "pairwise_cosine_static", "pairwise_cosine_contextual"):
        assert set(layers_averaged(name, count)) <= set(range(count))
        assert len(layers_averaged(name, count)) == (count if name == "entropy" else 1)


# --- tables, figures, words --------------------------------------------------------------------


def test_every_table_says_the_layer(config_of: ConfigOf) -> None:
    stack = layers(config_of, 2, *SHAPES["random"])
    weights = weights_table(stack)
    assert [row[1] for row in weights.rows] == [0] * 50 + [1] * 50
    expected = np.concatenate([outcome.attended.weights.ravel() for outcome in stack])
    np.testing.assert_array_equal([row[-1] for row in weights.rows], expected)
    assert [row[1] for row in metrics_table(stack, ["entropy"]).rows] == [0] * 10 + [1] * 10
    assert [row[1] for row in embeddings_table(stack).rows] == [0] * 10 + [1] * 10


def test_every_figure_says_the_layer(config_of: ConfigOf) -> None:
    config = config_of("layers.count=2", "layers.residual=true")
    drawings = dict(draw(run(config), config))
    assert list(drawings) == [f"{plot}_pinguins_layer-{k}" for k in (0, 1) for plot in config.plots]
    for name, drawing in drawings.items():
        told = f"T = 1, 2 layers, residual, at layer {name[-1]}"
        assert any(told in text for text in words(drawing.figure)), name


@pytest.mark.parametrize(("language", "word"), [("en", "Layer"), ("pt", "Camada")])
def test_the_reading_goes_layer_by_layer(config_of: ConfigOf, language: str, word: str) -> None:
    config = config_of("layers.count=2", f"language={language}", *SHAPES["random"])
    heads = {"en": "Head", "pt": "Cabeça"}[language]
    found = re.findall(r"^(#+ \w+ \d)$", reading(run(config), config), re.MULTILINE)
    one = [f"### {heads} 0", f"### {heads} 1"]
    assert found == [f"## {word} 0", *one, f"## {word} 1", *one]


def test_a_notice_names_its_layer(config_of: ConfigOf) -> None:
    wide = ("embeddings=gaussian", "embeddings.width=256", "attention.scale=none")
    notices = run(config_of("layers.count=2", *wide)).notices
    assert [notice.partition(":")[0] for notice in notices] == [
        "pinguins, layer 0", "pinguins, layer 1",
    ]  # fmt: skip


def test_the_terminal_names_the_layer_and_a_comparison_keeps_them_apart(tmp_path: Path) -> None:
    said = pipeline("layers.count=2", "plots=[]", f"outputs={tmp_path}")
    assert "Weights of pinguins, layer 0" in said.out
    assert "Weights of pinguins, layer 1" in said.out
    (first, second) = read_weights(said.folder).values()
    assert not np.allclose(first.values, second.values)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["attention.normalizer=relu", "attention.scale=1e300"], "weights beyond"),
        (["attention.normalizer=relu", "attention.scale=1e100"], "weights beyond"),
        (["attention.normalizer=relu", *DEEP], r"beyond .* \(in layer \d+ of pinguins\)"),
        (["attention.normalizer=sigmoid", *DEEP], r"beyond .* \(in layer \d+ of pinguins\)"),
    ],
)
def test_what_no_metric_can_hold_is_refused_without_a_warning(
    config_of: ConfigOf, overrides: list[str], said: str
) -> None:
    with pytest.raises(UserError, match=f"^attention.normalizer: .*{said}"):
        run(config_of("plots=[]", *overrides))
