"""The gate: a resolved configuration in, a frozen `Config` out, or every error at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pipeline.base.errors import UserError, shorten
from pipeline.base.registry import list_choices
from pipeline.config.schema.config import KINDS_OF, Config, SweepRequest
from pipeline.config.schema.study import Law, Study


def validate(given: Mapping[str, Any]) -> Config:
    """The resolved configuration as a `Config`, or a `UserError` that lists all that is wrong."""
    try:
        return Config.model_validate(given)
    except ValidationError as error:
        raise UserError(*(error_line(dict(e), given) for e in error.errors())) from error


def validate_request(given: Mapping[str, Any]) -> SweepRequest:
    """What a sweep is asked for, out of a configuration that need not be whole."""
    try:
        return SweepRequest.model_validate(
            {name: given.get(name) for name in SweepRequest.model_fields}
        )
    except ValidationError as error:
        raise UserError(*(error_line(dict(e), given) for e in error.errors())) from error


def error_line(error: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """One of pydantic's errors as one line: path, what came, what is allowed."""
    place = [str(part) for part in error["loc"]]
    if len(place) > 1 and place[0] in KINDS_OF and place[1] in KINDS_OF[place[0]]:
        del place[1]  # pydantic names the kind after its section
    path, came = ".".join(place), shorten(error["input"])
    kind = error["type"]
    if kind == "value_error":
        told = str(error["ctx"]["error"])
        return told if told.startswith(path) else f"{path}: {told}"
    if kind == "extra_forbidden":
        return f"{path}: no such setting; expected one of: {sibling_settings(place, given)}"
    if kind == "missing":
        source = "experiments/ablation.yaml" if place[0] == "study" else "conf/config.yaml"
        return f"{path}: is missing; see {source} for how it is set"
    if kind.startswith("union_tag"):
        tag = error["input"].get("kind") if isinstance(error["input"], Mapping) else None
        return (
            f"{path}.kind: got {shorten(tag)}, expected one of: {list_choices(tag, KINDS_OF[path])}"
        )
    wanted = "a group of settings" if kind in ("model_type", "model_attributes_type") else ""
    return f"{path}: got {came}, expected {wanted or error['msg'].removeprefix('Input should be ')}"


def sibling_settings(place: list[str], given: Mapping[str, Any]) -> str:
    """The settings that may stand where the last part of `place` does."""
    section: Any = Config
    for part in place[:-1]:
        if part in KINDS_OF:
            section = KINDS_OF[part][given[part]["kind"]]
        elif part == "study":
            section = Study
        elif part == "holds":
            section = Law
        elif part in section.model_fields:  # and no place in a list
            section = section.model_fields[part].annotation
    names = [*section.model_fields, *(["experiment"] if section is Config else [])]
    return list_choices(place[-1], names)
