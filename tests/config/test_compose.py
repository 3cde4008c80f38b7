"""Overrides → a composed configuration: what Hydra is asked, and what is kept of its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.base.errors import UserError
from pipeline.base.paths import CONF, EXPERIMENTS
from pipeline.config.compose import compose, hydra, parse
from pipeline.config.experiments import experiments
from pipeline.config.explain import is_group


@pytest.fixture(scope="module", autouse=True)
def _hydra() -> Iterator[None]:
    with hydra(["experiment=ablation"]):
        yield


def fault(*overrides: str) -> tuple[str, ...]:
    """The lines of the fault that composing these overrides raises."""
    with pytest.raises(UserError) as caught:
        compose(overrides)
    return caught.value.lines


def test_the_defaults_are_the_seeds_experiment() -> None:
    composed = compose([])
    assert composed.choices["sentences"] == "pinguins"
    assert composed.choices["embeddings"] == "handmade"
    assert composed.overrides == ()
    settings = composed.resolved()
    assert settings["name"] == "pinguins"
    assert settings["attention"] == {
        "scale": "sqrt_dk",
        "temperature": 1.0,
        "log_n_factor": 1.0,
        "qk_norm": "none",
        "qk_norm_gain": 1.0,
        "rotation": "none",
        "softcap": None,
        "bias": "none",
        "mask": "none",
        "normalizer": "softmax",
        "order": "cap_then_mask",
        "retain": "full",
        "retain_k": 8,
    }


def test_hydras_own_settings_are_no_part_of_it() -> None:
    assert "hydra" not in compose([]).settings
    assert set(compose(["hydra.job.name=x"]).resolved()) == set(compose([]).resolved())


def test_an_experiment_is_chosen_like_a_file_of_a_group() -> None:
    composed = compose(["experiment=ablation", "attention.temperature=3"])
    assert composed.choices["experiment"] == "ablation"
    assert composed.resolved()["study"]["question"]
    assert composed.resolved()["attention"]["temperature"] == 3


def test_where_results_go_is_not_kept_on_record() -> None:
    assert compose(["seed=1", "outputs=elsewhere"]).overrides == ("seed=1",)


def test_every_experiment_is_known_by_its_file() -> None:
    assert set(experiments()) == {path.stem for path in EXPERIMENTS.glob("*.yaml")}
    assert is_group("experiment")


def test_the_folders_of_conf_are_groups_of_which_one_file_is_chosen() -> None:
    folders = {path.name for path in CONF.iterdir() if path.is_dir()}
    assert set(compose([]).choices) == folders
    for name in folders:
        assert is_group(name)
        assert not is_group(f"{name}.name")


def test_faults_of_hydra_and_of_the_gate_come_together() -> None:
    lines = fault("sentences=penguin", "attention.temprature=1", "seed=-1")
    assert [line.partition(":")[0] for line in lines] == [
        "sentences",
        "attention.temprature",
        "seed",
    ]


def test_a_choice_further_on_may_make_a_key_known() -> None:
    # `embeddings.width` exists for gaussian alone: choices are tried before values.
    assert [line.partition(":")[0] for line in fault("embeddings.width=8", "sed=1")] == [
        "sed",
        "embeddings.width",
    ]
    (line,) = fault("embeddings.width=8", "embeddings=gaussian", "sed=1")
    assert line.startswith("sed: no such setting")


def test_a_fault_is_one_line_whatever_hydra_says() -> None:
    for override in ("a=[1", "foo", "seed=${x", "seed=não", "hydra/launcher=x", "~sed"):
        (line,) = fault(override)
        assert "\n" not in line
        assert "https" not in line


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("seed=3", 3),
        ("name='a b'", "a b"),
        ('name="não"', "não"),
        ("plots=[]", []),
        ("sentences.text=[[a,b],[c]]", [["a", "b"], ["c"]]),
        ("attention.temperature=1e-3", 0.001),
    ],
)
def test_values_are_read_by_hydras_grammar(override: str, value: Any) -> None:
    (given,) = parse([override])
    assert given.value() == value
    settings: Any = compose([override]).resolved()
    for part in override.partition("=")[0].split("."):
        settings = settings[part]
    assert settings == value
