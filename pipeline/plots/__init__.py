"""Records → Figure: one file a plot, and one entry here. Nothing is saved here.

matplotlib is imported when the first figure is drawn, and its object interface alone is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.plots.displacement import displacement
from pipeline.plots.entropy import entropy
from pipeline.plots.heatmap import heatmap
from pipeline.plots.key_mass import key_mass
from pipeline.plots.norm_weighted import norm_weighted
from pipeline.plots.render import FORMATS, render
from pipeline.plots.rollout import rollout
from pipeline.plots.stage import stage_plot
from pipeline.plots.vector import STYLES
from pipeline.records import Drawing, Outcome

PLOTS: dict[str, Callable[[Outcome, str], Drawing]] = {
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

__all__ = ["DRAWN_METRICS", "FORMATS", "PLOTS", "STYLES", "needed_metrics", "render", "stage_plot"]


def needed_metrics(plots: Sequence[str]) -> tuple[str, ...]:
    """The metrics that must be measured for these plots.

    >>> needed_metrics(["heatmap", "entropy"])
    ('entropy',)
    """
    return tuple(dict.fromkeys(m for plot in plots for m in DRAWN_METRICS.get(plot, ())))
