"""A real browser without a screen, for pages that people look at."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-headless-shell", "google-chrome")
# What make unpacks where none of them is on PATH.
_UNPACKED = Path(__file__).resolve().parents[2] / "tools" / "bin" / "chromium-headless-shell"


def find_browser() -> str | None:
    """The program of a browser, on PATH or in tools/bin."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return found or (str(_UNPACKED) if _UNPACKED.is_file() else None)


needs_browser = pytest.mark.skipif(
    not find_browser(), reason="no browser on PATH; on Debian: apt install chromium"
)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The browser; it ends with the block."""
    with sync_playwright() as playwright:
        # Root in a container has no sandbox; the pages are those of the test.
        browser = playwright.chromium.launch(executable_path=find_browser(), chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()
