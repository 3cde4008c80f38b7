"""Every entry of every dict of functions passes validation, and every kind has its settings."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
import yaml

from pipeline.attention import BIASES, MASKS, NORMALIZERS, QK_NORMS, RETAIN, ROTATIONS, SCALES
from pipeline.base.paths import CONF
from pipeline.config.schema.config import KINDS_OF, Config
from pipeline.config.schema.sweep import ENGINES
from pipeline.config.validate import validate
from pipeline.embed import EMBEDDINGS, POSITIONS, SOURCES, UNKNOWN
from pipeline.metrics import METRICS, POOLINGS
from pipeline.model import PROJECTIONS
from pipeline.plots import FIGURE_FORMATS, PLOTS, STYLES
from pipeline.prose import LANGUAGES
from tests.variants import bias_spec, mask_spec

ConfigOf = Callable[..., Config]
NAMES: dict[str, Any] = {
    "attention.scale": SCALES,
    "attention.qk_norm": QK_NORMS,
    "attention.retain": RETAIN,
    "embeddings.positions": POSITIONS,
    "embeddings.unknown": UNKNOWN,
    "figures.style": STYLES,
    "figures.pooling": POOLINGS,
    "language": LANGUAGES,
    "sweep.engine": ENGINES,
}
LISTS: dict[str, Any] = {
    "metrics": METRICS,
    "plots": PLOTS,
    "figures.formats": FIGURE_FORMATS,
    "stages": ("scores", "scaled", "masked"),
}
SPECS: dict[str, list[Any]] = {
    "attention.mask": [mask_spec(name, 5) for name in MASKS],
    "attention.bias": [bias_spec(name) for name in BIASES],
    "attention.normalizer": list(NORMALIZERS),
    "attention.rotation": list(ROTATIONS),
}
VALUES = {
    **{setting: list(names) for setting, names in NAMES.items()},
    **{setting: [(name,) for name in names] for setting, names in LISTS.items()},
    **SPECS,
}


def with_value(settings: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """A copy of a configuration with one value set."""
    head, _, rest = name.partition(".")
    return {**settings, head: with_value(settings[head], rest, value) if rest else value}


@pytest.mark.parametrize("setting", VALUES)
def test_every_entry_passes_validation_as_it_is_written(config_of: ConfigOf, setting: str) -> None:
    plain = config_of().model_dump(mode="json")
    for value in VALUES[setting]:
        valid: Any = validate(with_value(plain, setting, value))
        for part in setting.split("."):
            valid = getattr(valid, part)
        assert valid == value


@pytest.mark.parametrize(
    ("group", "kinds"), [("embeddings", EMBEDDINGS), ("projection", PROJECTIONS)]
)
def test_every_kind_has_settings_and_a_file_in_conf(
    config_of: ConfigOf, group: str, kinds: dict[str, Any]
) -> None:
    assert set(KINDS_OF[group]) == set(kinds)
    files = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["kind"]
        for path in (CONF / group).glob("*.yaml")
    }
    assert set(files.values()) == set(kinds)
    for option, kind in files.items():
        assert getattr(config_of(f"{group}={option}"), group).kind == kind


def test_every_source_of_word_vectors_passes_validation(config_of: ConfigOf) -> None:
    for source in SOURCES:
        config = config_of("embeddings=glove", f"embeddings.source={source}")
        assert config.embeddings.model_dump()["source"] == source


def test_every_engine_is_a_function_in_a_file_of_its_name() -> None:
    for name in ENGINES:
        assert callable(getattr(import_module(f"pipeline.sweep.engines.{name}"), name))
