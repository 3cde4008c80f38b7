"""Errors that the user can correct, one line each."""

from __future__ import annotations

from collections.abc import Iterable


class UserError(ValueError):
    """A request that cannot be carried out.

    Each of its `lines` stands alone: the setting's path, what it got, what was expected. The
    command line prints them on standard error and exits with 2. Any other exception is a bug
    in this project and keeps its traceback.

    >>> UserError("attention.temperature: got 0, expected a finite number > 0").lines
    ('attention.temperature: got 0, expected a finite number > 0',)
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(one_line(line) for line in lines)

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return type(self), self.lines  # pickled line by line, as workers send it


class ErrorCollector:
    """Collects errors from many places, so that the user sees all of them at once.

    >>> errors = ErrorCollector()
    >>> with errors.collect("run 2: "):
    ...     raise UserError("seed: got -1, expected an integer >= 0")
    >>> errors.lines
    ['run 2: seed: got -1, expected an integer >= 0']
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def collect(self, prefix: str = "") -> _Collect:
        return _Collect(self, prefix)

    def add(self, lines: Iterable[str]) -> None:
        self.lines += [line for line in lines if line not in self.lines]

    def raise_if_any(self) -> None:
        if self.lines:
            raise UserError(*self.lines)


class _Collect:
    def __init__(self, errors: ErrorCollector, prefix: str) -> None:
        self.errors, self.prefix = errors, prefix

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if isinstance(error, UserError):
            self.errors.add(self.prefix + line for line in error.lines)
            return True
        return False


def one_line(text: str) -> str:
    """`text` with each stretch of white space, line breaks included, as one space."""
    return " ".join(text.split())


def shorten(value: object, limit: int = 60) -> str:
    """`repr(value)` cut to `limit` characters, to stay legible inside a message.

    >>> shorten("a" * 100, limit=12)
    "'aaaaaaaaaa…"
    """
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
