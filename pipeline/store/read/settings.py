"""Stored settings as dotted names and values."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from pipeline.base.values import plain_value
from pipeline.config.affects import AFFECTS

ENTRY = re.compile(r"^(?=[^\s#-])", flags=re.MULTILINE)  # where a key of the top level stands
SECTION = re.compile(r"(\w+):\n(?=  [A-Za-z_])")  # a section of entries, not a list
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def with_changes(settings: Mapping[str, Any], differs: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted settings with some of them changed: single settings, or whole sections.

    >>> with_changes({"a.x": 1, "b.y": 2, "b.z": 3}, {"a.x": 4, "b": {"y": 5}})
    {'a.x': 4, 'b.y': 5}
    """
    sections = tuple(f"{name}." for name in differs)
    kept = {name: value for name, value in settings.items() if not name.startswith(sections)}
    return {**kept, **flatten(differs)}


def parse_settings(text: str) -> dict[str, Any]:
    """A config.yaml as dotted names and values.

    The runs of a sweep differ in few entries, so each is parsed once for all of them.

    >>> parse_settings("seed: 1\\nplots:\\n- heatmap\\nattention:\\n  scale: none\\n")
    {'seed': 1, 'plots': 'heatmap', 'attention.scale': 'none'}
    """
    found: dict[str, Any] = {}
    for entry in ENTRY.split(text):
        if section := SECTION.match(entry):
            for inside in ENTRY.split(textwrap.dedent(entry[section.end() :])):
                found.update(parse_entry(inside, section[1]))
        else:
            found.update(parse_entry(entry, ""))
    return found


@lru_cache(maxsize=4096)
def parse_entry(text: str, section: str) -> Mapping[str, Any]:
    """One entry of a config.yaml, or of a section of it."""
    content = yaml.load(text, Loader=LOADER)
    if content is not None and not isinstance(content, dict):
        raise ValueError(f"expected settings, got {content!r:.40}")
    return flatten(
        {f"{section}.{key}" if section else key: v for key, v in (content or {}).items()}
    )


def flatten(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Sections of settings under dotted names; a variant with its settings is one value.

    >>> flatten({"attention": {"normalizer": {"entmax": {"alpha": 1.5}}}, "plots": ["heatmap"]})
    {'attention.normalizer': 'entmax alpha=1.5', 'plots': 'heatmap'}
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        is_section = "." not in name or (name in AFFECTS and AFFECTS[name].has_user_keys)
        if isinstance(value, Mapping) and is_section:
            found |= flatten({f"{name}.{key}": inside for key, inside in value.items()})
        else:
            found[name] = plain_value(value)
    return found
