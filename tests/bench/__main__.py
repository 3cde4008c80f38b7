"""python -m tests.bench: whole commands against the seed's plain script, as ratios of medians."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import timeit
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from pipeline import attend
from pipeline.records import Table
from pipeline.store import ROOT, claim, shown, write_csv
from pipeline.terminal import console, grid
from tests.bench import comparison, mechanism

REPEATS = 5
PLOTS = "plots=[heatmap,displacement]"


def main() -> int:
    """Runs each command in turn, so that all share the machine's moods, and prints the table."""
    with tempfile.TemporaryDirectory() as scratch:
        here = f"outputs={scratch}"
        commands = {
            "plain script (numpy, matplotlib, seaborn)": ["tests.bench.plain_script", scratch],
            "one run, both figures": ["pipeline", PLOTS, here],
            "one run, no figures": ["pipeline", "plots=[]", here],
            "--help": ["pipeline", "--help"],
            "sweep of 20 runs, two figures each": ["pipeline", "experiment=ablation", PLOTS, here],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(REPEATS):
            for name, command in commands.items():
                taken[name].append(seconds(command))
    peer = median(taken["plain script (numpy, matplotlib, seaborn)"])
    rows = [(name, median(times), median(times) / peer) for name, times in taken.items()]
    rows.append(("attend, 5 tokens, in the process", call := attend_seconds(), call / peer))
    table = Table(("what", "seconds", "ratio_to_plain_script"), rows)
    console().print(grid(f"Medians of {REPEATS}", table.columns, rows))
    folder = claim(ROOT / "outputs" / "bench", "%Y-%m-%d_%H-%M-%S.%f", "bench")
    write_csv(folder / "commands.csv", table)
    compared = Table(("what", "runs", "seconds", "gigabytes", "bar"), list(comparison.rows()))
    console().print(grid("Many runs", compared.columns, compared.rows))
    write_csv(folder / "comparison.csv", compared)
    if find_spec("torch"):
        against = Table(("what", "n", "seconds", "ratio", "bar"), list(shown_as_they_come()))
        write_csv(folder / "mechanism.csv", against)
    else:
        print("The mechanism is measured against torch, which `make test-oracle` installs.")
    print(shown(folder))
    return 0


def shown_as_they_come() -> Iterator[mechanism.Row]:
    """The cases of the mechanism, a line each as it is measured."""
    for row in mechanism.rows():
        what, length, taken, ratio, bar = row
        beside = "" if bar is None else f"  bar {bar:g}"
        print(f"{what:50} n = {length:6}  {taken:.2e} s  ratio {ratio:.2f}{beside}", flush=True)
        yield row


def seconds(module: list[str]) -> float:
    """Wall time of `python -m …`."""
    start = perf_counter()
    subprocess.run([sys.executable, "-m", *module], cwd=Path(ROOT), check=True, capture_output=True)
    return perf_counter() - start


def attend_seconds() -> float:
    """One call on five tokens of width 4."""
    vectors = np.random.default_rng(0).standard_normal((5, 4))
    return min(timeit.repeat(lambda: attend(vectors, vectors, vectors), number=2000)) / 2000


if __name__ == "__main__":
    sys.exit(main())
