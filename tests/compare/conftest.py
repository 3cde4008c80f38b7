"""What the tests of comparisons share: runs that are made once and only read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pipeline.store.read.run import Run, read_run
from tests.command import pipeline

MakeRun = Callable[..., Run]  # overrides → the run
MakeFolder = Callable[..., Path]  # overrides → its folder


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> MakeFolder:
    """Overrides → the folder of that run, without figures."""
    outputs = tmp_path_factory.mktemp("shared")

    @cache
    def make(*overrides: str) -> Path:
        said = pipeline(*overrides, "plots=[]", f"outputs={outputs}")
        assert said.code == 0, said.err
        return said.folder

    return make


@pytest.fixture(scope="session")
def run(run_folder: MakeFolder) -> MakeRun:
    """Overrides → that run, read back."""
    return lambda *overrides: read_run(run_folder(*overrides))
