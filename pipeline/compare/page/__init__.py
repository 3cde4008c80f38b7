"""The page: runs → one report.html that opens from disk, with no server and no network.

The scripts of `assets/` draw it in SVG, not Plotly: Plotly's parallel coordinates are WebGL
compiled from text, which stays empty under a Content-Security-Policy without `unsafe-eval`, and
would add 5 MB. SVG follows the reader's light or dark theme, prints sharp, is read by screen
readers, and one selection drives all of it. The table is DataTables, from the bundle of itables.
"""

from pipeline.compare.page.heading import PageHeading, compare_command, comparison_heading
from pipeline.compare.page.page import page

__all__ = [
    "PageHeading",
    "compare_command",
    "comparison_heading",
    "page",
]
