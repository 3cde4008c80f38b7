"""Kinds of value: what each takes, what it makes of it, and what it says of the rest."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import BeforeValidator

from pipeline.config.structures import grid_axes, sentence_texts, vector_table, word_list
from pipeline.config.validators import (
    flag,
    integer,
    non_empty,
    one_of,
    optional,
    positive,
    scale_of,
    some_of,
)

NAN, INF = math.nan, math.inf
NAMES = ("sqrt_dk", "none")
TEXT = "a text, a list of texts or a list of lists of tokens, none of them empty"
STRINGS = "strings (quote a word that YAML reads as a number or a boolean, such as no)"
HALF = "x\udcff"  # what a byte 0xff of the command line is read as
STORABLE = "text that UTF-8 can hold (half of a surrogate pair alone is not a character)"

# kind → what it takes, and what comes of it
TAKEN: list[tuple[BeforeValidator, Any, Any]] = [
    (one_of("ab"), "a", "a"),
    (some_of("abc"), ["c", "a"], ("c", "a")),
    (some_of("abc"), [], ()),
    (positive(), 1e-300, 1e-300),
    (positive(), 2, 2),
    (integer(0), 0, 0),
    (integer(1, 3), 3, 3),
    (flag(), False, False),
    (non_empty("a name"), " a ", " a "),
    (optional(integer(1)), None, None),
    (optional(integer(1)), 4, 4),
    (scale_of(NAMES), "sqrt_dk", "sqrt_dk"),
    (scale_of(NAMES), "on", "sqrt_dk"),
    (scale_of(NAMES), "ON", "sqrt_dk"),
    (scale_of(NAMES), True, "sqrt_dk"),
    (scale_of(NAMES), "true", "sqrt_dk"),
    (scale_of(NAMES), "off", "none"),
    (scale_of(NAMES), False, "none"),
    (scale_of(NAMES), "false", "none"),
    (scale_of(NAMES), 0, 0.0),
    (scale_of(NAMES), 1, 1.0),  # 1 is a number, though True == 1
    (scale_of(NAMES), -0.5, -0.5),
    (sentence_texts(), None, None),
    (sentence_texts(), "a b", ("a b",)),
    (sentence_texts(), ["a b", "c"], ("a b", "c")),
    (sentence_texts(), [["a", "b"], "c"], (("a", "b"), "c")),
    (word_list(), None, None),
    (word_list(), ["no", "yes"], ("no", "yes")),
    (vector_table(), {"a": [1, 0], "b": (0.5, 2)}, {"a": (1.0, 0.0), "b": (0.5, 2.0)}),
    (grid_axes(), {"seed": [1]}, {"seed": [1]}),
    (grid_axes(), {"seed": "range(0,3)"}, {"seed": "range(0,3)"}),
    (grid_axes(), {"a, b": [[1, 2]]}, {"a, b": [[1, 2]]}),
]
# kind → what it refuses, and how
REFUSED: list[tuple[BeforeValidator, Any, str]] = [
    (one_of("ab"), "c", "got 'c', expected one of: a, b"),
    (one_of(["one"]), "ones", "got 'ones', expected one of: one (did you mean 'one'?)"),
    (one_of("ab"), None, "got None, expected one of: a, b"),
    (one_of("ab"), ["a"], "got ['a'], expected one of: a, b"),
    (some_of("ab"), "a", "got 'a', expected a list of names out of: a, b"),
    (some_of("ab", least=1), [], "got [], expected a list of names out of: a, b"),
    (some_of("ab"), ["a", "c"], "got 'c', expected names out of: a, b"),
    (some_of("ab"), [["a"]], "got ['a'], expected names out of: a, b"),
    (some_of("ab"), ["a", "a"], "got ['a', 'a'], expected each name once"),
    *(
        (positive(), given, f"got {given!r}, expected a finite number > 0")
        for given in (0, 0.0, -1, NAN, INF, -INF, True, None, "1", [1])
    ),
    *(
        (integer(0), given, f"got {given!r}, expected a whole number >= 0")
        for given in (-1, 1.0, True)
    ),
    (integer(1, 3), 4, "got 4, expected a whole number >= 1 and <= 3"),
    (integer(1, 3), "2", "got '2', expected a whole number >= 1 and <= 3"),
    (flag(), 1, "got 1, expected true or false"),
    (flag(), "no", "got 'no', expected true or false"),
    (non_empty("a name"), "\t", "got '\\t', expected a name"),
    (non_empty("a name"), None, "got None, expected a name"),
    *(
        (kind, given, f"got {HALF!r}, expected {STORABLE}")
        for kind, given in (
            (non_empty("a name"), HALF),
            (sentence_texts(), HALF),
            (sentence_texts(), [["a", HALF]]),
            (word_list(), ["a", HALF]),
            (vector_table(), {HALF: [1]}),
        )
    ),
    (optional(integer(1)), 0, "got 0, expected a whole number >= 1"),
    *(
        (
            scale_of(NAMES),
            given,
            f"got {given!r}, expected sqrt_dk, none, on, off or a finite number",
        )
        for given in (NAN, INF, -INF, None, "half", "1", [1])
    ),
    *(
        (sentence_texts(), given, f"got {came!r}, expected {TEXT}")
        for given, came in (("", ""), (" ", " "), ([], []), ([[]], []), (["a", ""], ""), (5, 5))
    ),
    (sentence_texts(), [["a", " "]], f"got ['a', ' '], expected {TEXT}"),
    (sentence_texts(), [False], f"got False, expected {STRINGS}"),
    (sentence_texts(), [["a", 1]], f"got 1, expected {STRINGS}"),
    (word_list(), [], "got [], expected a list of words, or null for the words of the sentences"),
    (word_list(), "a", "got 'a', expected a list of words, or null for the words of the sentences"),
    (word_list(), ["a", True], f"got True, expected {STRINGS}"),
    (word_list(), [""], f"got '', expected {STRINGS}"),
    (vector_table(), {}, "got {}, expected tokens and their vectors, as in {Os: [1, 0]}"),
    (vector_table(), [1], "got [1], expected tokens and their vectors, as in {Os: [1, 0]}"),
    (vector_table(), {True: [1]}, f"got True, expected {STRINGS}"),
    (vector_table(), {"a": []}, "a: got [], expected a list of finite numbers"),
    (vector_table(), {"a": 1}, "a: got 1, expected a list of finite numbers"),
    (vector_table(), {"a": [1, NAN]}, "a: got [1, nan], expected a list of finite numbers"),
    (vector_table(), {"a": [INF]}, "a: got [inf], expected a list of finite numbers"),
    (vector_table(), {"a": [True]}, "a: got [True], expected a list of finite numbers"),
    (
        vector_table(),
        {"a": [1, 2], "b": [1]},
        "b: got 1 numbers, expected 2 as in the row of a",
    ),
    (
        grid_axes(),
        {},
        "got {}, expected settings and their values, as in {attention.scale: [none]}",
    ),
    (grid_axes(), {"seed": 1}, "seed: got 1, expected a list of values"),
    (grid_axes(), {"seed": []}, "seed: got [], expected a list of values"),
    (grid_axes(), {"a, b": "1,2"}, "a, b: got '1,2', expected a list of values"),
    (grid_axes(), {"a, b": [[1]]}, "a, b: got [1], expected a list of 2 values"),
    (grid_axes(), {"a, b": [1, 2]}, "a, b: got 1, expected a list of 2 values"),
]


@pytest.mark.parametrize(("kind", "given", "made"), TAKEN)
def test_taken(kind: BeforeValidator, given: Any, made: Any) -> None:
    check: Any = kind.func
    found = check(given)
    assert found == made
    assert type(found) is type(made)


@pytest.mark.parametrize(("kind", "given", "said"), REFUSED)
def test_refused(kind: BeforeValidator, given: Any, said: str) -> None:
    check: Any = kind.func
    with pytest.raises(ValueError) as caught:
        check(given)
    assert str(caught.value) == said


def test_a_long_value_is_cut() -> None:
    check: Any = one_of(["a"]).func
    with pytest.raises(ValueError) as caught:
        check("x" * 1000)
    assert len(str(caught.value)) < 100
