"""Runs between two runs: some settings of one and the rest of the other."""

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
    """Measures any mixture of two runs once: the set of changed factors → metrics [K].

    A mixture is a config like any other: it is validated, run and entered in the ledger, without
    figures or a folder. Two mixtures with the same config are one run.
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
        mixed = mix_settings(self.runs, self.settings, chosen)
        config = {**mixed, "metrics": self.measured, "plots": []}
        try:
            job = Job(validate(config), {}, ())
            if job.key not in self.by_key:
                self.by_key[job.key] = self.compute(job)
        except UserError as error:
            raise UserError(
                f"--causes: a run with {self.describe(changed)} cannot be made: {error.lines[0]}; "
                "settings that need one another are moved as one with --together"
            ) from error
        return job.key, self.by_key[job.key]

    def compute(self, job: Job) -> Scalars:
        """The scalars of one config, entered in the ledger."""
        result, seconds = compute(job)
        entry = {"run": job.key[:10], "key": job.key, "status": "done"}
        self.ledger({**entry, "seconds": round(seconds, 4), "scalars": dict(result.scalars)})
        return result.scalars

    def describe(self, changed: frozenset[int]) -> str:
        """A mixture in words: each factor with its value."""
        return ", ".join(
            f"{factor.label} {format_factor(self.runs[place in changed], factor)}"
            for place, factor in enumerate(self.factors)
        )

    def table(self) -> Table:
        """One row per mixture: the factors' values and the metrics."""
        rows = [
            (key, *(format_factor(self.runs[place in changed], factor)
                    for place, factor in enumerate(self.factors)),
             *(float(scalars.get(metric, math.nan)) for metric in self.metrics))
            for changed, (key, scalars) in self.found.items()
        ]  # fmt: skip
        return Table(("key", *(factor.label for factor in self.factors), *self.metrics), rows)
