"""Quarantine between environments with a registry each: a number is another version's there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.promotions import DAY, PROD, STAGING, Stages, copy_stages, create_stages
from tests.acceptance.rollouts import publish
from tests.unit.mlflow_store import forget_default_store

REASON = ("--reason", "bad there")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """Staging has put its version 2 into quarantine, whose number is that of another content here.

    What staging has verified is version 2 of prod's registry.
    """
    stages = create_stages(tmp_path_factory.mktemp("stages"))
    stages.tag("2")
    stages.roll(STAGING, "2", DAY, "01")
    stages.do(STAGING, "revert", "2", *REASON, at=f"{DAY}02:00:00Z")
    stages.git("pull", "--quiet", "--ff-only")
    yield stages
    forget_default_store()


@pytest.fixture
def stages(made: Stages, tmp_path: Path) -> Stages:
    return copy_stages(made, tmp_path / "stages")


def test_the_number_of_another_registry_stops_neither_a_verb_nor_a_rule(stages: Stages) -> None:
    item = stages.promoted("scoring")
    assert item["decisions"][0]["version"] == "2"
    stages.merge(item["branch"])
    stages.must("check", "--base", "HEAD~1", at=f"{DAY}09:00:00Z")
    stages.do(PROD, "advance", at=f"{DAY}09:00:00Z")
    assert "weight: 10}" in (stages.clone / f"clusters/{PROD}/us-east-1.yaml").read_text()
    stages.must("check", at=f"{DAY}10:00:00Z")


def test_in_one_registry_it_stops_both(stages: Stages) -> None:
    item = stages.promoted("scoring")
    settings = stages.clone / "clusters/staging/environment.yaml"
    one = "https://mlflow.example.com/"
    settings.write_text(settings.read_text().replace("https://mlflow.staging.example.com", one))
    stages.must("render")
    publish(stages)
    code, said = stages.promote("scoring")
    assert code == 11 and "version 2 is in quarantine since" in said
    stages.git("fetch", "--quiet", "origin")
    stages.git("merge", "--quiet", "--no-ff", "--no-edit", f"origin/{item['branch']}")
    code, said = stages.lockstep("check", "--base", "origin/main", at=f"{DAY}09:00:00Z")
    assert code != 0 and "quarantine" in said


def test_the_content_is_stopped_whatever_its_number(stages: Stages) -> None:
    item = stages.promoted("scoring")
    stages.merge(item["branch"])
    stages.do(STAGING, "revert", "3", *REASON, at=f"{DAY}09:00:00Z")
    stages.git("pull", "--quiet", "--ff-only")
    code, said = stages.on(PROD, "advance", at=f"{DAY}09:30:00Z")
    assert code != 0 and "in quarantine" in said
    assert "weight: 10}" not in (stages.clone / f"clusters/{PROD}/us-east-1.yaml").read_text()
