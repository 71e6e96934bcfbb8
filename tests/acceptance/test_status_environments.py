"""lockstep status of a family in three environments, each with a registry of its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import invoke
from tests.acceptance.promotion_walk import START, Walk, carry
from tests.acceptance.three_environments import Three, copy_three, number_of, three_in_use


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """Content 2 is verified in dev and in staging, content 1 in prod."""
    with three_in_use(tmp_path_factory.mktemp("three"), START) as made:
        carry(Walk(made), 2, "dev", "staging")
        yield made


@pytest.fixture
def walk(template: Three, tmp_path: Path) -> Walk:
    made = Walk(copy_three(template, tmp_path / "three"), START)
    made.now = START.replace(day=4)
    return made


def status(walk: Walk, *more: str) -> str:
    now = f"{walk.now:%Y-%m-%dT%H:%M:%SZ}"
    code, said = invoke(["status", *more, "--root", str(walk.three.clone), "--now", now])
    assert code == 0, said
    return said


def block(walk: Walk) -> str:
    """The part that shows the environments one after the other, on one line."""
    said = status(walk, "scoring")
    return " ".join(said[said.index("scoring  in dev") : said.index("dev/scoring  ")].split())


def test_each_environment_says_what_it_has_and_how_far_it_is_behind(walk: Walk) -> None:
    said = block(walk)
    assert "scoring in dev, staging and prod dev version 2, verified since" in said
    assert "staging version 3, verified since" in said and "the same as in dev" in said
    assert "prod version 3, verified since 2026-03-01T08:00:00Z" in said
    assert "1 version behind staging since" in said
    assert "version 3 of staging can be promoted: lockstep promote prod/scoring" in said
    assert "scoring  dev 2, staging 3, prod 3 (1 behind: due)" in status(walk)
    assert max(map(len, status(walk, "scoring").splitlines()[1:])) <= 80


def test_a_promotion_is_shown_while_its_proposal_is_open_and_while_it_rolls_out(
    walk: Walk,
) -> None:
    assert walk.promote("prod") == 0
    (branch,) = walk.branches_of("prod")
    assert f"version 3 of staging waits: its proposal is open on '{branch}'" in block(walk)
    assert walk.merge(branch)
    assert "version 3 of staging waits: it is proposed there as version 4" in block(walk)


def test_a_rollback_in_prod_is_shown_in_the_environments_before_it(walk: Walk) -> None:
    carry(walk, 2, "prod")
    assert walk.run("prod", "revert", number_of("prod", 2), "--reason", "too slow") == 0
    since = f"since {walk.now:%Y-%m-%dT%H:%M:%SZ}: too slow"
    said = block(walk)
    assert f"version 2 is quarantined in prod {since}" in said
    assert f"version 3 is quarantined in prod {since}" in said
    assert "waits: version 3 of staging/scoring is in quarantine since" in said
    alone = " ".join(status(walk, "dev/scoring").split("dev/scoring  ")[-1].split())
    assert f"quarantine version 2 is quarantined in prod {since}" in alone


def test_a_quarantine_of_an_earlier_environment_has_the_number_of_here(walk: Walk) -> None:
    assert walk.run("dev", "revert", number_of("dev", 2), "--reason", "too slow") == 0
    said = status(walk, "scoring")
    staging, prod = (
        " ".join(said.split(f"{e}/scoring  ")[-1].split()) for e in ("staging", "prod")
    )
    assert f"quarantine version 3 since {walk.now:%Y-%m-%dT%H:%M:%SZ}: too slow" in staging
    assert "quarantine version 2 of an earlier environment's registry since" in prod
    assert "dev has rolled version 3 back at" in block(walk)


def test_the_json_has_the_environments_of_a_family_side_by_side(walk: Walk) -> None:
    data: Any = json.loads(status(walk, "--format", "json"))
    (family,) = data["summary"]["sideBySide"]
    dev, staging, prod = family["environments"]
    assert dev["verified"]["digest"] == staging["verified"]["digest"] == prod["due"]["digest"]
    assert (staging["behind"]["versions"], prod["behind"]["versions"]) == (0, 1)
    assert prod["predecessor"] == "staging" and prod["obstacles"] == []
