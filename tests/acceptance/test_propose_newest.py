"""``lockstep propose --newest``: which version of a real registry it proposes, and when none."""

import json
from typing import Any

import pytest

from tests.acceptance.rollouts import roll
from tests.acceptance.world import END, FAMILY, MODEL, START, World


def tag(world: World, version: str, **tags: str) -> None:
    import mlflow

    client = mlflow.MlflowClient(world.registry, world.registry)
    for key, value in tags.items():
        client.set_model_version_tag(MODEL, version, key, value)


def newest(world: World, *tags: str, at: str = START) -> tuple[int, str]:
    given = [part for each in tags for part in ("--tag", each)]
    return world.lockstep("propose", FAMILY, "--newest", *given, at=at)


def test_the_newest_version_with_all_tags_is_proposed_and_the_record_says_why(
    world: World,
) -> None:
    tag(world, "2", stage="gold", team="risk")
    tag(world, "3", stage="gold")
    code, said = newest(world, "stage=gold", "team=risk")
    assert code == 0, said
    why = "version 2 is the newest of scoring with the tags stage=gold and team=risk"
    assert "prod/scoring: version 2 is proposed on branch" in said
    assert f"chosen: {why} (version 3 has no tag team)" in said
    branch = said.split("on branch ")[1].splitlines()[0]
    world.git("fetch", "--quiet")
    record = json.loads(world.git("show", f"origin/{branch}:ledger/{FAMILY}/000002.json"))
    assert record["spec"]["reason"].startswith(why)
    again, repeated = newest(world, "stage=gold", "team=risk")
    assert again == 0 and branch in repeated


def test_without_tags_the_newest_is_proposed(world: World) -> None:
    code, said = newest(world)
    assert code == 0 and "chosen: version 3 is the newest of scoring" in said


def test_no_version_with_the_tags_is_a_refusal_that_names_the_newest_and_what_they_lack(
    world: World,
) -> None:
    tag(world, "2", stage="silver")
    branches = world.git("ls-remote", "origin")
    code, said = newest(world, "stage=gold")
    assert code == 10
    assert "no version of scoring can serve and has the tag stage=gold" in said
    for line in ("version 3 has no tag stage", "version 2 has stage=silver"):
        assert line in said
    assert world.git("ls-remote", "origin") == branches


def test_one_that_serves_is_refused_as_if_it_was_named(world: World) -> None:
    tag(world, "1", stage="gold")
    code, said = newest(world, "stage=gold")
    assert code == 11 and "version 1 already serves in every cluster" in said


def test_one_that_is_older_than_what_serves_has_to_be_named(world: World) -> None:
    tag(world, "1", stage="gold")
    roll(world, "08", "10", "12", "14", "16")
    code, said = newest(world, "stage=gold", at=END)
    assert code == 11
    assert "older than version 2, which serves" in said
    assert "lockstep propose prod/scoring 1" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["2", "--newest"], "a version or --newest, and not both"),
        ([], "a version or --newest, and not both"),
        (["2", "--tag", "a=b"], "--tag chooses among versions"),
        (["--newest", "--tag", "gold"], "is not KEY=VALUE"),
        (["--newest", "--tag", "=gold"], "is not KEY=VALUE"),
        (["--newest", "--tag", "a=b", "--tag", "a=c"], "has two values"),
    ],
)
def test_what_does_not_go_together_is_a_wrong_use(
    world: World, arguments: list[Any], says: str
) -> None:
    code, said = world.lockstep("propose", FAMILY, *arguments)
    assert code == 2 and says in said
