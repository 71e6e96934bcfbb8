"""The paths of pages: each family has its own, whatever characters a folder's name has."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from lockstep.edges.resources import site_templates
from lockstep.model.file_results import Status
from lockstep.model.fleet_page import FleetPage
from lockstep.model.status import FamilyStatus, RegionStatus, RolloutState, VariantStatus
from lockstep.model.times import format_time
from lockstep.site.index import MOST_WHOLE
from lockstep.site.pages import fleet_pages, page_path


def test_the_path_of_a_page_is_the_name_of_its_family() -> None:
    assert page_path("prod", "fraud-detection") == "families/prod/fraud-detection.html"


@pytest.mark.parametrize("name", ["..", "<script>", "A", "con.", "a\udcff", "x" * 300, "a/b", ""])
def test_a_name_that_is_not_valid_gets_a_path_of_plain_letters(name: str) -> None:
    path = page_path("prod", name)
    folder, file = path.removesuffix(".html").rsplit("/", 1)
    assert folder == "families/prod"
    assert file.startswith("_") and file[1:].isalnum() and len(file) == 33
    assert path != page_path("prod", name + "2") and path != page_path("prod", file)


def test_the_first_page_of_a_large_fleet_is_whole_only_for_what_needs_people_first() -> None:
    families = tuple(
        FamilyStatus(
            "prod", f"family-{number:04}", "ml@example.com",
            RolloutState.HELD if number == 1_999 else RolloutState.STEADY,
            (RegionStatus("one", "eu-west-1", "", (VariantStatus("stable", "1", 100),)),),
        )
        for number in range(2_000)
    )  # fmt: skip
    now = datetime(2026, 3, 1, tzinfo=UTC)
    page = FleetPage(Status(families, now=format_time(now)), now)
    files = fleet_pages(page, site_templates())
    text = files["index.html"].decode()
    assert len(files) == 2_001 and len(text) < 1_500_000
    assert text.index("family-1999") < text.index("family-0000")
    assert text.count("100% version 1") == MOST_WHOLE
    assert text.count('href="families/prod/family-') == 2_000
    # The policy names what is really in the page, or a browser would use neither.
    for tag in ("style", "script"):
        content = text.split(f"<{tag}>")[1].split(f"</{tag}>")[0].encode()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in text.replace("&#39;", "'").replace("&#43;", "+")
