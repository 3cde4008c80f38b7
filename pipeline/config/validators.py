"""Kinds of value that a setting may have; each says what came and what is allowed.

They serve `config.py` alone, as `Annotated[float, positive()]`. Each runs in front of pydantic's
own check, so that a fault reads the same everywhere: "got 0, expected a finite number > 0".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic import BeforeValidator

from pipeline.base.errors import UserError, shorten
from pipeline.base.registry import list_choices

YAML_HINT = "strings (quote a word that YAML reads as a number or a boolean, such as no)"
STORABLE = "text that UTF-8 can hold (half of a surrogate pair alone is no character)"
MOST_REPEATS = 100_000  # what a plan holds with ease
SHORT = 200  # characters of a spec that is remembered; a matrix written out is not


def rejected(given: object, expected: str, where: str = "") -> ValueError:
    """The error every check raises.

    >>> rejected(0, "a finite number > 0")
    ValueError('got 0, expected a finite number > 0')
    """
    return ValueError(f"{where}got {shorten(given)}, expected {expected}")


def storable(text: str) -> str:
    """`text` that files can hold; a byte of the command line that is no UTF-8 comes as half a pair.

    >>> storable("não")
    'não'
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise rejected(text, STORABLE) from None
    return text


def is_number(given: object) -> bool:
    """A finite int or float; True and False are not numbers here."""
    return isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)


def optional(kind: BeforeValidator) -> BeforeValidator:
    """The same kind, or null."""
    check: Any = kind.func
    return BeforeValidator(lambda given: None if given is None else check(given))


def one_of(choices: Collection[str]) -> BeforeValidator:
    """A string out of `choices`."""

    def check(given: object) -> object:
        if not isinstance(given, str) or given not in choices:
            raise rejected(given, f"one of: {list_choices(given, choices)}")
        return given

    return BeforeValidator(check)


def some_of(choices: Collection[str], least: int = 0) -> BeforeValidator:
    """A list of different strings out of `choices`, at least `least` of them."""

    def check(given: object) -> object:
        if not isinstance(given, list | tuple) or len(given) < least:
            raise rejected(given, f"a list of names out of: {', '.join(choices)}")
        for name in given:
            if not isinstance(name, str) or name not in choices:
                raise rejected(name, f"names out of: {list_choices(name, choices)}")
        if len(set(given)) < len(given):
            raise rejected(given, "each name once")
        return tuple(given)

    return BeforeValidator(check)


def positive() -> BeforeValidator:
    """A finite number above zero."""

    def check(given: object) -> object:
        if not is_number(given) or not given > 0:  # type: ignore[operator]
            raise rejected(given, "a finite number > 0")
        return given

    return BeforeValidator(check)


def integer(least: int, most: int | None = None) -> BeforeValidator:
    """A whole number from `least` up to `most`."""
    span = f"a whole number >= {least}" + (f" and <= {most}" if most is not None else "")

    def check(given: object) -> object:
        fits = isinstance(given, int) and not isinstance(given, bool) and given >= least
        if not fits or (most is not None and given > most):  # type: ignore[operator]
            raise rejected(given, span)
        return given

    return BeforeValidator(check)


def times_or_seeds() -> BeforeValidator:
    """How often, or over which seeds: a whole number of 1 or more, or a list of different seeds."""
    expected = f"a whole number >= 1 and <= {MOST_REPEATS}, or a list of different seeds"

    def check(given: object) -> object:
        seeds = given if isinstance(given, list | tuple) else [given]
        least = 0 if seeds is given else 1
        good = all(
            isinstance(seed, int) and not isinstance(seed, bool) and seed >= least for seed in seeds
        )
        too_many = isinstance(given, int) and given > MOST_REPEATS
        if not seeds or not good or too_many or len(set(seeds)) < len(seeds):
            raise rejected(given, expected)
        return tuple(seeds) if seeds is given else given

    return BeforeValidator(check)


def flag() -> BeforeValidator:
    """true or false."""

    def check(given: object) -> object:
        if not isinstance(given, bool):
            raise rejected(given, "true or false")
        return given

    return BeforeValidator(check)


def non_empty(expected: str) -> BeforeValidator:
    """A string that is not blank."""

    def check(given: object) -> object:
        if not isinstance(given, str) or not given.strip():
            raise rejected(given, expected)
        return storable(given)

    return BeforeValidator(check)


