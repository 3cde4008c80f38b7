"""Sections: tables of the config's settings, one row per setting."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from pipeline.base.paths import CONF
from pipeline.config.affects import effect_of
from pipeline.config.reference.allowed import allowed, by_index
from pipeline.config.reference.markdown import anchor, first_line, heading_of, inline, table
from pipeline.config.schema.config import KINDS_OF, Config
from pipeline.config.schema.section import Section

Fields = Mapping[str, FieldInfo]
MISSING = object()


def describe_sections(linked: Collection[str]) -> Iterator[str]:
    """A table for each section; a setting in `linked` has a table of its values elsewhere."""
    defaults, fields = default_settings(), Config.model_fields
    single = {name: field for name, field in fields.items() if section_of(field) is None}
    yield "## Settings\n\n" + settings_table(single, defaults, "", linked)
    for name in (name for name in fields if name not in single):
        yield f"### {name}: {fields[name].description}"
        if name in KINDS_OF:
            yield from describe_kinds(name, linked)
        elif section := section_of(fields[name]):
            yield settings_table(section.model_fields, defaults[name] or {}, f"{name}.", linked)


def describe_kinds(name: str, linked: Collection[str]) -> Iterator[str]:
    """The settings that all kinds of a section have, and then each kind's own."""
    kinds = KINDS_OF[name]
    shared = set.intersection(*(set(section.model_fields) for section in kinds.values()))
    for count, (kind, section) in enumerate(kinds.items()):
        fields, values = section.model_fields, kind_defaults(name, kind)
        if count == 0 and len(shared) > 1:
            of_all = {n: field for n, field in fields.items() if n in shared}
            yield settings_table(of_all, values, f"{name}.", linked)
        yield f"`{name}.kind: {kind}`: {first_line(section)}"
        if own := {n: field for n, field in fields.items() if n not in shared}:
            yield settings_table(own, values, f"{name}.", linked)


def settings_table(
    fields: Fields, defaults: Mapping[str, Any], above: str, linked: Collection[str]
) -> str:
    """One row per setting, a nested section's settings among them."""
    rows = list(setting_rows(fields, defaults, above, linked))
    return table(["setting", "default", "what it is", "allowed", "changes"], rows)


def setting_rows(
    fields: Fields, defaults: Mapping[str, Any], above: str, linked: Collection[str]
) -> Iterator[list[str]]:
    """Name, default, description, what is allowed and what changes with it."""
    for name, field in fields.items():
        setting, section = above + name, section_of(field)
        default = defaults.get(name, MISSING if field.is_required() else field.default)
        if section is not None:
            inside = default if isinstance(default, dict) else {}
            yield from setting_rows(section.model_fields, inside, f"{setting}.", linked)
        elif name != "kind":
            link = f"[its values](#{anchor(heading_of(setting))})"
            is_shown = default is not MISSING and not isinstance(default, dict)
            yield [
                f"`{setting}`",
                f"`{inline(default)}`" if is_shown else "",
                field.description or "",
                (link if setting in linked else allowed(field)) + by_index(field, default),
                effect_of(setting).what,
            ]


def default_settings() -> dict[str, Any]:
    """conf/config.yaml, with the files of the groups that it chooses."""
    settings = load("config.yaml")
    for choice in settings.pop("defaults"):
        for group, option in choice.items() if isinstance(choice, dict) else ():
            if option:
                settings[group] = {**(settings.get(group) or {}), **load(f"{group}/{option}.yaml")}
    return settings


def kind_defaults(group: str, kind: str) -> dict[str, Any]:
    """The defaults of one kind: those of the group, and those of its first file of that kind."""
    files = [load(f"{group}/{path.name}") for path in sorted((CONF / group).glob("*.yaml"))]
    of_kind = next((file for file in files if file.get("kind") == kind), {})
    return {**(load("config.yaml").get(group) or {}), **of_kind}


def load(name: str) -> dict[str, Any]:
    """A file of conf/."""
    return dict(yaml.safe_load((CONF / name).read_text(encoding="utf-8")))


def section_of(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, or a list of which; None for a single setting."""
    types = [field.annotation, *getattr(field.annotation, "__args__", ())]
    return next((t for t in types if isinstance(t, type) and issubclass(t, Section)), None)
