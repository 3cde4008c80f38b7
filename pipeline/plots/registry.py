"""The figures of a run: each is one function and one entry in PLOTS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.of_run.displacement import displacement
from pipeline.plots.of_run.entropy import entropy
from pipeline.plots.of_run.heatmap import heatmap
from pipeline.plots.of_run.key_mass import key_mass
from pipeline.plots.of_run.norm_weighted import norm_weighted
from pipeline.plots.of_run.rollout import rollout


@dataclass(frozen=True)
class Plot:
    """A figure of one sentence in one layer, and what must be computed for it."""

    draw: Callable[[LayerResult, str], Drawing]  # takes the results and a caption
    needs: tuple[str, ...] = ()  # metrics that it draws, or whose intermediate results it draws
    needs_pooled: bool = False  # whether it draws the weights pooled into bins


PLOTS: dict[str, Plot] = {
    "heatmap": Plot(heatmap, needs_pooled=True),
    "displacement": Plot(displacement),
    "entropy": Plot(entropy, needs=("entropy",)),
    "key_mass": Plot(key_mass),
    "norm_weighted": Plot(norm_weighted, needs=("norm_rank",)),
    "rollout": Plot(rollout, needs=("rollout_entropy",)),
}


def needed_metrics(plots: Iterable[str]) -> tuple[str, ...]:
    """The metrics that must be measured for these plots.

    >>> needed_metrics(["heatmap", "entropy"])
    ('entropy',)
    """
    return tuple(dict.fromkeys(metric for plot in plots for metric in PLOTS[plot].needs))


def needs_pooled_weights(plots: Iterable[str]) -> bool:
    """Whether any of these plots draws the weights pooled into bins.

    >>> needs_pooled_weights(["heatmap", "entropy"]), needs_pooled_weights(["entropy"])
    (True, False)
    """
    return any(PLOTS[plot].needs_pooled for plot in plots)
