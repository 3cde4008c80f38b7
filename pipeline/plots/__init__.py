"""Records → Figure: one file a plot, and one entry here. Nothing is saved here.

matplotlib is imported when the first figure is drawn, and its object interface alone is used.
"""

from pipeline.plots.of_run.stage import stage_plot
from pipeline.plots.output.render import FORMATS, render
from pipeline.plots.output.vector import STYLES
from pipeline.plots.registry import DRAWN_METRICS, PLOTS, needed_metrics

__all__ = [
    "DRAWN_METRICS",
    "FORMATS",
    "PLOTS",
    "STYLES",
    "needed_metrics",
    "render",
    "stage_plot",
]
