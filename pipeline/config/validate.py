"""Validation: a resolved configuration → a frozen `Config`, or every error at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pipeline.base.errors import UserError, shorten
from pipeline.base.registry import list_choices
from pipeline.config.renamed import renamed_hint
from pipeline.config.schema.config import KINDS_OF, Config, SweepRequest
from pipeline.config.schema.study import Law, Study


def validate(settings: Mapping[str, Any]) -> Config:
    """The resolved configuration as a `Config`, or a `UserError` that lists all that is wrong."""
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise UserError(*(error_line(dict(e), settings) for e in error.errors())) from error


def validate_request(settings: Mapping[str, Any]) -> SweepRequest:
    """The settings of a sweep, of a configuration that need not be complete."""
    try:
        return SweepRequest.model_validate(
            {name: settings.get(name) for name in SweepRequest.model_fields}
        )
    except ValidationError as error:
        raise UserError(*(error_line(dict(e), settings) for e in error.errors())) from error


def error_line(error: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """One of pydantic's errors as one line: the setting, what came, what is expected."""
    parts = [str(part) for part in error["loc"]]
    if len(parts) > 1 and parts[0] in KINDS_OF and parts[1] in KINDS_OF[parts[0]]:
        del parts[1]  # pydantic names the kind after its section
    path, came = ".".join(parts), shorten(error["input"])
    kind = error["type"]
    if kind == "value_error":
        message = str(error["ctx"]["error"])
        return message if message.startswith(path) else f"{path}: {message}"
    if kind == "extra_forbidden" and (hint := renamed_hint(path)):
        return hint
    if kind == "extra_forbidden":
        return f"{path}: no such setting; expected one of: {sibling_settings(parts, settings)}"
    if kind == "missing":
        source = "experiments/ablation.yaml" if parts[0] == "study" else "conf/config.yaml"
        return f"{path}: is missing; see {source} for how it is set"
    if kind.startswith("union_tag"):
        tag = error["input"].get("kind") if isinstance(error["input"], Mapping) else None
        return (
            f"{path}.kind: got {shorten(tag)}, expected one of: {list_choices(tag, KINDS_OF[path])}"
        )
    is_section = kind in ("model_type", "model_attributes_type")
    expected = (
        "a group of settings" if is_section else error["msg"].removeprefix("Input should be ")
    )
    return f"{path}: got {came}, expected {expected}"


def sibling_settings(parts: list[str], settings: Mapping[str, Any]) -> str:
    """The settings that exist beside the last of `parts`."""
    section: Any = Config
    for part in parts[:-1]:
        if part in KINDS_OF:
            section = KINDS_OF[part][settings[part]["kind"]]
        elif part == "study":
            section = Study
        elif part == "holds":
            section = Law
        elif part in section.model_fields:  # not an index of a list
            section = section.model_fields[part].annotation
    names = [*section.model_fields, *(["experiment"] if section is Config else [])]
    return list_choices(parts[-1], names)
