"""The page of a fleet in a real browser: with keyboard, screen reader, phone, and no script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.acceptance.browser import needs_browser, open_browser
from tests.acceptance.reverts import States
from tests.acceptance.test_site import AT, OWN, beside_another
from tests.acceptance.test_status import OTHER
from tests.site_pictures import PICTURES

pytestmark = needs_browser

DOCS = Path(__file__).resolve().parents[2] / "docs" / "how-to"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(states: States) -> Path:
    """The pages of two families, of which one is in the middle of a rollout."""
    world = states[beside_another]
    made = world.folder / "site"
    code, said = world.lockstep("site", "--output", str(made), at=AT)
    assert code == 0, said
    return made


def open_page(browser: Browser, folder: Path, path: str = "index.html", **how: Any) -> Page:
    """A page of the folder, opened from the disk; what the browser complains about fails."""
    page = browser.new_context(**how).new_page()
    page.on("console", lambda message: pytest.fail(message.text))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto((folder / path).as_uri())
    return page


def visible(page: Page) -> list[str]:
    return [each.inner_text() for each in page.locator(".family h3 a").all() if each.is_visible()]


@pytest.mark.parametrize("path", ["index.html", OWN])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing_that_keeps_people_out(
    browser: Browser, folder: Path, path: str, scheme: str, width: int
) -> None:
    page = open_page(
        browser, folder, path, color_scheme=scheme, viewport={"width": width, "height": 800},
        bypass_csp=True,  # axe is a script, which the page would refuse
    )  # fmt: skip
    # What is folded is judged, too.
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    found = Axe().run(page)
    assert not found.violations_count, found.generate_report()


@pytest.mark.parametrize("path", ["index.html", OWN])
def test_a_page_fits_on_a_phone(browser: Browser, folder: Path, path: str) -> None:
    page = open_page(browser, folder, path, viewport={"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_keyboard_reaches_everything(browser: Browser, folder: Path) -> None:
    page = open_page(browser, folder)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.type("SCORING")
    assert visible(page) == ["prod/scoring"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{OWN}")
    assert page.title() == "prod/scoring: rolling"
    page.get_by_text("The time line as a table").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("region", name="The time line as a table").is_visible()


def test_the_families_are_filtered_by_state_and_name(browser: Browser, folder: Path) -> None:
    page = open_page(browser, folder)
    assert visible(page) == ["prod/scoring", "prod/other"]
    page.get_by_role("combobox", name="State").select_option("steady")
    assert visible(page) == [OTHER]
    assert page.locator("#found").inner_text() == "1 of 2 shown"
    page.get_by_label("Name has").fill("scor")
    assert visible(page) == []


def test_without_scripts_everything_is_there(browser: Browser, folder: Path) -> None:
    page = open_page(browser, folder, java_script_enabled=False)
    assert visible(page) == ["prod/scoring", "prod/other"]
    assert not page.get_by_role("combobox", name="State").is_visible()
    page.get_by_role("link", name="prod/scoring").click()
    page.get_by_text("The time line as a table").click()
    assert page.get_by_role("region", name="The time line as a table").is_visible()


def test_the_browser_loads_nothing_but_the_pages(browser: Browser, folder: Path) -> None:
    page = browser.new_context().new_page()
    asked: list[str] = []
    refused: list[str | None] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: refused.append(request.failure))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    addresses = [(folder / path).as_uri() for path in ("index.html", OWN)]
    for each in addresses:
        page.goto(each, wait_until="networkidle")
    assert asked == addresses
    # What got into a page all the same would load and run nothing.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')")
    page.wait_for_load_state("networkidle")
    assert refused == ["csp"]


def test_the_bars_are_drawn_where_the_table_says(browser: Browser, folder: Path) -> None:
    page = open_page(browser, folder, OWN)
    lane = page.get_by_role("img", name="us-east-1: now 2 100%, after 1 change")
    first, second = (each.bounding_box() for each in lane.locator("rect.v0, rect.v1").all()[1:3])
    whole = lane.bounding_box()
    assert first and second and whole
    # Version 2 got a tenth at 08:00 and all of it at 10:00; the page is of 11:00.
    assert second["x"] - whole["x"] == pytest.approx(whole["width"] * 2 / 3, rel=0.01)
    assert first["height"] == pytest.approx(second["height"] / 10, rel=0.01)


def test_the_pictures_of_the_docs_are_small_and_each_is_shown() -> None:
    text = (DOCS / "fleet-page.md").read_text()
    for name in PICTURES.values():
        data = (DOCS / "pictures" / name).read_bytes()
        assert data.startswith(b"\x89PNG") and len(data) < 200_000
        assert f"](pictures/{name})" in text
