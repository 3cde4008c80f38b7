"""--where: conditions that hold, and everything else refused in one line."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from pipeline.base.errors import UserError
from pipeline.store.read.query import condition

RUN: dict[str, Any] = {
    "T": 0.5, "scale": "none", "seed": 3, "mask": '["causal", "alibi"]', "nothing": None,
    "attention.temperature": 2.0, "is_on": True, "entropy": -1.0, "name": "não",
}  # fmt: skip


def holds(text: str) -> bool:
    """Whether RUN meets the condition."""
    return condition(text, lambda name: name)(RUN.get)


@pytest.mark.parametrize(
    "text",
    [
        "T < 1", "T < 1 and scale == 'none'", "T < 1 & scale == 'none'", "T > 1 | seed == 3",
        "(T > 1) | (seed == 3)", "~(T > 1)", "~ T > 1", "not T > 1", "0 < T <= 0.5 < seed",
        "scale in ['none', 'dk']", "scale not in ('dk',)", "seed in [1, 2, 3]", "T != 1",
        "'causal' in mask", "'window' not in mask", "attention.temperature == 2",
        "`attention.temperature` == 2 and T < 1", "entropy < 0", "entropy == -1", "-entropy == +1",
        "T * 2 == 1", "T + seed - 0.5 == seed", "seed // 2 == 1 and seed % 2 == 1", "seed / 6 == T",
        "is_on", "is_on == True", "not is_on == False", "nothing == None", "name == 'não'",
        'scale == "none"', "scale == 'none' and ('&' != '|~`x`@')", " T < 1\t", "scale < 'o'",
        "not " * 240 + "T < 1",
    ],
)  # fmt: skip
def test_it_holds(text: str) -> None:
    assert holds(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "T > 1", "scale == 'dk'", "nothing < 1", "nothing > 1", "scale < 1", "1 < scale", "T < 'x'",
        "seed", "T", "scale", "seed / 0 == 1", "scale + 1 == 2", "seed in 3", "1 == '1'",
        "T < 1 and seed", "scale * 3 == 'nonenonenone'", "not is_on", "nothing", "3 in mask",
    ],
)  # fmt: skip
def test_it_does_not_hold(text: str) -> None:
    assert holds(text) is False


REACHING = {
    "@T < 1": "got @, which reaches beyond the columns",
    "T.__class__": None,  # a dotted name, and no column: the resolver's to refuse
    "(1).__class__": "got .__class__ of a value (attribute), which is not allowed",
    "'x'.format(T) == 'x'": "got \"'x'.format(T)\" (call), which is not allowed",
    "__import__('os').system('x')": "got \"__import__('os').system('x')\" (call), which is not",
    "open('x')": "got \"open('x')\" (call), which is not allowed",
    "mask[0] == 1": "got 'mask[0]' (subscript), which is not allowed",
    "[x for x in mask]": "got '[x for x in mask]' (list comp), which is not allowed",
    "lambda: 1": "got 'lambda: 1' (lambda), which is not allowed",
    "(T := 1)": "got '(T := 1)' (named expr), which is not allowed",
    "f'{T}' == '1'": "got \"f'{T}'\" (joined str), which is not allowed",
    "9 ** 9 ** 9 > T": "got '9 ** 9 ** 9', expected + - * / // or % between numbers",
    "1 << 99 > T": "got '1 << 99', expected + - * / // or % between numbers",
    "T is None": "got `is`, expected == or !=",
    "T if T else 1": "got 'T if T else 1' (if exp), which is not allowed",
    "{1: 2} == T": "got '{1: 2}' (dict), which is not allowed",
    "b'x' == scale": "got b'x', expected a number or a text",
    "T <": "cannot read 'T <' (invalid syntax)",
    "T = 1": "cannot read 'T = 1' (invalid syntax",
    "": "cannot read '' (invalid syntax)",
    "import os": "cannot read 'import os' (invalid syntax)",
    "T < 1; open('x')": "cannot read \"T < 1; open('x')\" (invalid syntax)",
    "T < 1\nT > 1": "cannot read 'T < 1\\nT > 1' (invalid syntax)",
    "-" * 900 + "T": None,
    "(" * 900: None,
    "T" * 1001: "is 1001 characters long, 1000 are read",
}


@pytest.mark.parametrize("text", REACHING)
def test_what_reaches_beyond_the_columns_is_refused_in_one_line(text: str) -> None:
    def no_column(name: str) -> str:
        if name not in RUN:
            raise UserError(f"--where: no {name}")
        return name

    with pytest.raises(UserError) as caught:
        condition(text, no_column)
    (line,) = caught.value.lines
    assert "\n" not in line
    assert line.startswith(f"--where: {REACHING[text] or ''}")


def test_a_backslash_in_a_text_is_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert holds(r"scale != '\d'")
