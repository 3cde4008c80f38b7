"""Validation: what comes in as plain values and goes out as a frozen Config."""

from __future__ import annotations

import copy
import json
import math
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pipeline.base.errors import UserError
from pipeline.config.compose import compose, hydra
from pipeline.config.schema.config import Config
from pipeline.config.schema.section import Section
from pipeline.config.schema.study import Study
from pipeline.config.validate import validate, validate_request

STUDY: dict[str, Any] = {"question": "q", "source": "s", "grid": {"seed": [1, 2]}}


@pytest.fixture(scope="module")
def defaults() -> dict[str, Any]:
    """The resolved configuration of a run without overrides."""
    with hydra():
        return compose([]).resolved()


def sections(model: type[BaseModel] = Config) -> Iterator[type[BaseModel]]:
    """Every section that can be in a configuration."""
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *typing.get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from sections(part)


def test_the_defaults_pass_unchanged(defaults: dict[str, Any]) -> None:
    shown = validate(defaults).model_dump(mode="json")
    shown["sentences"]["text"] = shown["sentences"]["text"][0]  # a text is a list of one
    assert shown == defaults


def test_the_result_is_frozen(defaults: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        validate(defaults).seed = 1


def test_every_setting_is_described_and_nothing_unknown_is_accepted() -> None:
    for section in sections():
        assert issubclass(section, Section)
        assert section.model_config["extra"] == "forbid"
        for name, field in section.model_fields.items():
            assert field.description, f"{section.__name__}.{name}"
            assert not field.description.endswith("."), f"{section.__name__}.{name}"


def test_every_setting_but_those_of_a_kind_or_a_law_has_its_default_in_conf() -> None:
    # A default in the code would be a second place to look for it.
    with_defaults = {
        f"{section.__name__}.{name}"
        for section in sections()
        for name, field in section.model_fields.items()
        if not field.is_required()
    }
    assert {name.partition(".")[0] for name in with_defaults} <= {"Study", "Law"}


def test_two_spellings_of_a_setting_are_one(defaults: dict[str, Any]) -> None:
    for spelling, name in (("on", "sqrt_dk"), (True, "sqrt_dk"), ("off", "none"), (False, "none")):
        given = copy.deepcopy(defaults)
        given["attention"]["scale"] = spelling
        assert validate(given).attention.scale == name
    given["attention"]["temperature"] = 2
    assert repr(validate(given).attention.temperature) == "2.0"


def test_what_makes_a_run_leaves_out_where_it_goes_and_its_study(defaults: dict[str, Any]) -> None:
    elsewhere = validate({**defaults, "outputs": "elsewhere", "study": STUDY})
    assert elsewhere.settings() == validate(defaults).settings()
    json.dumps(elsewhere.settings(), allow_nan=False)  # plain values


def test_all_faults_are_listed_at_once(defaults: dict[str, Any]) -> None:
    given = copy.deepcopy(defaults)
    given["seed"] = -1
    given["attention"]["temperature"] = math.nan
    given["extra"] = 1
    del given["language"]
    with pytest.raises(UserError) as caught:
        validate(given)
    assert [line.partition(":")[0] for line in caught.value.lines] == [
        "attention.temperature",
        "language",
        "seed",
        "extra",
    ]


def test_words_that_yaml_takes_for_booleans_are_refused_with_the_remedy(
    defaults: dict[str, Any],
) -> None:
    # `[no, yes]` in a file of conf/ arrives as [False, True].
    given = copy.deepcopy(defaults)
    given["sentences"]["text"] = [[False, True]]
    given["embeddings"]["table"] = {False: [1.0]}
    with pytest.raises(UserError) as caught:
        validate(given)
    strings = "expected strings (quote a word that YAML reads as a number or a boolean, such as no)"
    assert caught.value.lines == (
        f"sentences.text: got False, {strings}",
        f"embeddings.table: got False, {strings}",
    )


def study_of(given: Any) -> Study | None:
    """The study alone, as a sweep reads it before any of its runs is composed."""
    return validate_request({"repeats": 1, "where": None, "study": given}).study


def test_a_study_alone() -> None:
    assert study_of(None) is None
    study = study_of(STUDY)
    assert study is not None
    assert study.grid == {"seed": [1, 2]}
    with pytest.raises(UserError) as caught:
        study_of({**STUDY, "source": " ", "grid": {}})
    assert caught.value.lines == (
        "study.source: got ' ', expected where the claim is published",
        "study.grid: got {}, expected settings and their values, as in {attention.scale: [none]}",
    )


def test_a_law_speaks_of_what_the_grid_varies() -> None:
    law = {"claim": "c", "law": "rises", "metric": "entropy", "setting": "seed"}
    zipped = {**STUDY, "grid": {"seed, language": [[1, "en"], [2, "pt"]]}}
    assert study_of({**zipped, "holds": [{**law, "where": {"language": "en"}}]})
    with pytest.raises(UserError, match="holds: got 'name', expected a setting of the grid: seed"):
        study_of({**zipped, "holds": [{**law, "where": {"name": "x"}}]})


def test_an_old_name_is_refused_with_the_new_one(defaults: dict[str, Any]) -> None:
    renamed = copy.deepcopy(defaults)
    renamed["attention"]["keep"] = "none"
    renamed["sweep"]["keep"] = "metrics"
    with pytest.raises(UserError) as caught:
        validate(renamed)
    assert caught.value.lines == (
        "attention.keep: is now called attention.retain",
        "sweep.keep: is now called sweep.store",
    )
