"""How long report.html of a thousand runs takes to answer a brush, in a real Chromium."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.base.paths import ROOT
from tests.bench.comparison import copies, one_run

RUNS, STEPS, BAR = 1_000, 24, 0.1  # moves of a drag, seconds
Row = tuple[str, int, float, float, float | None]  # what, runs, seconds, ratio to the bar, bar

# From a move of the pointer to the frame after the one that shows what it changed.
TIMED = """() => {
  window.taken = [];
  document.addEventListener("pointermove", () => {
    const start = performance.now();
    requestAnimationFrame(() => requestAnimationFrame(() => taken.push(performance.now() - start)));
  }, true);
}"""


def rows() -> Iterator[Row]:
    """A drag along the first axis, its moves timed one by one: the median and the slowest."""
    from tests.compare.page.browser import launched, opened

    with tempfile.TemporaryDirectory() as scratch:
        sweep = Path(scratch, "sweep")
        copies(one_run(scratch), sweep, RUNS)
        command = [sys.executable, "-m", "pipeline.compare", str(sweep)]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        page_file = ROOT / said.stdout.splitlines()[-1] / "report.html"
        with launched() as browser, opened(browser, page_file) as page:
            taken = brushed(page)
    for what, seconds in (("median", median(taken)), ("slowest", max(taken))):
        yield f"a brush, the {what} of {len(taken)} moves", RUNS, seconds, seconds / BAR, 1.0


def brushed(page: Any) -> list[float]:
    """Seconds until each move of a drag has been answered."""
    axis = page.locator(".lane .hit").first
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    x = box["x"] + box["width"] / 2
    page.evaluate(TIMED)
    page.mouse.move(x, box["y"] + 0.95 * box["height"])
    page.mouse.down()
    for step in range(1, STEPS + 1):
        page.mouse.move(x, box["y"] + (0.95 - 0.7 * step / STEPS) * box["height"])
        page.wait_for_function("count => taken.length >= count", arg=step + 1)
    page.mouse.up()
    return [milliseconds / 1000 for milliseconds in page.evaluate("taken")[1:]]
