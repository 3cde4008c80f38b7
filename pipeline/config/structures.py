"""Kinds of value with parts: lists of texts and words, tables of vectors, specs, grids.

They are used by `schema/` alone, as those of `validators.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BeforeValidator

from pipeline.base.errors import UserError
from pipeline.config.validators import is_finite_number, rejected, storable

YAML_HINT = "strings (quote a word that YAML reads as a number or a boolean, such as no)"
MAX_CACHED = 200  # characters of a spec that is remembered, which a written-out matrix is not


def sentence_texts() -> BeforeValidator:
    """A text, a list of texts or a list of lists of tokens → a tuple of texts and token tuples."""
    expected = "a text, a list of texts or a list of lists of tokens, none of them empty"

    def check(raw: object) -> object:
        texts = [raw] if isinstance(raw, str) else raw
        if texts is None:
            return None
        if not isinstance(texts, list | tuple) or not texts:
            raise rejected(raw, expected)
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

    def check(raw: object) -> object:
        if raw is None:
            return None
        if not isinstance(raw, list | tuple) or not raw:
            raise rejected(raw, "a list of words, or null for the words of the sentences")
        for word in raw:
            if not isinstance(word, str) or not word.strip():
                raise rejected(word, YAML_HINT)
            storable(word)
        return tuple(raw)

    return BeforeValidator(check)


def variant_spec(make: Callable[[Any], object]) -> BeforeValidator:
    """A name, a name with settings, or anything else that `make` accepts.

    The spec is stored as it was written. The runs of a sweep share few specs, so each is tried
    once; one that reads a file is tried each time, as the file may have changed.
    """
    errors: dict[str, str | None] = {}

    def check(raw: object) -> object:
        text = repr(raw)
        if len(text) > MAX_CACHED or "path" in text:
            error = spec_error(make, raw)
        elif text in errors:
            error = errors[text]
        else:
            error = errors[text] = spec_error(make, raw)
        if error:
            raise ValueError(error)
        return raw

    return BeforeValidator(check)


def spec_error(make: Callable[[Any], object], raw: object) -> str | None:
    """The error of `make` for a value; None where it accepts it."""
    try:
        make(raw)
    except UserError as error:
        return error.lines[0]
    return None


def vector_table() -> BeforeValidator:
    """Tokens and their vectors: finite numbers, every row of one width."""

    def check(raw: object) -> object:
        if not isinstance(raw, Mapping) or not raw:
            raise rejected(raw, "tokens and their vectors, as in {Os: [1, 0]}")
        table: dict[str, tuple[float, ...]] = {}
        for token, row in raw.items():
            if not isinstance(token, str) or not token.strip():
                raise rejected(token, YAML_HINT)
            if not isinstance(row, list | tuple) or not row or not all(map(is_finite_number, row)):
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

    Settings that vary together share a key, and each of their values is a list:
    {"sentences, embeddings": [[pinguins, handmade], [penguins, glove]]}.
    """

    def check(raw: object) -> object:
        if not isinstance(raw, Mapping) or not raw:
            raise rejected(raw, "settings and their values, as in {attention.scale: [none]}")
        for key, values in raw.items():
            count = str(key).count(",") + 1
            if isinstance(values, str) and count == 1:
                continue
            if not isinstance(values, list | tuple) or not values:
                raise rejected(values, "a list of values", where=f"{key}: ")
            for value in values if count > 1 else []:
                if not isinstance(value, list | tuple) or len(value) != count:
                    raise rejected(value, f"a list of {count} values", where=f"{key}: ")
        return dict(raw)

    return BeforeValidator(check)
