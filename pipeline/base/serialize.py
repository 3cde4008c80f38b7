"""Values as JSON, YAML and Markdown text."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import yaml

NESTED = (Mapping, list, tuple)  # what JSON writes as objects and arrays


def undefined_as_null(content: Any) -> Any:
    """`content` with NaN, which JSON does not know, as None."""
    if isinstance(content, float):
        return None if math.isnan(content) else content
    if isinstance(content, Mapping):
        return {key: undefined_as_null(value) for key, value in content.items()}
    return content


def to_json(content: Any, level: int = 1) -> str:
    """What json.dumps writes with indent=2, sooner.

    With an indent, json leaves its encoder in C; what holds nothing nested can still go through it.

    >>> print(to_json({"a": [1, None], "b": {}}))
    {
      "a": [
        1,
        null
      ],
      "b": {}
    }
    """
    if not isinstance(content, NESTED) or not content:
        return level_encoder(level).encode(content)
    inside = content.values() if isinstance(content, Mapping) else content
    if not any(isinstance(value, NESTED) for value in inside):
        text = level_encoder(level).encode(content)
        start, lines, end = text[0], text[1:-1], text[-1]
    else:
        parts = [to_json(value, level + 1) for value in inside]
        if isinstance(content, Mapping):
            names = map(level_encoder(level).encode, content)
            parts = [f"{name}: {part}" for name, part in zip(names, parts, strict=True)]
        start, end = "{}" if isinstance(content, Mapping) else "[]"
        lines = f",{newline_indent(level)}".join(parts)
    return f"{start}{newline_indent(level)}{lines}{newline_indent(level - 1)}{end}"


def newline_indent(level: int) -> str:
    """A new line, so many levels in."""
    return "\n" + "  " * level


@cache
def level_encoder(level: int) -> json.JSONEncoder:
    """Writes what stands at that level, a line each."""
    return json.JSONEncoder(ensure_ascii=False, separators=(f",{newline_indent(level)}", ": "))


def to_yaml(content: Mapping[str, Any] | Sequence[str]) -> str:
    """YAML as a person would write it: order kept, letters as letters.

    Between the runs of a sweep little of it changes, and PyYAML takes a millisecond a run, so the
    text of each section and entry is kept.

    >>> print(to_yaml({"attention": {"scale": "on", "mask": ["causal"]}, "seed": 0}), end="")
    attention:
      scale: 'on'
      mask:
      - causal
    seed: 0
    """
    if isinstance(content, Mapping):
        return "".join(yaml_entry(name, json.dumps(value)) for name, value in content.items())
    return "".join(yaml_item(value) for value in content) or dump_yaml([])


@lru_cache(1024)
def yaml_entry(name: str, value: str) -> str:
    """One entry, its value as JSON, which tells values of every kind apart."""
    content = json.loads(value)
    if isinstance(content, dict) and content and name.isidentifier():
        return f"{name}:\n{textwrap.indent(to_yaml(content), '  ')}"
    return dump_yaml({name: content})


@lru_cache(1024)
def yaml_item(text: str) -> str:
    """One text of a list."""
    return dump_yaml([text])


def dump_yaml(content: object) -> str:
    """What PyYAML makes of it."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def escape_markdown(text: str) -> str:
    """`text` with the characters that Markdown or HTML would read as markup made literal.

    >>> escape_markdown("<b>*a*")
    '&lt;b&gt;\\\\*a\\\\*'
    """
    line = " ".join(text.split())  # a line break in a token must not begin a line of the list
    html = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + c if c in "\\`*_[]#|~" else c for c in html)
