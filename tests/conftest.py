"""What many tests share: the golden numbers, and a config made as the command line makes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import settings

from pipeline.config.compose import compose, hydra
from pipeline.config.schema.config import Config
from pipeline.config.validate import validate
from tests.golden import GOLDEN, Golden

# The same examples on every machine: a failure on one is a failure on all.
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, max_examples=40, print_blob=False
)
settings.load_profile("same")


def cut_small(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Tiles of `size` queries, under a mask of half as many and keys, for short problems."""
    monkeypatch.setattr("pipeline.attention.kernel.tiles.TILE_ROWS", size)
    monkeypatch.setattr("pipeline.attention.kernel.tiles.TILE_KEYS", size // 2)
    monkeypatch.setattr("pipeline.attention.row_sums.CHUNK_KEYS", size // 2)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 8 queries."""
    cut_small(monkeypatch, 8)


@pytest.fixture
def tiny_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 2 queries."""
    cut_small(monkeypatch, 2)


@cache
def config_from(*overrides: str) -> Config:
    """Composed by Hydra and validated; frozen, so one will do for all tests."""
    with hydra(overrides):
        return validate(compose(overrides).resolved())


@pytest.fixture(scope="session")
def config_of() -> Callable[..., Config]:
    """config_of("attention.temperature=2", …): the config that the command line would run."""
    return config_from


@pytest.fixture(scope="session")
def golden() -> Golden:
    """The seed experiment, as published."""
    return GOLDEN
