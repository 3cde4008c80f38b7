"""Sweeps against stock Hydra, each ratio beside the bar it must clear; start-up is included.

The peer is measured on a few runs and scaled: its start-up once, and for each further run what the
later ones took. Ours is measured whole, three times, on all cores, with the peer
before and after it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from statistics import median

from pipeline.base.paths import ROOT
from tests.bench.commands import PLOTS, Row, seconds

FEW, MORE = 4, 24  # runs on which the peer is measured


def rows() -> Iterator[Row]:
    """Cases a to d of the bars."""
    with tempfile.TemporaryDirectory(dir=ROOT / "outputs") as scratch:
        for what, runs, ours, theirs, bar in (
            ("a sweep, tables and both figures", 200, PLOTS, "figures=true", 15.0),
            ("a sweep, tables alone", 2000, "plots=[]", "figures=false", 40.0),
        ):
            before = peer(scratch, runs, theirs)
            taken = median(sweep(scratch, runs, [ours]) for _ in range(3))
            expected = (before + peer(scratch, runs, theirs)) / 2
            yield f"stock Hydra, {theirs}, scaled from {MORE} runs", runs, expected, 1.0, None
            yield f"{what}; times as fast", runs, taken, expected / taken, bar
        yield from metrics_only_rows(scratch)


def metrics_only_rows(scratch: str) -> Iterator[Row]:
    """Metrics alone: runs a second, and whether a run costs the same among many as among few."""
    alone = ["plots=[]", "sweep.store=metrics"]
    start = sweep(scratch, 2, alone)
    taken = {runs: sweep(scratch, runs, alone) for runs in (200, 2000, 20_000)}
    yield (
        "a sweep that keeps metrics; runs a second",
        20_000,
        taken[20_000],
        (20_000 / taken[20_000]),
        1000.0,
    )
    each = {runs: (took - start) / runs for runs, took in taken.items()}
    for runs, cost in each.items():
        ratio = cost / each[2000]
        yield "a run's cost without start-up; ratio to 2,000", runs, cost, ratio, 1.2


def grid(runs: int) -> tuple[str, str]:
    """Temperatures and soft-caps for that many different runs."""
    hot = next(count for count in (200, runs) if runs % count == 0)
    temperatures = ",".join(f"{0.5 + k / 100:g}" for k in range(hot))
    return temperatures, ",".join(str(20 + k) for k in range(runs // hot))


def sweep(scratch: str, runs: int, settings: Sequence[str]) -> float:
    """Seconds of this project's sweep."""
    temperatures, caps = grid(runs)
    varied = (f"attention.temperature={temperatures}", f"attention.softcap={caps}")
    return seconds(["pipeline", "-m", *varied, *settings, f"outputs={scratch}"])


def peer(scratch: str, runs: int, figures: str) -> float:
    """Seconds that the peer would take for so many runs."""

    def measured(count: int) -> float:
        temperatures, _ = grid(count)
        where = f"hydra.sweep.dir={scratch}/peer"
        command = ["-m", f"temperature={temperatures}", figures, where]
        return seconds(["tests.bench.stock_hydra", *command])

    few, more = measured(FEW), measured(MORE)
    return more + (runs - MORE) * (more - few) / (MORE - FEW)