def scale_of(names: Collection[str]) -> BeforeValidator:
    """A name, `on` or `true` for sqrt_dk, `off` or `false` for none, or a finite number.

    The name is what is stored, so that two spellings of one setting are one run.
    """
    spoken = {"on": "sqrt_dk", "true": "sqrt_dk", "off": "none", "false": "none"}

    def check(given: object) -> object:
        if (
            isinstance(given, bool | str)
            and (name := spoken.get(str(given).lower(), given)) in names
        ):
            return name
        if is_number(given):
            return float(given)  # type: ignore[arg-type]
        raise rejected(given, f"{', '.join(names)}, on, off or a finite number")

    return BeforeValidator(check)


def sentence_texts() -> BeforeValidator:
    """A text, a list of texts or a list of lists of tokens → a tuple of texts and token tuples."""
    expected = "a text, a list of texts or a list of lists of tokens, none of them empty"

    def check(given: object) -> object:
        texts = [given] if isinstance(given, str) else given
        if texts is None:
            return None
        if not isinstance(texts, list | tuple) or not texts:
            raise rejected(given, expected)
        for one in texts:
            tokens = one if isinstance(one, list | tuple) else [one]
            for token in tokens:
                if not isinstance(token, str):
                    raise rejected(token, YAML_HINT)
                storable(token)
            if not tokens or not all(token.strip() for token in tokens):
                raise rejected(one, expected)
        return tuple(one if isinstance(one, str) else tuple(one) for one in texts)

    return BeforeValidator(check)


def word_list() -> BeforeValidator:
    """A list of words, or null."""

    def check(given: object) -> object:
        if given is None:
            return None
        if not isinstance(given, list | tuple) or not given:
            raise rejected(given, "a list of words, or null for the words of the sentences")
        for word in given:
            if not isinstance(word, str) or not word.strip():
                raise rejected(word, YAML_HINT)
            storable(word)
        return tuple(given)

    return BeforeValidator(check)


def variant_spec(make: Callable[[Any], object]) -> BeforeValidator:
    """A name, a name with settings, or what else `make` takes; it is made once to see that it can.

    What is stored is the spec as it was written. The runs of a sweep share few specs, so each is
    tried once; one that reads a file is tried anew, for the file may have changed.
    """
    tried: dict[str, str | None] = {}

    def check(given: object) -> object:
        spelled = repr(given)
        if len(spelled) > SHORT or "path" in spelled:
            wrong = spec_error(make, given)
        elif spelled in tried:
            wrong = tried[spelled]
        else:
            wrong = tried[spelled] = spec_error(make, given)
        if wrong:
            raise ValueError(wrong)
        return given

    return BeforeValidator(check)


def spec_error(make: Callable[[Any], object], given: object) -> str | None:
    """What `make` has against a value; None where it takes it."""
    try:
        make(given)
    except UserError as fault:
        return fault.lines[0]
    return None


def vector_table() -> BeforeValidator:
    """Tokens and their vectors: finite numbers, every row of one width."""

    def check(given: object) -> object:
        if not isinstance(given, Mapping) or not given:
            raise rejected(given, "tokens and their vectors, as in {Os: [1, 0]}")
        table: dict[str, tuple[float, ...]] = {}
        for token, row in given.items():
            if not isinstance(token, str) or not token.strip():
                raise rejected(token, YAML_HINT)
            if not isinstance(row, list | tuple) or not row or not all(map(is_number, row)):
                raise rejected(row, "a list of finite numbers", where=f"{token}: ")
            table[storable(token)] = tuple(float(x) for x in row)
        first = next(iter(table))
        for token, vector in table.items():
            if len(vector) != len(table[first]):
                expected = f"{len(table[first])} as in the row of {first}"
                raise ValueError(f"{token}: got {len(vector)} numbers, expected {expected}")
        return table

    return BeforeValidator(check)


def grid_axes() -> BeforeValidator:
    """Settings and their values: {attention.scale: [sqrt_dk, none]}, or a Hydra sweep as a string.

    Settings that move together share a key, and each of their values is a list:
    {"sentences, embeddings": [[pinguins, handmade], [penguins, glove]]}.
    """

    def check(given: object) -> object:
        if not isinstance(given, Mapping) or not given:
            raise rejected(given, "settings and their values, as in {attention.scale: [none]}")
        for key, values in given.items():
            count = str(key).count(",") + 1
            if isinstance(values, str) and count == 1:
                continue
            if not isinstance(values, list | tuple) or not values:
                raise rejected(values, "a list of values", where=f"{key}: ")
            for value in values if count > 1 else []:
                if not isinstance(value, list | tuple) or len(value) != count:
                    raise rejected(value, f"a list of {count} values", where=f"{key}: ")
        return dict(given)

    return BeforeValidator(check)
