"""Allowed: what a setting may be, in the words in which validation refuses anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic.fields import FieldInfo

NO_VALUES = ("?", "")  # what no setting may be: one of them makes each check say what it expects
MANY = 12  # choices beyond which they are not written out


def allowed(field: FieldInfo) -> str:
    """What validation expects of a setting.

    >>> from pipeline.config.schema.config import Config
    >>> allowed(Config.model_fields["language"])
    '`en`, `pt`'
    """
    for check in checks(field):
        expected = next(filter(None, (refusal(check, value) for value in NO_VALUES)), "")
        if not refusal(check, None) and "null" not in expected:
            expected += ", or null"
        return with_code(expected)
    return ""


def by_index(field: FieldInfo, default: object) -> str:
    """Whether a setting may differ by layer and by head, in words.

    >>> from pipeline.config.schema.attention import Attention
    >>> by_index(Attention.model_fields["temperature"], 1.0)
    '; by layer and head'
    """
    values = {"layer": {"every": default}, "head": {"heads": {"every": default}}}
    units = [u for u, v in values.items() if not any(refusal(c, v) for c in checks(field))]
    return f"; by {' and '.join(units)}" if units and any(checks(field)) else ""


def checks(field: FieldInfo) -> Iterator[Callable[[Any], Any]]:
    """This project's checks of a setting."""
    return (check.func for check in field.metadata if hasattr(check, "func"))


def refusal(check: Callable[[Any], Any], value: object) -> str:
    """What `check` expects in place of `value`; nothing where it takes it."""
    try:
        check(value)
    except ValueError as error:
        return str(error).partition("expected ")[2]
    return ""


def with_code(expected: str) -> str:
    """The names of a set of choices as code; anything else as it is.

    >>> with_code("one of: mean, max"), with_code("a finite number > 0")
    ('`mean`, `max`', 'a finite number > 0')
    """
    lead, _, names = expected.partition(": ")
    if lead not in ("one of", "a list of names out of"):
        return expected
    choices = names.split(", ")
    if len(choices) > MANY:
        return "one of their names"
    quoted = ", ".join(f"`{name}`" for name in choices)
    return quoted if lead == "one of" else f"a list of {quoted}"
