"""``promote`` on real git, with a real registry for each environment."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.environments import copy_prod
from tests.acceptance.promotions import (
    DAY,
    LAB,
    PROD,
    STAGING,
    VERIFIED_AT,
    Stages,
    copy_stages,
    create_stages,
)
from tests.acceptance.rollouts import publish
from tests.acceptance.world import MODEL, git
from tests.unit.mlflow_store import forget_default_store


def test_the_verified_version_is_found_by_its_tag_and_proposed_with_where_it_comes_from(
    stages: Stages,
) -> None:
    stages.tag("2")
    code, said = stages.promote("scoring")
    assert code == 0, said
    assert f"{PROD}: version 2 is proposed on branch lockstep/{PROD}/2-" in said
    assert f"promoted from {STAGING}: its version 3, verified in record 7" in said
    assert "only the version enters; what differs from staging stays:" in said
    assert "    spec.serving.replicas: 2; in staging: 1" in said
    assert "    gates.auc.min: 0.8; in staging: 0.7" in said
    stages.merge(stages.branches()[0])
    verified = stages.newest(STAGING)
    spec = stages.newest(PROD)["spec"]
    assert spec["action"] == "propose" and spec["target"]["version"] == "2"
    assert spec["target"]["digest"] == verified["spec"]["target"]["digest"]
    assert spec["promotedFrom"] == {
        "environment": "staging", "version": "3", "sequence": 7,
        "record": spec["promotedFrom"]["record"],
    }  # fmt: skip
    message = stages.git("log", "-2", "--format=%B", "--no-merges", "--", "ledger")
    record = spec["promotedFrom"]["record"]
    assert f"Lockstep-Promoted-From: ledger/{STAGING}/000007.json {record}" in message
    stages.must("check", at=f"{DAY}09:00:00Z")
    said = stages.must("audit", PROD, at=f"{DAY}23:00:00Z")
    assert f"version 3 of {STAGING}, verified in its record 7" in said
    stages.must("audit", "--verify", "--replay", at=f"{DAY}23:00:00Z")


def test_it_rolls_out_and_then_nothing_is_left_to_promote(stages: Stages) -> None:
    stages.tag("2")
    item = stages.promoted("scoring")
    assert item["outcome"] == "proposed" and item["promotedFrom"]["version"] == "3"
    stages.merge(item["branch"])
    code, said = stages.promote("scoring")
    assert code == 0 and "on its way already" in said
    for hour in ("08", "09", "11", "12", "16"):
        stages.do(PROD, "advance", at=f"{DAY}{hour}:30:00Z")
    assert stages.newest(PROD)["spec"]["action"] == "verify"
    code, said = stages.promote("scoring", at=f"{DAY}17:00:00Z")
    assert code == 0 and "serves here already" in said


def test_none_that_says_so_is_a_refusal_that_says_what_to_do(stages: Stages) -> None:
    code, said = stages.promote("scoring")
    assert code == 10, said
    assert f"scoring has no version with the content of version 3 of {STAGING}" in said
    assert "copy_model_version" in said and "lockstep.digest=sha256:" in said
    assert stages.branches() == []


def test_neither_a_tag_nor_a_number_is_believed(stages: Stages) -> None:
    stages.tag("1")
    code, said = stages.promote("scoring")
    assert code == 10, said
    assert "version 1 (its tag lockstep.digest says so): it has another content" in said
    assert "version 3 (it has the same name and number): it has another content" in said
    assert stages.branches() == []


def test_of_several_that_fit_a_person_names_one(stages: Stages) -> None:
    client = stages.client(PROD)
    copy = client.copy_model_version(f"models:/{MODEL}/2", MODEL)
    stages.tag("2")
    stages.tag(copy.version)
    code, said = stages.promote("scoring")
    assert code == 10 and "several versions of scoring may be version 3" in said
    assert f"2 and {copy.version}" in said and "lockstep promote prod/scoring VERSION" in said
    assert stages.promoted("prod/scoring", "2")["decisions"][0]["version"] == "2"


def test_a_version_that_staging_has_not_verified_is_denied_by_name(stages: Stages) -> None:
    code, said = stages.promote("prod/scoring", "3")
    assert code == 11, said
    assert f"version 3 has a content that {STAGING} has not verified" in said


@pytest.fixture(scope="module")
def with_one_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    yield create_stages(tmp_path_factory.mktemp("shared"), shared=True)
    forget_default_store()


def test_in_one_registry_a_copy_is_found_by_its_source(
    with_one_registry: Stages, tmp_path: Path
) -> None:
    stages = copy_stages(with_one_registry, tmp_path / "stages")
    code, said = stages.promote("scoring")
    assert code == 10 and "copy_model_version('models:/scoring-lab/3', 'scoring')" in said
    client = stages.client(PROD)
    client.copy_model_version(f"models:/{LAB}/2", MODEL)
    copy = client.copy_model_version(f"models:/{LAB}/3", MODEL)
    item = stages.promoted("scoring")
    assert item["decisions"][0]["version"] == str(copy.version) == "5"
    stages.merge(item["branch"])
    stages.must("check", at=f"{DAY}09:00:00Z")


def test_the_same_promotion_again_finds_its_branch(stages: Stages) -> None:
    stages.tag("2")
    first = stages.promoted("scoring")
    again = stages.promoted("scoring", at=f"{DAY}09:00:00Z")
    assert (first["branch"], first["commit"]) == (again["branch"], again["commit"])
    assert stages.branches() == [first["branch"]]


def test_another_open_proposal_is_in_the_way_until_its_branch_is_gone(stages: Stages) -> None:
    stages.tag("2")
    branch = stages.promoted("scoring")["branch"]
    stages.adopt_in_staging("4", at=f"{DAY}09:00:00Z")
    stages.tag("3", stages.digest(STAGING, "4"))
    code, said = stages.promote("scoring", at=f"{DAY}10:00:00Z")
    assert code == 12, said
    assert f"the branch '{branch}' proposes version 2" in said
    assert "have it merged, or delete that branch, then promote again" in said
    git(stages.origin, "branch", "-D", branch)
    item = stages.promoted("scoring", at=f"{DAY}10:00:00Z")
    assert item["decisions"][0]["version"] == "3"


def test_a_running_rollout_is_in_the_way(stages: Stages) -> None:
    stages.tag("2")
    stages.merge(stages.promoted("scoring")["branch"])
    stages.do(PROD, "advance", at=f"{DAY}08:30:00Z")
    stages.adopt_in_staging("4", at=f"{DAY}09:00:00Z")
    stages.tag("3", stages.digest(STAGING, "4"))
    code, said = stages.promote("scoring", at=f"{DAY}10:00:00Z")
    assert code == 12, said
    assert "version 2 is rolling wave 1 step 1, and only one version moves at a time" in said


def test_a_version_in_quarantine_where_it_would_enter_is_denied(stages: Stages) -> None:
    stages.roll(PROD, "2", DAY, "01")
    stages.do(PROD, "revert", "2", "--reason", "slow", at=f"{DAY}02:00:00Z")
    stages.tag("2")
    code, said = stages.promote("scoring")
    assert code == 11, said
    assert f"version 3 of {STAGING} is in quarantine since {DAY}02:00:00Z: slow" in said
    stages.do(PROD, "release", "2", "--reason", "a mistake", at=f"{DAY}03:00:00Z")
    assert stages.promoted("scoring")["outcome"] == "proposed"


def test_what_was_rolled_back_in_staging_is_not_promoted(stages: Stages) -> None:
    stages.tag("2")
    branch = stages.promoted("scoring")["branch"]
    stages.do(STAGING, "revert", "3", "--reason", "bad after all", at=f"{DAY}09:00:00Z")
    code, said = stages.promote("scoring", at=f"{DAY}10:00:00Z")
    assert code == 0 and "version 1 of staging/scoring serves here already" in said
    code, said = stages.promote("prod/scoring", "2", at=f"{DAY}10:00:00Z")
    assert code == 11 and "has not verified, or has rolled back since" in said
    # Nor is the branch from before merged: its check sees what the merge would give.
    stages.git("fetch", "--quiet", "origin")
    stages.git("checkout", "--quiet", "-b", "merge", "main")
    stages.git("merge", "--quiet", "--no-edit", f"origin/{branch}")
    code, said = stages.lockstep("check", at=f"{DAY}10:00:00Z")
    assert code == 10, said
    assert "or which was rolled back there since" in said


def test_an_older_version_is_promoted_by_its_name_only(stages: Stages) -> None:
    stages.tag("2")
    stages.merge(stages.promoted("scoring")["branch"])
    for hour in ("08", "09", "11", "12", "16"):
        stages.do(PROD, "advance", at=f"{DAY}{hour}:30:00Z")
    stages.do(STAGING, "revert", "3", "--reason", "bad", at=f"{DAY}17:00:00Z")
    stages.do(STAGING, "release", "3", "--reason", "not bad", at=f"{DAY}18:00:00Z")
    code, said = stages.promote("scoring", at=f"{DAY}19:00:00Z")
    assert code == 11, said
    assert "not promoted: version 1 of staging/scoring is older: version 2 serves in" in said
    item = stages.promoted("prod/scoring", "1", at=f"{DAY}19:00:00Z")
    assert item["decisions"][0]["version"] == "1"


@pytest.mark.parametrize("edited", [True, False])
def test_nothing_is_promoted_from_a_family_that_is_not_as_its_records_say(
    stages: Stages, edited: bool
) -> None:
    stages.tag("2")
    if edited:
        path = f"clusters/{STAGING}/eu-west-1.yaml"
        stages.edit(path, 'version: "3"', 'version: "1"')
    else:
        stages.edit(f"ledger/{STAGING}/000007.json", "every gate passed", "no gate passed")
    code, said = stages.promote("scoring")
    assert code == 12, said
    assert STAGING in said and ("diverged" if edited else "broken records") in said


def test_a_bake_in_the_predecessor_is_waited_for_with_its_end(stages: Stages) -> None:
    stages.tag("2")
    stages.policy("{bake: 24h}")
    code, said = stages.promote("scoring")
    assert code == 12, said
    assert f"since {VERIFIED_AT}, and prod asks for 24h: until {DAY}16:00:00Z" in said
    code, said = stages.promote("prod/scoring", "2")
    assert code == 12, "naming a version does not shorten its bake"
    assert stages.promoted("scoring", at=f"{DAY}16:00:00Z")["outcome"] == "proposed"


def test_all_leaves_out_an_environment_without_a_policy_and_says_so(stages: Stages) -> None:
    code, said = stages.promote("--all")
    assert code == 0 and "prod has no promotion policy, so --all leaves it out" in said
    assert stages.branches() == []


def test_all_proposes_on_a_branch_what_is_not_automatic(stages: Stages) -> None:
    stages.tag("2")
    stages.policy("{bake: 12h}")
    code, said = stages.promote("--all")
    assert code == 0, said
    assert f"{PROD}: version 2 is proposed on branch" in said
    assert stages.newest(PROD)["spec"]["action"] == "adopt", "nobody has merged it"


def test_all_proposes_on_the_followed_branch_what_is_automatic(stages: Stages) -> None:
    stages.tag("2")
    stages.policy("{automatic: [scoring]}")
    code, said = stages.promote("--all", "--dry-run")
    assert code == 0 and "NOT MADE, as this is a dry run" in said
    assert "it would be:   promoted from staging/scoring" in said
    assert stages.newest(PROD)["spec"]["action"] == "adopt"
    code, said = stages.promote("--all")
    assert code == 0 and f"{PROD}: version 2 is proposed: " in said
    assert stages.branches() == [] and stages.newest(PROD)["spec"]["action"] == "propose"
    stages.must("check", at=f"{DAY}09:00:00Z")
    code, said = stages.promote("--all", "--format", "json")
    assert code == 0 and json.loads(said)["items"][0]["outcome"] == "nothing-to-do"


def test_one_family_that_fails_is_a_result_among_all(stages: Stages) -> None:
    stages.policy("{automatic: [scoring]}")
    code, said = stages.promote("--all", "--format", "json")
    (item,) = json.loads(said)["items"]
    assert code == 10 and item["outcome"] == "failed" and "has no version" in item["reason"]


def add_environment(stages: Stages, predecessor: str) -> None:
    """The environment ``later``, which is like prod and has no record yet."""
    clusters = stages.clone / "clusters"
    copy_prod(clusters / "prod", clusters / "later", predecessor)
    stages.must("render")
    publish(stages, "Add an environment")


def test_where_it_is_due_in_several_environments_one_is_chosen(stages: Stages) -> None:
    add_environment(stages, "staging")
    said = stages.must("adopt", "later/scoring", "--reason", "first", at=f"{DAY}07:00:00Z")
    assert "later/scoring: adopted" in said
    stages.tag("2")
    code, said = stages.promote("scoring")
    assert code == 2, said
    assert "several environments: later (from staging), prod (from staging)" in said
    assert "choose one with --to: later or prod" in said
    assert stages.promoted("scoring", "--to", "later")["family"] == "later/scoring"
    assert stages.promoted("scoring", "--to", "prod")["family"] == PROD


def test_a_version_passes_no_environment_by(stages: Stages) -> None:
    """What staging has verified does not enter the environment after prod before prod has it."""
    add_environment(stages, "prod")
    stages.must("adopt", "later/scoring", "--reason", "first", at=f"{DAY}07:00:00Z")
    stages.tag("2")
    assert stages.promoted("scoring")["family"] == PROD, "there alone it is due"
    code, said = stages.promote("later/scoring", "2")
    assert code == 11 and f"version 2 has a content that {PROD} has not verified" in said
    code, said = stages.promote("later/scoring")
    assert code == 0 and f"version 1 of {PROD} serves here already" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "needs one family, or --all"),
        (("scoring", "--all"), "needs one family, or --all"),
        (("--all", "--branch", "x"), "a branch for each family"),
        (("staging/scoring",), "'staging' has no predecessor with the family scoring"),
        (("prod/scoring", "--to", "staging"), "is not in the environment"),
        (("scoring", "--to", "nowhere"), "there is no environment 'nowhere'"),
        (("storing",), "there is no family 'storing'"),
    ],
)
def test_wrong_usage_says_what_to_write(
    stages_template: Stages, arguments: tuple[str, ...], says: str
) -> None:
    code, said = stages_template.promote(*arguments)
    assert code == 2 and says in said, said


def test_a_registry_that_does_not_answer_promotes_nothing(stages: Stages) -> None:
    (stages.folder / "mlflow.db").unlink()
    code, said = stages.promote("scoring")
    assert code == 1 and "there is no such registry file" in said
    assert stages.branches() == []


def test_a_dry_run_publishes_nothing(stages: Stages) -> None:
    stages.tag("2")
    item = stages.promoted("scoring", "--dry-run")
    assert item["outcome"] == "dry-run" and item["promotedFrom"]["version"] == "3"
    assert "gates.auc.min: 0.8; in staging: 0.7" in item["differences"]
    assert stages.branches() == []
