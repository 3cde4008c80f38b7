"""The plots there are: name → function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.of_run.displacement import displacement
from pipeline.plots.of_run.entropy import entropy
from pipeline.plots.of_run.heatmap import heatmap
from pipeline.plots.of_run.key_mass import key_mass
from pipeline.plots.of_run.norm_weighted import norm_weighted
from pipeline.plots.of_run.rollout import rollout

PLOTS: dict[str, Callable[[LayerResult, str], Drawing]] = {
    "heatmap": heatmap,
    "displacement": displacement,
    "entropy": entropy,
    "key_mass": key_mass,
    "norm_weighted": norm_weighted,
    "rollout": rollout,
}
DRAWN_METRICS = {  # plot -> the metrics whose rows, or what they are read off, it draws
    "entropy": ("entropy",),
    "norm_weighted": ("norm_rank",),
    "rollout": ("rollout_entropy",),
}


def needed_metrics(plots: Sequence[str]) -> tuple[str, ...]:
    """The metrics that must be measured for these plots.

    >>> needed_metrics(["heatmap", "entropy"])
    ('entropy',)
    """
    return tuple(dict.fromkeys(m for plot in plots for m in DRAWN_METRICS.get(plot, ())))
