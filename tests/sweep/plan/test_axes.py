"""Axes: what a sweep varies, from an experiment's grid and from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.base.errors import UserError
from pipeline.config.compose import hydra
from pipeline.sweep.plan.axes import Axis, find_axes, literal, read_value

GRID = {
    "sentences, embeddings": [["pinguins", "handmade"], ["penguins", "glove"]],
    "attention.scale": ["sqrt_dk", "none"],
    "seed": "range(0,3)",
}


@pytest.fixture(autouse=True)
def _hydra() -> Iterator[None]:
    with hydra():
        yield


def found(*overrides: str, grid: dict[str, Any] | None = None) -> dict[str, list[tuple[str, ...]]]:
    """Keys, joined → values."""
    axes = find_axes(overrides, GRID if grid is None else grid)
    return {",".join(axis.keys): list(axis.values) for axis in axes}


ZIPPED = {"sentences,embeddings": [("pinguins", "handmade"), ("penguins", "glove")]}
SCALE = {"attention.scale": [("sqrt_dk",), ("none",)]}
SEED = {"seed": [("0",), ("1",), ("2",)]}


def test_a_grids_axes_are_its_keys_in_order() -> None:
    assert found() == {**ZIPPED, **SCALE, **SEED}
    assert list(found()) == ["sentences,embeddings", "attention.scale", "seed"]


def test_a_fixed_value_removes_its_axis() -> None:
    assert found("seed=7") == {**ZIPPED, **SCALE}
    assert found("attention.scale=0.5", "seed=7") == ZIPPED


def test_the_command_lines_axis_takes_the_place_of_the_grids() -> None:
    assert found("seed=8,9") == {**ZIPPED, **SCALE, "seed": [("8",), ("9",)]}
    assert list(found("attention.scale=none,0.1"))[-1] == "attention.scale"


def test_of_settings_that_move_together_the_others_remain() -> None:
    assert found("sentences=long", "attention.scale=1", "seed=1") == {
        "embeddings": [("handmade",), ("glove",)]
    }
    # What is left of two values that differed only in the fixed one is one value.
    twice = {"sentences, embeddings": [["a", "glove"], ["b", "glove"]]}
    assert found("sentences=a", grid=twice) == {"embeddings": [("glove",)]}
    assert found("sentences=a", "embeddings=glove", grid=twice) == {}


@pytest.mark.parametrize(
    ("override", "values"),
    [
        ("seed=1,2", ["1", "2"]),
        ("seed=range(0,6,2)", ["0", "2", "4"]),
        ("attention.temperature=0.5,1e-3", ["0.5", "0.001"]),
        ("attention.scale=choice(on,0.5)", ["on", "0.5"]),
        ("metrics=[entropy],[entropy,cosine],[]", ["[entropy]", "[entropy,cosine]", "[]"]),
        ("sentences.text='a b','c, d'", ["'a b'", "'c, d'"]),
        ("embeddings=glob(one*)", ["one_hot"]),
        ("seed=sort(3,1,2)", ["1", "2", "3"]),
        ("+embeddings.table.gato=[1,0,0,0],[0,0,0,1]", ["[1,0,0,0]", "[0,0,0,1]"]),
    ],
)
def test_hydras_ways_to_say_several_values(override: str, values: list[str]) -> None:
    key = override.partition("=")[0]
    assert found(override, grid={}) == {key: [(value,) for value in values]}


@pytest.mark.parametrize(
    ("override", "values"),
    [
        (
            "sentences,embeddings=[pinguins,handmade],[penguins,glove]",
            [("pinguins", "handmade"), ("penguins", "glove")],
        ),
        ("attention.scale, seed=[on,1],[0.5,2]", [("on", "1"), ("0.5", "2")]),
        ("name,seed=['a, b',1],[null,2]", [("'a, b'", "1"), ("null", "2")]),
        ("metrics,plots=[[entropy],[]]", [("[entropy]", "[]")]),
        ("attention.mask,seed=[{window:{left:1}},1]", [("{window:{left:1}}", "1")]),
    ],
)
def test_settings_that_move_together_on_the_command_line(
    override: str, values: list[tuple[str, ...]]
) -> None:
    keys = override.partition("=")[0].replace(" ", "")
    assert found(override, grid={}) == {keys: values}
    # They take the place of the grid's, as a single setting does.
    assert "attention.scale" not in found("attention.scale,seed=[on,1],[off,2]")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "seed,name=[1,a],[2]",
            "seed,name: got [1,a],[2], expected lists of 2, as in seed,name=[…],[…]",
        ),
        ("seed,name=1,2", "seed,name: got 1,2, expected lists of 2, as in seed,name=[…],[…]"),
        ("seed,name=range(1,3)", "seed,name: got range(1,3), expected lists of 2"),
        ("seed=range(1,1)", "seed=range(1,1): expands to no value; expected at least one"),
        ("sentences=glob(zz*)", "sentences=glob(zz*): expands to no value; expected at least one"),
        (
            "attention.temperature=interval(0,1)",
            "attention.temperature=interval(0,1): cannot be expanded: ",
        ),
        (
            "experiment=a,b",
            "experiment=a,b: an experiment is a sweep of its own; run one at a time",
        ),
    ],
)
def test_what_is_no_axis(override: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        found(override)
    assert str(caught.value).startswith(said)


def test_a_plus_is_kept_for_hydra_and_left_out_of_the_name() -> None:
    axis = Axis(("+a.b", "c", "++d"), (("1", "2", "3"),))
    assert axis.settings == ("a.b", "c", "d")
    assert axis.without_settings({"a.b", "d"}) == Axis(("c",), (("2",),))


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@example("null")
@example("não")
@example("a\\\\")
@given(PLAIN)
def test_a_value_written_for_hydra_is_read_back_the_same(value: Any) -> None:
    (parsed,) = OverridesParser.create().parse_overrides([f"key={literal(value)}"])
    assert plain(parsed.value()) == plain(value)


@example("1_000")
@example("007")
@example("1.")
@example(".5")
@example("-0")
@example("1e5")
@example("Null")
@example("a b")
@example("9007199254740993")
@given(
    st.from_regex(r"[-+]?[0-9_]{1,4}(\.[0-9]{0,3})?(e-?[0-9])?", fullmatch=True)
    | st.from_regex(r"[A-Za-z_][A-Za-z0-9_./-]{0,6}", fullmatch=True)
    | PLAIN.map(literal)
)
def test_a_value_is_read_as_hydra_reads_it(text: str) -> None:
    try:
        (parsed,) = OverridesParser.create().parse_overrides([f"key={text}"])
    except HydraException:
        return
    assert plain(read_value(text)) == plain(parsed.value())


def plain(value: Any) -> Any:
    """A value with its type beside it, for 1 == True == 1.0."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return type(value).__name__, str(value) if isinstance(value, str) else value
