"""Pages for the tests: of a sweep, of runs made up, and of a run with hostile tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.compare.page import PageHeading, page
from pipeline.store.read.find import find_runs
from pipeline.store.read.run import Run
from tests.command import run_sweep

HOSTILE = (
    "<script>globalThis.pwned=1</script>",
    "</script><img/src=x/onerror=globalThis.pwned=2>",
    "\"'><svg/onload=globalThis.pwned=3>",
    "=1+1",
    "שלום",
    "👩‍👩‍👧‍👦",
    "e\u0301\u0323a\u0308",
    "{{7*7}}",
    "x" * 10_000,
)


def swept(outputs: Path, *overrides: str) -> Path:
    """A sweep's folder."""
    said = run_sweep(*overrides, "plots=[]", f"outputs={outputs}")
    assert said.code == 0, said.err
    return said.folder


def hostile(outputs: Path) -> Path:
    """Two runs whose tokens and whose sentence's name would run, if a page let them."""
    tokens = json.dumps([list(HOSTILE)], ensure_ascii=False)
    name = json.dumps(HOSTILE[1])
    return swept(
        outputs,
        f"sentences.text={quoted(tokens)}",
        f"sentences.name={quoted(name)}",
        "embeddings=gaussian",
        "embeddings.width=4",
        "attention.scale=none,sqrt_dk",
    )


def quoted(text: str) -> str:
    """JSON as Hydra's grammar takes it: every string in single quotes of its own."""
    value = json.loads(text)
    if isinstance(value, list):
        return "[" + ",".join(quoted(json.dumps(part)) for part in value) + "]"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def run_of(
    number: int, settings: dict[str, Any], scalars: dict[str, float | None], **about: Any
) -> Run:
    """A run as read from a folder that does not exist."""
    made = {"versions": {"numpy": "2"}, "commit": "c0ffee", "dirty": False, "notices": [], **about}
    return Run(Path(f"/nowhere/run-{number}"), settings, {}, scalars, made)


def many(count: int) -> list[Run]:
    """Runs over a temperature and a scale, with three metrics."""
    return [
        run_of(
            i,
            {"attention.temperature": 0.1 * (1 + i // 2), "attention.scale": ["on", "off"][i % 2]},
            {"entropy": i / count, "max_weight": 1 - i / count, "cosine": None if i % 7 else 0.5},
        )
        for i in range(count)
    ]


def written(folder: Path, runs: Sequence[Run], heading: PageHeading | None = None) -> Path:
    """report.html of those runs."""
    file = folder / "report.html"
    file.write_text(page(runs, heading or PageHeading("made up", "make page")), encoding="utf-8")
    return file


def read_back(folder: Path) -> list[Run]:
    """The runs of a sweep's folder."""
    return find_runs([folder])
