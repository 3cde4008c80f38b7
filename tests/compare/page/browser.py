"""A real browser, headless and without a network, that opens a page from disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREEN = {"width": 1280, "height": 900}


def chromium() -> str:
    """The path of a Chromium: what the environment variable CHROMIUM names, or one on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.fail("no Chromium: apt install chromium, or CHROMIUM=/path/to/one", pytrace=False)
    return found


@contextmanager
def launched() -> Iterator[Any]:
    """The browser, for as long as its tests run."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail("no Playwright: make setup EXTRAS=browser", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, file: Path, link: str = "", **context: Any) -> Iterator[Any]:
    """A file in a tab of its own; at the end nothing was fetched and nothing complained of."""
    tab_context = browser.new_context(**{"viewport": SCREEN, **context})
    tab_context.set_offline(True)
    page, wrong = tab_context.new_page(), []
    page.on("console", lambda told: wrong.append(f"{told.type}: {told.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    page.on("request", lambda asked: wrong.append(asked.url) if foreign(asked.url) else None)
    page.goto(f"{file.as_uri()}{link}")
    assert page.evaluate("typeof attentionLab") == "object", "\n".join(wrong)  # its scripts ran
    yield page
    tab_context.close()
    assert not wrong, "\n".join(wrong)


def numbers(page: Any, host: str) -> np.ndarray:
    """What stands in the squares of a heatmap."""
    texts = page.locator(f"{host} text.cell").all_text_contents()
    return np.array([number(text) for text in texts])


def number(text: str) -> float:
    """A number as the page writes it, with a true minus."""
    return float(text.replace("−", "-"))


def foreign(url: str) -> bool:
    """Whether an address is not of this disk."""
    return not url.startswith(("file:", "data:"))
