"""Kinds of value that a setting may have; each says what came and what is expected.

They are used by `schema/` alone, as in `Annotated[float, positive()]`. Each runs before pydantic's
own check, so that all errors read alike: "got 0, expected a finite number > 0".
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from pydantic import BeforeValidator

from pipeline.base.by_index import map_by_head, map_by_index
from pipeline.base.errors import shorten
from pipeline.base.registry import list_choices

STORABLE = "text that UTF-8 can hold (half of a surrogate pair alone is not a character)"
MAX_REPEATS = 100_000  # what a plan can hold


def rejected(raw: object, expected: str, where: str = "") -> ValueError:
    """The error every check raises.

    >>> rejected(0, "a finite number > 0")
    ValueError('got 0, expected a finite number > 0')
    """
    return ValueError(f"{where}got {shorten(raw)}, expected {expected}")


def storable(text: str) -> str:
    """`text`, if UTF-8 can encode it; bytes of the command line that are not UTF-8 cannot be.

    >>> storable("não")
    'não'
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise rejected(text, STORABLE) from None
    return text


def is_finite_number(raw: object) -> bool:
    """A finite int or float; True and False are not numbers here."""
    return isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw)


def optional(kind: BeforeValidator) -> BeforeValidator:
    """The same kind, or null."""
    check: Any = kind.func
    return BeforeValidator(lambda raw: None if raw is None else check(raw))


class ByLayer(BeforeValidator):
    """The validator of a setting that may differ by layer."""


def by_layer(kind: BeforeValidator) -> ByLayer:
    """The same kind, or one value per layer: {every: …, 0: …, 3-5: …}."""
    check: Any = kind.func
    return ByLayer(lambda given: map_by_index(check, given))


def by_head(kind: BeforeValidator) -> BeforeValidator:
    """The same kind, or one value per head: {heads: {every: …, 0: …, 3-5: …}}."""
    check: Any = kind.func
    return BeforeValidator(lambda raw: map_by_head(check, raw))


def one_of(choices: Collection[str]) -> BeforeValidator:
    """A string out of `choices`."""

    def check(raw: object) -> object:
        if not isinstance(raw, str) or raw not in choices:
            raise rejected(raw, f"one of: {list_choices(raw, choices)}")
        return raw

    return BeforeValidator(check)


def some_of(choices: Collection[str], least: int = 0) -> BeforeValidator:
    """A list of different strings out of `choices`, at least `least` of them."""

    def check(raw: object) -> object:
        if not isinstance(raw, list | tuple) or len(raw) < least:
            raise rejected(raw, f"a list of names out of: {', '.join(choices)}")
        for name in raw:
            if not isinstance(name, str) or name not in choices:
                raise rejected(name, f"names out of: {list_choices(name, choices)}")
        if len(set(raw)) < len(raw):
            raise rejected(raw, "each name once")
        return tuple(raw)

    return BeforeValidator(check)


def positive() -> BeforeValidator:
    """A finite number above zero."""

    def check(raw: object) -> object:
        if not is_finite_number(raw) or not raw > 0:  # type: ignore[operator]
            raise rejected(raw, "a finite number > 0")
        return raw

    return BeforeValidator(check)


def integer(least: int, most: int | None = None) -> BeforeValidator:
    """A whole number from `least` up to `most`."""
    span = f"a whole number >= {least}" + (f" and <= {most}" if most is not None else "")

    def check(raw: object) -> object:
        fits = isinstance(raw, int) and not isinstance(raw, bool) and raw >= least
        if not fits or (most is not None and raw > most):  # type: ignore[operator]
            raise rejected(raw, span)
        return raw

    return BeforeValidator(check)


def times_or_seeds() -> BeforeValidator:
    """A number of repeats, 1 or more, or a list of different seeds."""
    expected = f"a whole number >= 1 and <= {MAX_REPEATS}, or a list of different seeds"

    def check(raw: object) -> object:
        seeds = raw if isinstance(raw, list | tuple) else [raw]
        least = 0 if seeds is raw else 1
        are_whole = all(
            isinstance(seed, int) and not isinstance(seed, bool) and seed >= least for seed in seeds
        )
        too_many = isinstance(raw, int) and raw > MAX_REPEATS
        if not seeds or not are_whole or too_many or len(set(seeds)) < len(seeds):
            raise rejected(raw, expected)
        return tuple(seeds) if seeds is raw else raw

    return BeforeValidator(check)


def flag() -> BeforeValidator:
    """true or false."""

    def check(raw: object) -> object:
        if not isinstance(raw, bool):
            raise rejected(raw, "true or false")
        return raw

    return BeforeValidator(check)


def non_empty(expected: str) -> BeforeValidator:
    """A string that is not blank."""

    def check(raw: object) -> object:
        if not isinstance(raw, str) or not raw.strip():
            raise rejected(raw, expected)
        return storable(raw)

    return BeforeValidator(check)


def scale_of(names: Collection[str]) -> BeforeValidator:
    """A name, `on` or `true` for sqrt_dk, `off` or `false` for none, or a finite number.

    The name is stored, so that two spellings are one run.
    """
    aliases = {"on": "sqrt_dk", "true": "sqrt_dk", "off": "none", "false": "none"}

    def check(raw: object) -> object:
        if isinstance(raw, bool | str) and (name := aliases.get(str(raw).lower(), raw)) in names:
            return name
        if is_finite_number(raw):
            return float(raw)  # type: ignore[arg-type]
        raise rejected(raw, f"{', '.join(names)}, on, off or a finite number")

    return BeforeValidator(check)
