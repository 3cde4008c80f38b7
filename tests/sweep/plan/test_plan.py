"""The plan: every run as Hydra itself would compose it, for far fewer compositions."""

from __future__ import annotations

import itertools
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from hydra import compose as hydra_compose
from omegaconf import OmegaConf

from pipeline.base.errors import UserError
from pipeline.config.compose import Composed, compose, hydra, recorded_overrides
from pipeline.config.schema.config import Config
from pipeline.config.validate import validate
from pipeline.runs.prepare import prepare
from pipeline.store.key import run_key
from pipeline.sweep.execute.execute import tasks
from pipeline.sweep.plan.axes import Axis, find_axes
from pipeline.sweep.plan.composed import composed_groups
from pipeline.sweep.plan.plan import Plan, make_plan, raise_counted


@pytest.fixture(autouse=True)
def _hydra() -> Iterator[None]:
    with hydra(["experiment=ablation"]):
        yield


@cache
def by_hydra(*overrides: str) -> dict[str, Any]:
    """What Hydra makes of the overrides, with everything resolved."""
    made: Any = OmegaConf.to_container(hydra_compose("config", list(overrides)), resolve=True)
    return made


# what is fixed, and the axes: key → values, as Hydra writes them
GRIDS: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "groups and numbers": (
        ["plots=[]"],
        {
            "embeddings": ["one_hot", "gaussian", "glove"],
            "sentences": ["penguins", "order"],
            "attention.temperature": ["1e-3"],
        },
    ),
    "a group after values of its own": (
        ["embeddings=gaussian", "embeddings.width=8"],
        {"attention": ["causal", "unscaled"], "embeddings.width": ["4", "16"]},
    ),
    "strings and texts": (
        ["embeddings=one_hot"],
        {
            "sentences.text": ["'a b'", "'c, d'", '"não é"', "word", "[[a,b],[c]]"],
            "language": ["en", "pt"],
        },
    ),
    "lists and nulls": (
        ["projection=random"],
        {
            "metrics": ["[]", "[entropy,cosine]"],
            "projection.key_width": ["null", "3"],
            "figures.formats": ["[png]", "[svg,pdf]"],
        },
    ),
    "a table, which is merged": (
        ["sentences.text=gato", "+embeddings.table.gato=[0,0,0,2]"],
        {"embeddings.table": ["{gato:[1,0,0,0]}", "{gato:[0,1,0,0],Os:[3,0,0,0]}"]},
    ),
    "keys added and forced": (
        ["sentences.text=gato"],
        {
            "+embeddings.table.gato": ["[1,0,0,0]", "[0,0,0,1]"],
            "++seed": ["1", "2"],
            "attention.mask": ["none", "causal"],
        },
    ),
    "interpolations": (
        ["seed=3", "embeddings=gaussian"],
        {"embeddings.width": ["${seed}", "8"], "name": ["'${sentences.name}-x'"]},
    ),
    "variants with settings": (
        ["projection=random", "projection.heads=2"],
        {
            "attention.mask": ["{window:{left:2}}", "[causal,{dilated:{step:2}}]"],
            "attention.bias": ["[alibi,{matrix:{values:[[0.5]]}}]"],
            "attention.softcap": ["null", "1e1"],
            "attention.normalizer": ["{top_k:{k:2}}"],
        },
    ),
    "one setting inside another": (
        ["attention.mask={window:{left:2,right:0}}"],
        {
            "attention.mask": ["{window:{left:1}}", "{window:{right:3}}"],
            "attention.mask.window.left": ["0", "4"],
        },
    ),
    "odd characters": (
        ["embeddings=one_hot"],
        {
            "sentences.text": [
                "'a/b: {c}'",
                "\"não, 'é'\"",
                "'#1 \\\\ $5 = {x}'",
                "'null'",
                "'[a, b]'",
                "'8'",
                "'\t.'",
            ],
        },
    ),
    "added, a group, nulls and numbers": (
        ["sentences.text=gato"],
        {
            "attention": ["causal", "unscaled"],
            "+embeddings.table.gato": ["[1,0,0,0]"],
            "attention.softcap": ["null"],
            "attention.temperature": ["1_0", "0.20"],
        },
    ),
    "booleans": (
        ["embeddings=one_hot", "sentences.text='a, b'"],
        {"sentences.split_punctuation": ["true", "false"], "attention.scale": ["on", "0.3"]},
    ),
}


