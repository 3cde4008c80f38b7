"""Records → figures. Nothing is saved here.

`of_run` holds the figures of one run, `of_runs` those of several; both are put together from
`parts`, and `output` turns them into files. matplotlib is imported when the first figure is drawn,
and pyplot never.
"""

from pipeline.plots.of_run.stage import stage_plot
from pipeline.plots.output.render import FIGURE_FORMATS, render
from pipeline.plots.output.vector import STYLES
from pipeline.plots.registry import PLOTS, Plot, needed_metrics, needs_pooled_weights

__all__ = [
    "FIGURE_FORMATS",
    "PLOTS",
    "STYLES",
    "Plot",
    "needed_metrics",
    "needs_pooled_weights",
    "render",
    "stage_plot",
]
