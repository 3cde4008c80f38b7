"""The picture of the page that README shows: the ablation, brushed, two of its runs subtracted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.compare.page.browser import opened

WIDTH = 1280
# Both scales at T = 0.5 and 1 on the first sentence; the parts of the link are the page's own.
LINK = "#brush=0~-0.1~0.1_4~0.4~1.2&a=2&b=7"


def picture(browser: Any, file: Path) -> bytes:
    """A PNG from the heading "Explore" to the end of the heatmaps."""
    with opened(browser, file, LINK, viewport={"width": WIDTH, "height": 900}) as page:
        page.evaluate("document.querySelector('.bar').hidden = true")
        top = page.locator("#explore-title").bounding_box()["y"] - 28
        trio = page.locator(".trio").bounding_box()
        clip = {"x": 0, "y": top, "width": WIDTH, "height": trio["y"] + trio["height"] + 8 - top}
        return bytes(page.screenshot(full_page=True, clip=clip))