QUICK = ("variants with settings", "interpolations")  # the others run among the slow tests


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] * (case not in QUICK)) for case in GRIDS]
)
def test_every_run_is_what_hydra_composes(case: str) -> None:
    fixed, grid = GRIDS[case]
    plan = make_plan([*fixed, *(f"{key}={','.join(values)}" for key, values in grid.items())])
    asked = [
        [*fixed, *(f"{key}={value}" for key, value in zip(grid, values, strict=True))]
        for values in itertools.product(*grid.values())
    ]
    assert len(plan.points) == len(asked)
    defaults = compose([]).choices
    for point, overrides in zip(plan.points, asked, strict=True):
        assert point.job.config == validate(by_hydra(*overrides))
        # The overrides on record, in Hydra's own spelling, make the same run asked of it alone.
        assert point.job.config == validate(by_hydra(*point.job.overrides))
        chosen = {o.partition("=")[0]: o.partition("=")[2] for o in overrides}
        for group, option in point.job.choices.items():
            assert option == chosen.get(group, defaults[group])


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] * (case not in QUICK)) for case in GRIDS]
)
def test_and_before_validation_too(case: str) -> None:
    # Validation makes 1 and 1.0 one; here they must be alike as Hydra leaves them.
    fixed, grid = GRIDS[case]
    axes = [Axis((key,), tuple((value,) for value in values)) for key, values in grid.items()]
    base_of = composed_groups(fixed, axes)
    for values in itertools.product(*grid.values()):
        chosen = dict(zip(grid, values, strict=True))
        base, plain = base_of(chosen)
        derived = base.settings(plain)
        expected = by_hydra(*fixed, *(f"{key}={value}" for key, value in chosen.items()))
        assert derived == expected
        assert repr(derived) == repr(expected)


def test_one_run_does_not_leak_into_another() -> None:
    base_of = composed_groups(
        [], find_axes(["embeddings.table.Os=[2,0,0,0],[3,0,0,0]", "seed=1,2"], {})
    )
    base, _ = base_of({})
    first = base.settings({"embeddings.table.Os": "[2,0,0,0]"})
    second = base.settings({"seed": "1"})
    assert first["embeddings"]["table"]["Os"] == [2, 0, 0, 0]
    assert second["embeddings"]["table"]["Os"] == [1, 0, 0, 0]
    assert second["sentences"] is first["sentences"]  # what no run changes is shared


@pytest.mark.slow
def test_a_hundred_thousand_runs_take_no_more_than_their_hashes() -> None:
    overrides = ["embeddings=gaussian", "attention.scale=on,off", "seed=range(0,500)"]
    overrides.append(f"attention.temperature={','.join(str(n / 64) for n in range(1, 101))}")
    make_plan(["seed=1,2"])  # what is made once
    tracemalloc.start()
    try:
        plan = make_plan(overrides)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(plan.points) == 100_000
    assert kept < 100 * 100_000  # bytes
    assert peak < 1000 * 100_000
    assert len({point.folder for point in plan.points[::997]}) == 101
    last = plan.points[-1]
    assert last.varied == {
        "attention.scale": "none", "seed": 499, "attention.temperature": 1.5625,
    }  # fmt: skip
    assert last.key == last.job.key


