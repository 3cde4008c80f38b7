"""JSON and YAML: what a person would write, and what is read back is what was written."""

from __future__ import annotations

import json
import math

import pytest
import yaml

from pipeline.base.serialize import dump_yaml, to_json, to_yaml


def test_json_has_no_nan_and_keeps_letters_and_order() -> None:
    text = to_json({"b": math.nan, "a": {"ã": math.nan, "z": (0.1, None)}})
    assert text.index("b") < text.index("ã")
    assert json.loads(text) == {"b": None, "a": {"ã": None, "z": [0.1, None]}}


@pytest.mark.parametrize(
    "value", ["on", "não: #", "🐧 and more", "one\ntwo", "long " * 40, 1e-07, "1", None, [], {}]
)
def test_yaml_is_what_pyyaml_writes_without_libyaml(value: object) -> None:
    shared = {"value": value}
    settings = {"b": shared, "a": [value, shared], "text": "é"}
    text = to_yaml(settings)
    assert text == dump_yaml(settings)
    assert yaml.safe_load(text) == settings
    assert not {"&id001", "*id001"} & set(text.split())  # no aliases for what recurs
