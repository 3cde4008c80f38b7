"""Shapes: what a JSON record of ours must hold, so that one changed by hand is told.

A shape is a type or a tuple of types, `[shape]` for a list, `{name: shape}` for an object with at
least those entries (`name?` may be left out), or `{str: shape}` for an object with any names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.base.errors import UserError, shorten

Shape = Any
NUMBER = (int, float)
UNLESS_UNDEFINED = (*NUMBER, type(None))
WORDS = {str: "a text", NUMBER: "a number", UNLESS_UNDEFINED: "a number or null"}
MISSING = object()

OBJECT: Shape = {}
SCALARS: Shape = {str: UNLESS_UNDEFINED}
MADE: Shape = {"versions?": {str: str}}
ABOUT: Shape = {**MADE, "choices": {str: str}, "vectors?": str, "notices?": [str]}
ENTRY: Shape = {"key": str, "seconds": NUMBER, "vectors": str, "notices": [str]}
LINE: Shape = {"run": str, "same_as?": str}
TWIN: Shape = {"differs": {"settings": OBJECT, "choices": {str: str}}}  # beside same_as
PLAN: Shape = {**MADE, "runs": [LINE]}
BEGUN: Shape = {
    "overrides": [str],
    "store?": str,
    "runs": [{"run": str, "key": str, "overrides": [str]}],
}


def read_json(path: Path, shape: Shape = OBJECT, asker: str = "compare") -> dict[str, Any]:
    """A JSON file of ours, or a fault of the asker's that names it and what is expected there."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{asker}: cannot read {path} ({error})") from error
    check_shape(content, shape, path, asker)
    found: dict[str, Any] = content
    return found


def check_shape(content: Any, shape: Shape, path: Path, asker: str = "compare") -> None:
    """A `UserError` where what was read from `path` is not of that shape; it names the first entry."""
    for told in shape_errors(content, shape):
        raise UserError(f"{asker}: cannot read {path} ({told})")


def shape_errors(content: Any, shape: Shape, at: str = "") -> Iterator[str]:
    """What is not of its shape: where it is, what came and what is expected.

    >>> list(shape_errors({"runs": [{"run": "a"}, {"run": 1}, {}]}, {"runs": [{"run": str}]}))
    ['runs[1].run: got 1, expected a text', 'runs[2].run: is missing, expected a text']
    """
    if isinstance(shape, list):
        if isinstance(content, list):
            for place, item in enumerate(content):
                yield from shape_errors(item, shape[0], f"{at}[{place}]")
        else:
            yield shape_error(content, "a list", at)
    elif isinstance(shape, dict):
        if isinstance(content, dict):
            yield from entry_errors(content, shape, f"{at}." if at else "")
        else:
            yield shape_error(content, "an object", at)
    elif not isinstance(content, shape) or isinstance(content, bool):
        yield shape_error(content, WORDS[shape], at)


def entry_errors(content: dict[str, Any], shape: dict[Any, Shape], above: str) -> Iterator[str]:
    """What is not of its shape among the entries of an object."""
    for name, expected in shape.items():
        if name is str:
            for key, value in content.items():
                yield from shape_errors(value, expected, f"{above}{key}")
            continue
        key = name.removesuffix("?")
        if key in content or key == name:
            yield from shape_errors(content.get(key, MISSING), expected, f"{above}{key}")


def shape_error(content: object, expected: str, at: str) -> str:
    """One of them, as the end of a fault's line."""
    came = "is missing" if content is MISSING else f"got {shorten(content)}"
    return f"{at}: {came}, expected {expected}" if at else f"{came}, expected {expected}"


FORMAT = 2  # of the records that are written
FORMATS = (1, 2)  # that are read