@pytest.mark.parametrize(
    ("overrides", "runs", "choices"),
    [
        (["seed=range(0,50)", "attention.scale=on,off"], 100, 0),
        (["embeddings=one_hot,gaussian", "seed=range(0,20)"], 40, 2),
        (["embeddings=one_hot,gaussian", "sentences=order,long", "seed=range(0,5)"], 20, 4),
        (["experiment=ablation"], 20, 2),
    ],
)
def test_hydra_composes_once_for_each_choice_of_groups(
    overrides: list[str], runs: int, choices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def counted(overrides: Sequence[str]) -> Composed:
        asked.append(tuple(overrides))
        return compose(overrides)

    for module in ("plan", "composed"):
        monkeypatch.setattr(f"pipeline.sweep.plan.{module}.compose", counted)
    assert len(make_plan(overrides).points) == runs
    assert len(asked) == 1 + choices  # and the one that finds the grid


def test_the_ablation_is_the_grid_its_file_says() -> None:
    plan = make_plan(["experiment=ablation"])
    assert plan.name == "ablation"
    assert plan.study is not None
    inputs = [("pinguins", "handmade", "identity"), ("penguins", "glove", "random")]
    expected = [
        {
            "sentences": s,
            "embeddings": e,
            "projection": p,
            "attention.scale": scale,
            "attention.temperature": temperature,
        }
        for (s, e, p), scale, temperature in itertools.product(
            inputs, ("sqrt_dk", "none"), (0.25, 0.5, 1.0, 2.0, 4.0)
        )
    ]
    assert [dict(point.varied) for point in plan.points] == expected
    for point in (plan.points[0], plan.points[-1]):
        expected_config = validate(by_hydra("experiment=ablation", *point.job.overrides))
        assert point.job.config == expected_config


def values_of(plan: Plan, setting: str) -> list[Any]:
    """What a setting is in each run, once each."""
    return list(dict.fromkeys(point.varied.get(setting) for point in plan.points))


def test_the_command_line_stands_above_the_grid() -> None:
    plan = make_plan(["experiment=ablation", "attention.temperature=3,5", "attention.scale=off"])
    assert values_of(plan, "attention.temperature") == [3.0, 5.0]
    assert values_of(plan, "attention.scale") == [None]  # held still: no axis
    assert len(plan.points) == 4
    assert {point.job.config.attention.scale for point in plan.points} == {"none"}


def test_a_fixed_value_applies_to_every_run() -> None:
    plan = make_plan(["experiment=ablation", "seed=5", "plots=[]"])
    assert {point.job.config.seed for point in plan.points} == {5}
    assert {point.job.config.plots for point in plan.points} == {()}
    assert len(plan.points) == 20


def test_a_plan_without_axes_is_one_run() -> None:
    (point,) = make_plan(["seed=1"]).points
    assert point.job.config == validate(by_hydra("seed=1"))
    assert point.folder.startswith("name-pinguins-")


def test_folders_are_legible_short_and_of_their_own() -> None:
    texts = ",".join(f"'{'x' * 300} {number}'" for number in range(20))
    plan = make_plan([f"sentences.text={texts}", "embeddings=one_hot", "attention.scale=on,off"])
    folders = [point.folder for point in plan.points]
    assert len(set(folders)) == 40
    assert max(map(len, folders)) <= 75
    (first, *_) = make_plan(["attention.scale=on,off", "seed=1,2"]).points
    assert first.folder == f"scale-sqrt_dk_seed-1-{first.key[:10]}"


def test_where_results_go_is_not_on_record() -> None:
    plan = make_plan(["seed=1,2", "outputs=elsewhere"])
    assert plan.overrides == ("seed=1,2",)
    assert [point.job.overrides for point in plan.points] == [("seed=1",), ("seed=2",)]
    assert plan.config.outputs == "elsewhere"
    assert recorded_overrides(plan.overrides) == plan.overrides


def test_input_is_prepared_once_for_each_input(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def counted(config: Config) -> object:
        seen.append(config)
        return prepare(config)

    monkeypatch.setattr("pipeline.sweep.plan.inputs.prepare", counted)
    make_plan(["embeddings=one_hot,gaussian", "attention.temperature=1,2,3,4"])
    assert len(seen) == 2


def test_a_fault_of_many_runs_is_said_once_with_its_count() -> None:
    with pytest.raises(UserError) as caught:
        make_plan(["attention.temperature=0,1", "projection=random", "projection.heads=3,2,8"])
    lines = [line.partition(":")[0] + line[line.index(" (in") :] for line in caught.value.lines]
    assert sorted(lines) == [
        "attention.temperature (in 3 of 6 runs)",
        "projection.heads (in 1 of 6 runs)",
        "projection.heads (in 1 of 6 runs)",
    ]
    with pytest.raises(UserError) as caught:
        raise_counted(Counter(["odd"]), runs=1)
    assert caught.value.lines == ("odd",)
    raise_counted(Counter(), runs=1)


def test_a_file_changed_between_two_plans_makes_another_run(tmp_path: Any) -> None:
    path = tmp_path / "a.txt"
    overrides = ["sentences=file", f"sentences.path={path}", "embeddings=one_hot", "seed=1,2"]
    keys = []
    for text in ("a b", "a c"):
        path.write_text(text, encoding="utf-8")
        keys.append([point.key for point in make_plan(overrides).points])
    assert len({*keys[0], *keys[1]}) == 4


@pytest.mark.parametrize(
    "overrides",
    [
        ["attention.scale=on,0.5", "embeddings=one_hot,gaussian"],
        ["attention.mask=[causal],[{window:{left:1,right:0}}]", "attention.temperature=1,2"],
        ["sentences.text=[a b a],[c d]", "embeddings=one_hot", "name=s${seed}", "seed=1,2"],
    ],
)
def test_a_worker_that_takes_the_plan_s_key_makes_that_very_run(overrides: list[str]) -> None:
    plan = make_plan(overrides)
    alone = [point for point in plan.points if point.same_as is None]
    for task, point in zip(tasks(plan, set()), alone, strict=True):
        job = task.job()
        assert job.key == point.key == run_key(job.settings, job.inputs)
        assert job.config == point.job.config.model_copy(update={"study": None})
        assert (job.choices, job.overrides) == (point.job.choices, point.job.overrides)
