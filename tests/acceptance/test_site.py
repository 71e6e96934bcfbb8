"""lockstep site from the outside: what its pages say of rollouts, broken files, hostile texts."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from lockstep.check.followed import Shown
from lockstep.cli import invoke
from lockstep.edges.resources import site_templates
from lockstep.model.tree import Tree
from lockstep.report.envelope import validator
from tests.acceptance.html_pages import Page, is_contrasting, pages_of
from tests.acceptance.reverts import States
from tests.acceptance.rollouts import DAY, advance, publish, roll, roll_back
from tests.acceptance.test_status import OTHER, add_family
from tests.acceptance.world import FAMILY, World, copy_world, files_of

AT = f"{DAY}11:00:00Z"
OWN = f"families/{FAMILY}.html"


def after_gates(world: World) -> None:
    """Version 2 has all traffic of the first region, after gates that passed."""
    for version in ("1", "2"):
        world.measure(version, 0.91, f"{DAY}08:30:00Z")
    roll(world, "08", "10")


def beside_another(world: World) -> None:
    """The same, and a second family, which is steady."""
    add_family(world)
    after_gates(world)


@pytest.fixture
def rolling(states: States, tmp_path: Path) -> World:
    return copy_world(states[after_gates], tmp_path / "world")


@pytest.fixture
def two(states: States, tmp_path: Path) -> World:
    return copy_world(states[beside_another], tmp_path / "world")


def site(world: World, *more: str, at: str = AT, code: int = 0) -> dict[str, Page]:
    """The pages that the verb writes; each is well-formed, and each link leads somewhere."""
    folder = world.folder / "site"
    found, said = world.lockstep("site", "--output", str(folder), *more, at=at)
    assert found == code, said
    pages = pages_of(folder)
    for path, page in pages.items():
        assert not page.problems, (path, page.problems)
        assert not page.broken_links(), path
    return pages


def test_a_rollout_is_on_the_first_page_and_whole_on_that_of_its_family(rolling: World) -> None:
    pages = site(rolling)
    assert sorted(pages) == [OWN, "index.html"]
    first = pages["index.html"].text
    assert "prod/scoring rolling version 2, wave 1 of 2, step 2 of 2" in first
    assert "us-east-1 100% version 2" in first and "eu-west-1 100% version 1" in first
    assert "Waits for the bake, until 2026-03-01T12:00:00Z (in 1h)" in first
    own = pages[OWN].text
    assert "Skew versions 1 and 2 serve since 2026-03-01T08:00:00Z (3h)" in own
    # The verdicts with their evidence.
    assert re.search(
        r"auc mlflow pass scoring-us-east-1 0\.91, must .* 2: 0\.91 1: 0\.91 2026", own
    )
    assert "mlflow metric auc on dataset holdout-us-east-1" in own
    # The newest decision comes first, with what it changed.
    assert re.search(r"Decisions \d advance version 2 pass 2026-03-01 10:00 UTC", own)
    assert "us-east-1: 1 90% + 2 10% → 2 100%" in own
    assert "No version is in quarantine." in own


def test_the_time_line_is_a_picture_and_a_table_that_say_the_same(rolling: World) -> None:
    page = site(rolling)[OWN]
    assert "us-east-1 2026-03-01 10:00 UTC now 2 100%" in page.text
    assert "us-east-1 2026-03-01 08:00 UTC 2026-03-01 10:00 UTC 1 90% + 2 10%" in page.text
    labels = list(page.values("aria-label"))
    assert any(each.startswith("us-east-1: now 2 100%, after ") for each in labels)
    # Half of the tenth of version 2 is drawn as such.
    heights = [values["height"] for tag, values in page.elements if tag == "rect"]
    assert "10%" in heights and "90%" in heights
    whole = "".join(page.source.split("<title>")[2:])
    assert "1 90% + 2 10%, 2026-03-01 08:00 UTC to 2026-03-01 10:00 UTC" in whole


def test_a_rollback_shows_its_reason_its_verdict_and_the_quarantine(rolling: World) -> None:
    rolling.measure("2", 0.1, f"{DAY}11:30:00Z")
    assert advance(rolling, "12")[0] in (0, 12, 13)
    pages = site(rolling, at=f"{DAY}12:30:00Z")
    assert "Quarantine 1 version" in pages["index.html"].text
    own = pages[OWN].text
    assert re.search(r"auc mlflow fail scoring-us-east-1 0\.1, must be at least 0\.8 ", own)
    assert "restore version 2 fail 2026-03-01 12:00 UTC" in own
    assert re.search(r"Quarantine Version .* 2 2026-03-01 12:00 UTC auc in scoring-us-east-1", own)


def test_the_same_commit_and_time_give_the_same_bytes(rolling: World) -> None:
    site(rolling)
    before = files_of(rolling.folder / "site")
    shutil.rmtree(rolling.folder / "site")
    site(rolling)
    assert files_of(rolling.folder / "site") == before


def test_freezes_and_waivers_that_end_soon_are_on_the_first_page(rolling: World) -> None:
    freeze = "  freezes:\n    - {name: sales, reason: 'no risk now', "
    freeze += f"from: '{DAY}08:05:00Z', until: '{DAY}20:00:00Z'}}\n"
    rolling.edit("clusters/prod/environment.yaml", "spec:\n", f"spec:\n{freeze}")
    folder = rolling.clone / "policies" / "data" / "waivers"
    folder.mkdir(parents=True)
    entry = (
        "    - {rule: %s, scope: {environment: prod}, owner: credit-ml@example.com,\n"
        "       reason: the region has no room, ticket: CAP-7, expires: '%s'}\n"
    )
    waivers = entry % ("min-replicas", "2026-03-12") + entry % ("zone-spread", "2026-06-01")
    waivers += entry % ("signed-model", "2026-02-01")
    (folder / "room.yaml").write_text(
        "apiVersion: lockstep.dev/v1alpha1\nkind: Waivers\nmetadata: {name: room}\n"
        f"spec:\n  waivers:\n{waivers}"
    )
    text = site(rolling)["index.html"].text
    assert "sales prod all 2026-03-01 20:00 UTC no risk now" in text
    assert "2026-03-12 in 11 days min-replicas prod credit-ml@example.com" in text
    assert "policies/data/waivers/room.yaml:6" in text
    assert "zone-spread" not in text and "signed-model" not in text


def test_what_is_wrong_with_one_family_is_shown_there_and_the_others_are_whole(
    two: World,
) -> None:
    (two.clone / "ledger" / OTHER / "000001.json").write_text("no record")
    (two.clone / "clusters" / OTHER / "eu-west-1.yaml").write_text("a: [")
    publish(two)
    pages = site(two, code=10)
    first = pages["index.html"].text
    assert "broken 1 rolling 1" in first
    assert first.index("prod/other broken") < first.index("prod/scoring rolling")
    assert f"clusters/{OTHER}/eu-west-1.yaml:1: " in first
    other = pages[f"families/{OTHER}.html"].text
    assert f"ledger/{OTHER}/000001.json:1: " in other and "Record 1 cannot be relied on" in other
    assert "advance version 2 pass" in pages[OWN].text


def test_a_record_that_a_commit_has_removed_is_shown_and_ends_with_exit_code_10(
    two: World,
) -> None:
    (two.clone / "ledger" / OTHER / "000001.json").unlink()
    publish(two)
    assert "broken 1 rolling 1" in site(two, code=10)["index.html"].text


def test_a_family_that_is_gone_keeps_the_page_of_its_records(two: World) -> None:
    shutil.rmtree(two.clone / "clusters" / OTHER)
    publish(two)
    pages = site(two)
    assert "Families that are gone" in pages["index.html"].text
    assert "adopt version 1" in pages[f"families/{OTHER}.html"].text


MARKUP = "</bdi><script>alert(1)</script><img src=x onerror=alert(2)>'\" {{ 7*7 }} \u202egnp.exe"


def test_what_others_wrote_becomes_text_and_never_markup(rolling: World) -> None:
    rolling.must("hold", FAMILY, "--reason", MARKUP, at=f"{DAY}10:30:00Z")
    hostile = rolling.clone / "clusters" / "prod" / "\u202e<script>alert(3)<"
    shutil.copytree(rolling.clone / "clusters" / FAMILY, hostile)
    rolling.edit("clusters/prod/scoring/family.yaml", "owner: ", "owner: '<b>x</b>' # ")
    rolling.git("add", "--all")
    pages = site(rolling, code=10)
    assert len(pages) == 3
    for page in pages.values():
        tags = [tag for tag, _ in page.elements]
        assert tags.count("script") == (page.file.name == "index.html")
        assert not {"img", "b"} & set(tags)
        assert "\u202e" not in page.source
        assert not [name for _, values in page.elements for name in values if name[:2] == "on"]
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in pages[OWN].text
    assert "{{ 7*7 }}" in pages[OWN].text and "Owner <b>x</b>" in pages[OWN].text
    assert "\\u202e<script>alert(3)<" in pages["index.html"].text


def test_a_page_loads_nothing_and_runs_only_its_own_script(rolling: World) -> None:
    for page in site(rolling).values():
        (policy,) = (
            values["content"]
            for tag, values in page.elements
            if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy and "http" not in policy and "*" not in policy
        assert not list(page.values("src")) and not list(page.values("style"))
        assert all(not re.match(r"(\w+:)?//", link) for link in page.values("href"))


def test_tables_have_headers_and_what_scrolls_can_be_reached_by_keyboard(rolling: World) -> None:
    for page in site(rolling).values():
        assert [values for tag, values in page.elements if tag == "html"] == [{"lang": "en"}]
        assert [tag for tag, _ in page.elements].count("h1") == 1
        for tag, values in page.elements:
            if tag == "th":
                assert values["scope"] in ("col", "row")
            if "scroll" in values.get("class", ""):
                assert (values["role"], values["tabindex"]) == ("region", "0")
                assert values["aria-label"]
            if tag == "svg" and "role" in values:
                assert values["aria-label"]


def test_every_text_has_contrast_in_light_and_in_dark() -> None:
    style = site_templates()["style.css"]
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        pairs = [(name, back) for name in ("text", "quiet", "link") for back in ("back", "panel")]
        pairs += [(name, "back") for name in ("bad", "warning", "running", "good")]
        pairs += [(name, f"{name}-back") for name in ("bad", "warning", "running", "good")]
        pairs += [("text", f"v{number}") for number in range(8)] + [("bad", "panel")]
        for text, back in pairs:
            assert is_contrasting(colour[text], colour[back]), (text, back)


def test_a_later_run_replaces_the_pages_and_removes_those_of_families_that_left(
    two: World,
) -> None:
    assert f"families/{OTHER}.html" in site(two)
    shutil.rmtree(two.clone / "clusters" / OTHER)
    shutil.rmtree(two.clone / "ledger" / OTHER)
    publish(two)
    assert sorted(site(two)) == [OWN, "index.html"]


@pytest.mark.parametrize("name", ["", "clusters", "clusters/site", "ledger", ".git/x"])
def test_a_page_is_never_written_among_the_files_of_a_fleet(rolling: World, name: str) -> None:
    code, said = rolling.lockstep("site", "--output", str(rolling.clone / name))
    assert code == 2 and "the page of a fleet is no part of the fleet's files" in said
    assert rolling.is_clean()


def test_a_folder_with_other_files_is_refused(rolling: World, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "index.html").write_text("mine")
    code, said = rolling.lockstep("site", "--output", str(folder))
    assert code == 2 and "has files that lockstep site did not write" in said
    assert files_of(folder) == {"index.html": b"mine"}
    # A list that was changed by hand removes nothing that is no page of a family.
    folder = rolling.folder / "site"
    site(rolling)
    victims = [rolling.folder / "victim.html", folder / "notes.html"]
    for each in victims:
        each.write_text("mine")
    with (folder / "lockstep-site.txt").open("a") as file:
        file.write("../victim.html\nfamilies/../../victim.html\nnotes.html\n")
    code, said = rolling.lockstep("site", "--output", str(folder))
    assert code == 0, said
    assert [each.read_text() for each in victims] == ["mine", "mine"]


def test_a_fleet_without_clusters_has_no_page(world: World) -> None:
    shutil.rmtree(world.clone / "clusters")
    world.git("add", "--all")
    code, said = world.lockstep("site", "--output", str(world.folder / "site"))
    assert code == 3, said
    assert not (world.folder / "site").exists()


def test_the_followed_branch_is_shown_with_its_commit(rolling: World) -> None:
    folder = rolling.folder / "site"
    arguments = ["site", "--root", str(rolling.clone), "--output", str(folder), "--now", AT]
    code, said = invoke([*arguments, "--format", "json"])
    assert code == 0, said
    data = json.loads(said)
    validator("site").validate(data)
    tip = rolling.git("rev-parse", "origin/main")
    assert data["summary"]["shown"]["commit"] == tip
    assert data["summary"] | {"families": 1, "folder": str(folder), "at": AT} == data["summary"]
    assert {each["file"] for each in data["items"]} == set(files_of(folder))
    text = pages_of(folder)["index.html"].text
    assert "Of branch main of origin" in text and f"commit {tip[:12]}" in text


def test_the_files_are_read_once(rolling: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []

    def counted(shown: Shown, *given: Any, **more: Any) -> Tree:
        reads.append(given[1])
        return read(shown, *given, **more)

    read = Shown.read
    monkeypatch.setattr(Shown, "read", counted)
    site(rolling)
    assert len(reads) == 1


def test_older_decisions_get_a_line_each(rolling: World) -> None:
    roll_back(rolling, "11")
    own = site(rolling, at="2026-04-20T08:00:00Z")[OWN].text
    assert re.search(r"\d older decisions Record When What", own)
    assert "1 2026-03-01" in own and "adopt 1" in own


def test_an_environment_that_is_gone_keeps_the_pages_of_its_records(rolling: World) -> None:
    shutil.copytree(rolling.clone / "clusters" / "prod", rolling.clone / "clusters" / "late")
    shutil.rmtree(rolling.clone / "clusters" / "prod")
    for path in (rolling.clone / "clusters" / "late").rglob("*.yaml"):
        path.write_text(path.read_text().replace("prod", "late"))
    publish(rolling)
    folder = rolling.folder / "site"
    code, said = rolling.lockstep("site", "--output", str(folder), at=AT)
    assert code in (0, 10), said
    pages = pages_of(folder)
    assert sorted(pages) == ["families/late/scoring.html", OWN, "index.html"]
    first = pages["index.html"].text
    assert (
        "Families that are gone Their files were removed. Their records stay. prod/scoring" in first
    )
    assert "late/scoring new" in first
    assert "advance version 2 pass" in pages[OWN].text
