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

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")  # a string that needs no quotes in Hydra's grammar
NOT_STRINGS = ("null", "true", "false", "nan", "inf")  # words that the grammar reads as values
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

    def without_settings(self, names: set[str]) -> Axis | None:
        """This axis without those settings; None where none are left.

        >>> Axis(("a", "b"), (("1", "x"), ("2", "x"))).without_settings({"a"})
        Axis(keys=('b',), values=(('x',),))
        """
        kept = [i for i, name in enumerate(self.settings) if name not in names]
        values = dict.fromkeys(tuple(value[i] for i in kept) for value in self.values)
        return Axis(tuple(self.keys[i] for i in kept), tuple(values)) if kept else None


def find_axes(overrides: Sequence[str], grid: Mapping[str, Any]) -> tuple[Axis, ...]:
    """The axes of the grid that the command line does not set, then the command line's own."""
    parsed = parse([override for override in overrides if not is_zipped(override)])
    zipped = [zipped_axis(override) for override in overrides if is_zipped(override)]
    overridden = {override.key_or_group for override in parsed}
    overridden |= {name for axis in zipped for name in axis.settings}
    from_grid = (axis.without_settings(overridden) for axis in grid_axes(grid))
    swept = (axis_of(override) for override in parsed if override.is_sweep_override())
    return (*(axis for axis in from_grid if axis), *swept, *zipped)


def is_zipped(override: str) -> bool:
    """Whether an override names several settings, which then vary together.

    >>> is_zipped("sentences,embeddings=[pinguins,handmade],[penguins,glove]"), is_zipped("a=b,c=d")
    (True, False)
    """
    return bool(ZIPPED.match(override))


def zipped_axis(override: str) -> Axis:
    """Settings that vary together, as in a,b=[1,x],[2,y]: a list holds one value per setting."""
    joined, _, text = override.partition("=")
    keys = tuple(key.strip() for key in joined.split(","))
    value: Any = parse([f"{keys[0]}={text}"])[0].value()
    rows: list[Any] = value.list if isinstance(value, ChoiceSweep) else [value]
    for row in rows:
        if not isinstance(row, list) or len(row) != len(keys):
            form = f"lists of {len(keys)}, as in {joined}=[…],[…]"
            raise UserError(f"{joined}: got {text}, expected {form}")
    return Axis(keys, tuple(tuple(literal(value) for value in row) for row in rows))


def read_value(text: str) -> Any:
    """A value by Hydra's grammar; plain numbers and words are read without it, which is faster.

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
    """Whether Hydra's grammar reads a text as that string, without quotes.

    >>> is_word("sqrt_dk"), is_word("null"), is_word("a b")
    (True, False, False)
    """
    return text.lower() not in NOT_STRINGS and bool(WORD.fullmatch(text))


def axis_of(override: Override) -> Axis:
    """A sweep in Hydra's syntax (1,2 or range(0,5) or glob(*)) as an axis."""
    text = str(override.input_line)
    if override.key_or_group == "experiment":
        raise UserError(f"{text}: an experiment is a sweep of its own; run one at a time")
    try:
        values = tuple((str(value),) for value in override.sweep_string_iterator())
    except HydraException as error:
        raise UserError(f"{text}: cannot be expanded: {one_line(str(error))}") from error
    if not values:
        raise UserError(f"{text}: expands to no value; expected at least one")
    return Axis((text.partition("=")[0],), values)


def grid_axes(grid: Mapping[str, Any]) -> Iterator[Axis]:
    """The axes of an experiment's grid; settings whose names share a key vary together."""
    for joined, values in grid.items():
        keys = tuple(key.strip() for key in str(joined).split(","))
        if isinstance(values, str):
            override = parse([f"{keys[0]}={values}"])[0]
            yield axis_of(override) if override.is_sweep_override() else Axis(keys, ((values,),))
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
