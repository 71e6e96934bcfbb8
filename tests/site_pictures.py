"""Draws the pictures of the page of a fleet for docs/: python -m tests.site_pictures FOLDER."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from lockstep.cli import invoke
from tests.acceptance.browser import open_browser
from tests.acceptance.rollouts import DAY, advance, roll
from tests.acceptance.test_status import OTHER, add_family
from tests.acceptance.world import ADDRESS, FAMILY, World, create_world

PICTURES = {"index.html": "fleet-page.png", f"families/{FAMILY}.html": "fleet-page-family.png"}
"""The name of the picture of each page."""

_FROM = {"index.html": "header", f"families/{FAMILY}.html": "section[aria-labelledby=line]"}
"""With which part of a page its picture begins."""

_SIZE = {"width": 960, "height": 720}


def draw(folder: Path) -> None:
    """Write the pictures of a fleet with two families to a folder."""
    with TemporaryDirectory() as scratch:
        world = create_world(Path(scratch) / "world")
        _act(world)
        pages = world.folder / "site"
        where = ["--root", str(world.clone), "--output", str(pages), "--now", f"{DAY}20:30:00Z"]
        assert invoke(["site", *where])[0] == 0
        folder.mkdir(parents=True, exist_ok=True)
        with open_browser() as browser:
            for path, name in PICTURES.items():
                page = browser.new_page(viewport=_SIZE)  # type: ignore[arg-type]
                page.goto((pages / path).as_uri())
                # The address of the origin is a folder of this machine.
                page.locator("header .shown").first.evaluate(
                    "(each, text) => { each.textContent = text }",
                    f"Of branch main of origin, {ADDRESS}",
                )
                top = page.locator(_FROM[path]).bounding_box()
                assert top
                clip = {"x": 0, "y": top["y"] - 8, **_SIZE}
                page.screenshot(path=folder / name, full_page=True, clip=clip)  # type: ignore[arg-type]


def _act(world: World) -> None:
    """Version 2 is verified, version 3 on its way; the other family came back from version 2."""
    add_family(world)
    for version in ("1", "2", "3"):
        world.measure(version, 0.91 + int(version) / 100, f"{DAY}08:30:00Z")
    roll(world, "08", "10", "12", "14")
    assert advance(world, "16")[0] == 0
    world.measure("3", 0.94, f"{DAY}17:30:00Z")
    roll(world, "17", "19", version="3")
    branch = world.propose("2", OTHER, at=f"{DAY}09:00:00Z")
    world.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
    world.git("push", "--quiet", "origin", "main")
    world.must("advance", OTHER, at=f"{DAY}09:00:00Z")
    bad = ("--reason", "customers are refused")
    world.must("revert", OTHER, *bad, at=f"{DAY}13:00:00Z")
    freeze = "  freezes:\n    - {name: sales, reason: no risk during the sale, families: [other], "
    freeze += f"from: '{DAY}20:00:00Z', until: '2026-03-03T08:00:00Z'}}\n"
    world.edit("clusters/prod/environment.yaml", "spec:\n", f"spec:\n{freeze}")


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
