"""Runs between two runs: some settings of the one, the rest of the other, through the pipeline."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.tables import Table
from pipeline.compare.causes.factors import Factor, format_factor, mix_settings
from pipeline.config.validate import validate
from pipeline.runs.job import Job, compute
from pipeline.store.read.config import whole_config
from pipeline.store.read.run import Run

Scalars = Mapping[str, float]


class Mixtures:
    """Measures any mixture of two runs, each once; which factors are changed → metrics [K].

    A mixture is a config like any other: it passes the gate and the pipeline and is written in the
    ledger; it draws nothing and leaves no folder. Two mixtures that are one config are one run.
    """

    def __init__(
        self,
        runs: tuple[Run, Run],
        factors: Sequence[Factor],
        metrics: Sequence[str],
        ledger: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.runs, self.factors, self.metrics = runs, tuple(factors), tuple(metrics)
        self.ledger = ledger
        self.settings = whole_config(runs[0]), whole_config(runs[1])
        self.measured = list(dict.fromkeys(m for one in self.settings for m in one["metrics"]))
        self.found: dict[frozenset[int], tuple[str, Scalars]] = {}
        self.by_key: dict[str, Scalars] = {}

    def __call__(self, changed: frozenset[int]) -> Array:
        if changed not in self.found:
            self.found[changed] = self.measure(changed)
        scalars = self.found[changed][1]
        return np.array([scalars.get(metric, math.nan) for metric in self.metrics])

    def measure(self, changed: frozenset[int]) -> tuple[str, Scalars]:
        """The key and the scalars of one mixture."""
        chosen = [self.factors[place] for place in sorted(changed)]
        made = mix_settings(self.runs, self.settings, chosen)
        given = {**made, "metrics": self.measured, "plots": []}
        try:
            job = Job(validate(given), {}, ())
            if job.key not in self.by_key:
                self.by_key[job.key] = self.made(job)
        except UserError as fault:
            raise UserError(
                f"--causes: a run with {self.words(changed)} cannot be made: {fault.lines[0]}; "
                "settings that need one another are moved as one with --together"
            ) from fault
        return job.key, self.by_key[job.key]

    def made(self, job: Job) -> Scalars:
        """The scalars of one config, on record in the ledger."""
        result, seconds = compute(job)
        told = {"run": job.key[:10], "key": job.key, "status": "done", "seconds": round(seconds, 4)}
        self.ledger({**told, "scalars": dict(result.scalars)})
        return result.scalars

    def words(self, changed: frozenset[int]) -> str:
        """A mixture in words: each factor as it is in it."""
        return ", ".join(
            f"{factor.label} {format_factor(self.runs[place in changed], factor)}"
            for place, factor in enumerate(self.factors)
        )

    def table(self) -> Table:
        """Every mixture that was measured: a row each, the factors' values and the metrics."""
        rows = [
            (key, *(format_factor(self.runs[place in changed], factor)
                    for place, factor in enumerate(self.factors)),
             *(float(scalars.get(metric, math.nan)) for metric in self.metrics))
            for changed, (key, scalars) in self.found.items()
        ]  # fmt: skip
        return Table(("key", *(factor.label for factor in self.factors), *self.metrics), rows)
