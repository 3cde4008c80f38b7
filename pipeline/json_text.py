"""JSON text: records as a person would read them, an undefined number as null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

NESTED = (Mapping, list, tuple)  # what JSON writes as objects and arrays


def undefined_as_null(content: Any) -> Any:
    """`content` with NaN, which JSON does not know, as None."""
    if isinstance(content, float):
        return None if math.isnan(content) else content
    if isinstance(content, Mapping):
        return {key: undefined_as_null(value) for key, value in content.items()}
    return content


def indented(content: Any, level: int = 1) -> str:
    """What json.dumps writes with indent=2, sooner.

    With an indent, json leaves its encoder in C; what holds nothing nested can still go through it.

    >>> print(indented({"a": [1, None], "b": {}}))
    {
      "a": [
        1,
        null
      ],
      "b": {}
    }
    """
    if not isinstance(content, NESTED) or not content:
        return encoder(level).encode(content)
    inside = content.values() if isinstance(content, Mapping) else content
    if not any(isinstance(value, NESTED) for value in inside):
        text = encoder(level).encode(content)
        start, lines, end = text[0], text[1:-1], text[-1]
    else:
        parts = [indented(value, level + 1) for value in inside]
        if isinstance(content, Mapping):
            names = map(encoder(level).encode, content)
            parts = [f"{name}: {part}" for name, part in zip(names, parts, strict=True)]
        start, end = "{}" if isinstance(content, Mapping) else "[]"
        lines = f",{margin(level)}".join(parts)
    return f"{start}{margin(level)}{lines}{margin(level - 1)}{end}"


def margin(level: int) -> str:
    """A new line, so many levels in."""
    return "\n" + "  " * level


@cache
def encoder(level: int) -> json.JSONEncoder:
    """Writes what stands at that level, a line each."""
    return json.JSONEncoder(ensure_ascii=False, separators=(f",{margin(level)}", ": "))
