"""The page: runs → one report.html that opens from disk, with no server and no network.

It is drawn in SVG by the scripts of `assets/`, and not by Plotly. Plotly's parallel coordinates
are WebGL, compiled in the page from text: under a Content-Security-Policy without `unsafe-eval`
they stay empty. A page that is mailed should forbid that, and should not weigh 5 MB. SVG follows
the reader's light or dark, prints sharp, has words for a screen reader, and one selection drives
all of it. The table is DataTables, from the bundle that itables ships.
"""

from pipeline.compare.page.heading import PageHeading, compare_command, comparison_heading
from pipeline.compare.page.page import page

__all__ = [
    "PageHeading",
    "compare_command",
    "comparison_heading",
    "page",
]
