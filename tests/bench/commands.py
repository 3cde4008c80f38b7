"""Wall times of whole commands, taken in turn so that all share the machine's moods."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from pipeline.base.paths import ROOT

REPEATS = 5
PLOTS = "plots=[heatmap,displacement]"
PLAIN = "plain script (numpy, matplotlib, seaborn)"
Row = tuple[str, int, float, float, float | None]  # what, runs, seconds, ratio, bar


def rows() -> Iterator[Row]:
    """Single commands; the ratio is to the plain script, of --help the seconds themselves."""
    with tempfile.TemporaryDirectory(dir=ROOT / "outputs") as scratch:
        here = f"outputs={scratch}"
        taken = in_turn(
            {
                PLAIN: ["tests.bench.plain_script", scratch],
                "one run, both figures": ["pipeline", PLOTS, here],
                "one run, no figures": ["pipeline", "plots=[]", here],
                "--help; ratio and bar in seconds": ["pipeline", "--help"],
            }
        )
    peer = taken[PLAIN]
    bars = {"one run, both figures": 0.6, "--help; ratio and bar in seconds": 0.5}
    for name, took in taken.items():
        yield name, 1, took, took if "--help" in name else took / peer, bars.get(name)


def in_turn(commands: Mapping[str, Sequence[str]], repeats: int = REPEATS) -> dict[str, float]:
    """Each command's median wall time."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    return {name: median(times) for name, times in taken.items()}


def seconds(module: Sequence[str]) -> float:
    """Wall time of `python -m …`."""
    start = perf_counter()
    subprocess.run([sys.executable, "-m", *module], cwd=Path(ROOT), check=True, capture_output=True)
    return perf_counter() - start
