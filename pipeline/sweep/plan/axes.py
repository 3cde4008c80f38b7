"""The axes of a sweep: settings and their values, from an experiment's grid or the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, Quote, QuotedString
from hydra.errors import HydraException

from pipeline.base.errors import UserError, one_line
from pipeline.config.compose import parse

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")  # what Hydra's grammar takes without quotes
SPOKEN = ("null", "true", "false", "nan", "inf")  # and these for something else than a string
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,15})")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,15})\.[0-9]{1,17}")
ZIPPED = re.compile(r"[^=,'\"{\[]+,[^='\"{\[]+=.")  # a,b=…, which Hydra's grammar does not know


@dataclass(frozen=True)
class Axis:
    """Settings that vary together, and the values they take, both as Hydra writes them."""

    keys: tuple[str, ...]  # a leading + or ~ is kept
    values: tuple[tuple[str, ...], ...]

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of the settings."""
        return tuple(key.lstrip("+~") for key in self.keys)

    def without_settings(self, settled: set[str]) -> Axis | None:
        """This axis with those settings held still; None where nothing is left to vary.

        >>> Axis(("a", "b"), (("1", "x"), ("2", "x"))).without({"a"})
        Axis(keys=('b',), values=(('x',),))
        """
        kept = [place for place, name in enumerate(self.settings) if name not in settled]
        values = dict.fromkeys(tuple(value[place] for place in kept) for value in self.values)
        return Axis(tuple(self.keys[place] for place in kept), tuple(values)) if kept else None


def find_axes(overrides: Sequence[str], grid: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The axes of the grid that the command line leaves open, then the command line's own."""
    parsed = parse([override for override in overrides if not is_zipped(override)])
    together = [zipped_axis(override) for override in overrides if is_zipped(override)]
    settled = {given.key_or_group for given in parsed}
    settled |= {name for axis in together for name in axis.settings}
    planned = (axis.without_settings(settled) for axis in grid_axes(grid))
    said = (axis_of(given) for given in parsed if given.is_sweep_override())
    return (*(axis for axis in planned if axis), *said, *together)


def is_zipped(override: str) -> bool:
    """Whether an override names several settings, which then move together.

    >>> is_zipped("sentences,embeddings=[pinguins,handmade],[penguins,glove]"), is_zipped("a=b,c=d")
    (True, False)
    """
    return bool(ZIPPED.match(override))


def zipped_axis(override: str) -> Axis:
    """Settings that move together, as in a,b=[1,x],[2,y]: a list a step, a value a setting."""
    joined, _, text = override.partition("=")
    keys = tuple(key.strip() for key in joined.split(","))
    given: Any = parse([f"{keys[0]}={text}"])[0].value()
    rows: list[Any] = given.list if isinstance(given, ChoiceSweep) else [given]
    for row in rows:
        if not isinstance(row, list) or len(row) != len(keys):
            form = f"lists of {len(keys)}, as in {joined}=[…],[…]"
            raise UserError(f"{joined}: got {text}, expected {form}")
    return Axis(keys, tuple(tuple(literal(value) for value in row) for row in rows))


def read_value(text: str) -> Any:
    """A value by Hydra's grammar, plain numbers and words without asking it.

    >>> read_value("8"), read_value("0.5"), read_value("none"), read_value("{window: {left: 2}}")
    (8, 0.5, 'none', {'window': {'left': 2}})
    """
    if WHOLE.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        return float(text)
    return text if is_word(text) else read_by_hydra(text)


@lru_cache(maxsize=4096)
def read_by_hydra(text: str) -> Any:
    """A value by Hydra's grammar; callers must not change it."""
    return OverridesParser.create().parse_override(f"key={text}").value()


def is_word(text: str) -> bool:
    """Whether Hydra's grammar takes a text for itself, without quotes.

    >>> is_word("sqrt_dk"), is_word("null"), is_word("a b")
    (True, False, False)
    """
    return text.lower() not in SPOKEN and bool(WORD.fullmatch(text))


def axis_of(given: Override) -> Axis:
    """A sweep in Hydra's syntax (1,2 or range(0,5) or glob(*)) as an axis."""
    key = str(given.input_line).partition("=")[0]
    if given.key_or_group == "experiment":
        raise UserError(
            f"{given.input_line}: an experiment is a sweep of its own; run one at a time"
        )
    try:
        values = tuple((str(value),) for value in given.sweep_string_iterator())
    except HydraException as error:
        raise UserError(
            f"{given.input_line}: cannot be counted out: {one_line(str(error))}"
        ) from error
    if not values:
        raise UserError(f"{given.input_line}: stands for no value; expected at least one")
    return Axis((key,), values)


def grid_axes(grid: Mapping[str, Any]) -> Iterator[Axis]:
    """The axes of an experiment's grid; settings whose names share a key move together."""
    for joined, values in grid.items():
        keys = tuple(key.strip() for key in str(joined).split(","))
        if isinstance(values, str):
            given = parse([f"{keys[0]}={values}"])[0]
            yield axis_of(given) if given.is_sweep_override() else Axis(keys, ((values,),))
        else:
            rows = [value if len(keys) > 1 else [value] for value in values]
            yield Axis(keys, tuple(tuple(literal(v) for v in row) for row in rows))


def literal(value: Any) -> str:
    """A value as Hydra's override grammar writes it.

    >>> literal([1, "a b", None, True])
    "[1,'a b',null,true]"
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ",".join(literal(v) for v in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{literal(k)}:{literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, QuotedString):
        return value.with_quotes()
    if isinstance(value, str) and not is_word(value):
        return QuotedString(value, Quote.single).with_quotes()
    return str(value)
