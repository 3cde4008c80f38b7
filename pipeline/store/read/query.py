"""Conditions on settings and metrics (`--where`), in the query language of pandas."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable
from typing import Any

from pipeline.base.errors import UserError, shorten
from pipeline.base.values import NO_VALUE
from pipeline.store.read.operators import (
    ARITHMETIC,
    COMPARED,
    calculate,
    condition_error,
    ordered,
)

Row = Callable[[str], Any]  # column -> its value in one run
Part = Callable[[Row], Any]
Resolve = Callable[[str], str]  # a name as the user wrote it -> the column

LONGEST = 1000  # characters of a condition
# Strings are left as they are; outside of them pandas writes & | ~ for and, or, not, and puts a
# name that Python cannot read between backquotes.
LEXEME = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`([^`]*)`|([&|~@])")
WORDS = {"&": " and ", "|": " or ", "~": " not "}


def condition(text: str, resolve: Resolve) -> Callable[[Row], bool]:
    """`text` as a function that says whether a run, given as column → value, meets it.

    A comparison with an undefined value, or of a number with a text, is false. Raises `UserError`
    for what is not a condition, or reaches beyond the columns.

    >>> cold = condition("T < 1 and scale in ['none', 'dk']", lambda name: name)
    >>> [cold({"T": t, "scale": "none"}.get) for t in (0.5, 2.0, None)]
    [True, False, False]
    """
    if len(text) > LONGEST:
        raise condition_error(f"is {len(text)} characters long, {LONGEST} are read")
    quoted: list[str] = []
    python = LEXEME.sub(lambda found: lexeme(found, quoted), text).strip()
    names = {f"_{place}_": name for place, name in enumerate(quoted)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a backslash in a text
            tree = ast.parse(python, mode="eval")
        part = build(tree.body, lambda name: resolve(names.get(name, name)))
    except UserError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = getattr(error, "msg", None) or "too deep"
        raise condition_error(f"cannot read {shorten(text)} ({why})") from None
    return lambda row: part(row) is True


def lexeme(found: re.Match[str], quoted: list[str]) -> str:
    """A string, a sign or a backquoted name of pandas' language as Python writes it."""
    if found[1] is not None:
        quoted.append(found[1])
        return f" _{len(quoted) - 1}_ "
    if found[2] == "@":
        raise condition_error("got @, which reaches beyond the columns")
    return WORDS.get(found[0], found[0])


def build(node: ast.expr, resolve: Resolve) -> Part:
    """One part of the condition as a function of a run."""
    if type(node) not in BUILDERS:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()
        raise condition_error(f"got {shorten(ast.unparse(node))} ({words}), which is not allowed")
    return BUILDERS[type(node)](node, resolve)


def column(node: Any, resolve: Resolve) -> Part:
    """A setting or metric, by its short or its dotted name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise condition_error(f"got .{parts[0]} of a value (attribute), which is not allowed")
    name = resolve(".".join([node.id, *reversed(parts)]))
    return lambda row: row(name)


def constant(node: Any, resolve: Resolve) -> Part:
    """A number, a text, True, False or None."""
    if not isinstance(node.value, str | int | float | None):
        raise condition_error(f"got {shorten(node.value)}, expected a number or a text")
    value = NO_VALUE if node.value is None else node.value  # how a setting that is null is written
    return lambda row: value


def list_literal(node: Any, resolve: Resolve) -> Part:
    """A list, for `in`."""
    parts = [build(part, resolve) for part in node.elts]
    return lambda row: [part(row) for part in parts]


def boolean(node: Any, resolve: Resolve) -> Part:
    """a and b, a or b."""
    parts = [build(part, resolve) for part in node.values]
    every = all if isinstance(node.op, ast.And) else any
    return lambda row: every(part(row) is True for part in parts)


def unary(node: Any, resolve: Resolve) -> Part:
    """not x, −x, +x."""
    part = build(node.operand, resolve)
    if isinstance(node.op, ast.Not):
        return lambda row: part(row) is not True
    if isinstance(node.op, ast.USub | ast.UAdd):
        sign = -1 if isinstance(node.op, ast.USub) else 1
        return lambda row: calculate(operator.mul, sign, part(row))
    raise condition_error(f"got {shorten(ast.unparse(node))}, which is not allowed")


def arithmetic(node: Any, resolve: Resolve) -> Part:
    """+ − * / // %, of numbers."""
    work = ARITHMETIC.get(type(node.op))
    if work is None:
        raise condition_error(
            f"got {shorten(ast.unparse(node))}, expected + - * / // or % between numbers"
        )
    left, right = build(node.left, resolve), build(node.right, resolve)
    return lambda row: calculate(work, left(row), right(row))


def comparison(node: Any, resolve: Resolve) -> Part:
    """a < b, and chains of them."""
    parts = [build(part, resolve) for part in (node.left, *node.comparators)]
    tests = [COMPARED.get(type(op)) or ordered(type(op)) for op in node.ops]

    def holds(row: Row) -> bool:
        values = [part(row) for part in parts]
        pairs = zip(tests, values[:-1], values[1:], strict=True)
        return all(test(left, right) for test, left, right in pairs)

    return holds


BUILDERS: dict[type[ast.expr], Callable[[Any, Resolve], Part]] = {
    ast.BoolOp: boolean,
    ast.UnaryOp: unary,
    ast.BinOp: arithmetic,
    ast.Compare: comparison,
    ast.Constant: constant,
    ast.List: list_literal,
    ast.Tuple: list_literal,
    ast.Name: column,
    ast.Attribute: column,
}
