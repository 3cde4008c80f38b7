"""An engine by its name: `config/schema/sweep.py` lists them, and each is one file here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from importlib import import_module
from importlib.util import find_spec

from pipeline.base.errors import UserError
from pipeline.config.schema.sweep import ENGINES, SweepSettings
from pipeline.sweep.entries import Entry, Task

EngineFunction = Callable[
    [Iterable[Task], Callable[[Task], Entry], SweepSettings], Generator[Entry]
]


def load_engine(name: str) -> EngineFunction:
    """The function of that name in the file of that name."""
    engine: EngineFunction = getattr(import_module(f"pipeline.sweep.engines.{name}"), name)
    return engine


def require(name: str) -> None:
    """A `UserError` where a package that the engine needs is not installed."""
    needed = ENGINES[name].needs
    if needed and find_spec(needed) is None:
        raise UserError(
            f"sweep.engine: {name} needs {needed}, which is not installed; "
            "expected: make setup EXTRAS=cluster"
        )
