"""What a careless or hostile person may try with a rollout: nothing moves that should not."""

import re
from collections.abc import Callable

import pytest

from tests.acceptance.reverts import began, in_state, proposed
from tests.acceptance.rollouts import (
    DAY,
    EU,
    HEAD,
    LOCK,
    US,
    add_sibling,
    advance,
    assert_restored,
    forge_digest,
    publish,
    reject_in_staging,
    rewrite,
    roll,
    roll_back,
    share_with_arm,
)
from tests.acceptance.world import FAMILY, World, git


def test_a_release_in_the_middle_of_a_rollout_does_not_change_what_it_is_about(
    world: World,
) -> None:
    roll(world, "08", version="3")
    roll_back(world, "09")
    world.merge_proposal("2", at=f"{DAY}10:00:00Z")
    world.must("release", FAMILY, "3", "--reason", "it was the data", at=f"{DAY}10:00:00Z")
    code, said = advance(world, "10")
    assert code == 0 and "version 2 moves to wave 1 step 1" in said
    assert [v["version"] for v in world.variants("us-east-1")] == ["1", "2"]
    roll_back(world, "11")
    assert world.records()[-1]["spec"]["target"]["version"] == "2"
    assert world.lockstep("audit", "--verify", "--replay")[0] == 0


def shift_only(world: World) -> None:
    import mlflow

    roll(world, "08", "10", "12")
    mlflow.MlflowClient(world.registry, world.registry).delete_model_version("scoring", "1")
    assert "restore waits" in roll_back(world, "13")


@pytest.mark.parametrize("verb", [["hold", FAMILY], ["resume", FAMILY], ["release", FAMILY, "2"]])
def test_a_rollback_cannot_be_held_or_reversed(world: World, verb: list[str]) -> None:
    shift_only(world)
    code, said = world.lockstep(*verb, "--reason", "wait", at=f"{DAY}13:10:00Z")
    assert code == 2, said
    assert world.records()[-1]["spec"]["action"] == "shift"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[[us-east-1], [eu-west-1]]", "[[eu-west-1], [us-east-1]]"),
        ("      - {weight: 10, bake: 1h}\n", ""),
        ("{weight: 100, bake: 2h}", "{weight: 50, bake: 1h}\n      - {weight: 100, bake: 2h}"),
    ],
)
def test_a_plan_changed_in_the_middle_leaves_no_cluster_out(
    world: World, old: str, new: str
) -> None:
    roll(world, "08", "10")
    world.edit(HEAD, old, new)
    head = world.git("rev-parse", "HEAD")
    code, said = advance(world, "14")
    assert code == 12 and "spec.rollout" in said
    assert world.git("rev-parse", "HEAD") == head
    roll_back(world, "15")
    assert_restored(world)


@in_state(began)
def test_a_longer_bake_does_not_change_the_plan(world: World) -> None:
    world.edit(HEAD, "{weight: 10, bake: 1h}", "{weight: 10, bake: 3h}")
    assert advance(world, "10")[0] == 12
    assert advance(world, "11")[0] == 0


def test_time_does_not_run_backwards_so_no_bake_is_skipped(world: World) -> None:
    """A hold waits for no clock, and turns none back for the resume after it."""
    roll(world, "08")
    world.must("hold", FAMILY, "--reason", "x", at="1999-01-01T00:00:00Z")
    for at, expected in (("1999-01-01T00:00:00Z", 12), (f"{DAY}07:57:00Z", 1)):
        code, said = world.lockstep("resume", FAMILY, "--reason", "x", at=at)
        assert code == expected and "2026-03-01T08:00:00Z" in said
    roll_back(world, "09")
    code, said = world.lockstep("release", FAMILY, "2", "--reason", "x", at="1999-01-01T00:00:00Z")
    assert code == 12 and "2026-03-01T09:00:00Z, which is in the future" in said


@in_state(began)
def test_a_clock_that_is_behind_does_not_stop_a_rollback(world: World) -> None:
    roll_back(world, "07")
    assert_restored(world)


def test_what_is_not_rendered_cannot_become_the_state_to_return_to(world: World) -> None:
    world.must("lock", FAMILY, "2")
    for path in (US, EU):
        file = world.clone / path
        file.write_text(file.read_text().replace('version: "1"', 'version: "2"'))
    publish(world)
    code, said = world.lockstep("adopt", FAMILY, "--reason", "by hand", at=f"{DAY}09:00:00Z")
    assert code == 10 and "lockstep render" in said
    world.must("render")
    publish(world)
    world.must("adopt", FAMILY, "--reason", "by hand", at=f"{DAY}09:00:00Z")


def test_a_cluster_in_which_only_experiments_serve_is_not_adopted(world: World) -> None:
    share_with_arm(world, 0)
    code, said = world.lockstep("adopt", FAMILY, "--reason", "x", at=f"{DAY}09:00:00Z")
    assert code == 2 and "experiments" in said


def test_a_rollout_over_an_experiment_leaves_the_arm_alone_and_can_be_rolled_back(
    world: World,
) -> None:
    share_with_arm(world, 50)
    world.must("adopt", FAMILY, "--reason", "an A/B test", at=f"{DAY}09:00:00Z")
    before = world.variants("us-east-1")
    code, said = world.lockstep("propose", FAMILY, "2", at=f"{DAY}09:00:00Z")
    assert code == 11 and "arm of an experiment" in said
    roll(world, "09", "11", version="3")
    assert {v["name"]: v["weight"] for v in world.variants("us-east-1")} == {
        "stable": 50, "b": 50, "previous": 0,
    }  # fmt: skip
    roll_back(world, "12")
    assert world.variants("us-east-1") == before
    assert world.lockstep("check")[0] == 0
    assert world.lockstep("audit", "--verify", "--replay")[0] == 0


@pytest.mark.parametrize("change", ["deleted", "forged", "unreadable"])
@in_state(began)
def test_a_lost_lock_is_restored_with_the_state_that_it_belongs_to(
    world: World, change: str
) -> None:
    kept = (world.clone / LOCK).read_text()
    if change == "deleted":
        (world.clone / LOCK).unlink()
    elif change == "forged":
        (world.clone / LOCK).write_text(forge_digest(kept))
    else:
        (world.clone / LOCK).write_text("spec: [")
    publish(world)
    roll_back(world, "12")
    assert (world.clone / LOCK).read_text() == kept
    assert_restored(world)
    assert world.lockstep("check")[0] == 0


@in_state(began)
def test_a_candidate_whose_lock_was_exchanged_gets_no_more_traffic(world: World) -> None:
    path = f"clusters/{FAMILY}/locks/2.yaml"
    rewrite(world, path, forge_digest)
    code, said = advance(world, "12")
    assert code == 12 and path in said and "revert" in said
    roll_back(world, "13")
    assert_restored(world)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (HEAD, lambda text: re.sub(r"gates:\n.*\n", "gates: []\n", text)),
        (f"clusters/{FAMILY}/notes.txt", lambda _: "a note\n"),
        (f"clusters/{FAMILY}/locks/9.yaml", lambda _: "spec: ["),
        ("clusters/staging/scoring/us-east-1.yaml", lambda _: "spec: ["),
        ("clusters/staging/environment.yaml", lambda _: "spec: ["),
        ("templates/service/service.yaml.j2", lambda text: text + "{% broken"),
    ],
)
@in_state(began)
def test_a_mistake_elsewhere_stops_a_rollout_but_not_its_rollback(
    world: World, path: str, change: Callable[[str], str]
) -> None:
    (world.clone / path).parent.mkdir(parents=True, exist_ok=True)
    rewrite(world, path, change)
    assert advance(world, "10")[0] == 10
    said = roll_back(world, "11")
    assert_restored(world)
    hides_the_family = path in (HEAD, f"clusters/{FAMILY}/locks/9.yaml")
    assert ("unchecked: policy: no rule was evaluated on clusters/" in said) is hides_the_family


@in_state(began)
def test_a_failing_gate_rolls_a_version_back_whatever_is_broken_in_another_environment(
    world: World,
) -> None:
    (world.clone / "clusters/staging/scoring").mkdir(parents=True)
    rewrite(world, "clusters/staging/scoring/us-east-1.yaml", lambda _: "spec: [")
    world.measure("2", 0.1, f"{DAY}08:30:00Z")
    code, said = advance(world, "09")
    assert code == 12 and "rolled back" in said
    assert_restored(world)


def test_an_older_quarantine_does_not_count_as_an_edit_by_people(world: World) -> None:
    """With other templates the verified bytes are restored, also when it happens a second time."""
    roll(world, "08", version="3")
    roll_back(world, "09")
    roll(world, "10")
    template = "templates/service/service.yaml.j2"
    rewrite(world, template, lambda text: text.replace("spec:", "# a new line\nspec:", 1))
    roll_back(world, "11")
    assert world.records()[-1]["spec"]["restored"]["exact"] is True
    assert_restored(world)


def test_a_quarantine_of_an_earlier_environment_is_released_there(world: World) -> None:
    reject_in_staging(world)
    code, said = world.lockstep("propose", "prod/scoring", "3")
    assert code == 11 and "lockstep release staging/scoring 3" in said
    world.must("release", "staging/scoring", "3", "--reason", "good after all")
    code, said = world.lockstep("propose", "prod/scoring", "3")
    assert code == 11 and "in quarantine" not in said
    assert 'its content has not been verified in "staging"' in said


@pytest.mark.parametrize(
    "verb",
    [["status", "nobody"], ["status", "-e", "nowhere"], ["advance", "-e", "nowhere"],
     ["audit", "nobody"], ["audit", "-e", "nowhere"], ["lock", "--check", "-e", "nowhere"]],
)  # fmt: skip
def test_an_unknown_name_is_never_a_clean_answer(world: World, verb: list[str]) -> None:
    code, said = world.lockstep(*verb)
    assert code == 2, said
    assert "there is no" in said and "fix:" in said


def test_status_knows_a_family_by_its_full_name(world: World) -> None:
    code, said = world.lockstep("status", FAMILY)
    assert code == 0 and "us-east-1" in said


@in_state(began)
def test_what_could_not_be_decided_is_not_hidden_by_a_closed_gate(world: World) -> None:
    code, said = world.lockstep("advance", FAMILY, "nobody", at=f"{DAY}08:10:00Z")
    assert code == 2 and "baking" in said


@in_state(proposed)
def test_a_work_tree_that_cannot_follow_is_reported_with_the_published_decision(
    world: World,
) -> None:
    (world.clone / ".git/index.lock").touch()
    code, said = advance(world, "08")
    assert code == 0 and "published" in said and "git pull" in said
    assert "Lockstep-Action: advance" in git(world.origin, "log", "-1", "--format=%B", "main")


@in_state(proposed)
def test_without_a_remote_a_locked_index_is_named(world: World) -> None:
    world.git("remote", "remove", "origin")
    (world.clone / ".git/index.lock").touch()
    code, said = advance(world, "08")
    assert code == 1 and "index.lock" in said and "fix:" in said


@in_state(began)
def test_no_reason_turns_the_direction_of_a_commit_message(world: World) -> None:
    world.must("hold", FAMILY, "--reason", "fine \u202egnihton\u2066 here", at=f"{DAY}08:10:00Z")
    message = world.git("log", "-1", "--format=%B")
    assert "\u202e" not in message and "\u2066" not in message and "gnihton" in message


@in_state(proposed)
def test_an_identity_of_git_cannot_colour_or_turn_a_record(world: World) -> None:
    world.git("config", "user.name", "Eve \u202e\x1b[31m")
    assert advance(world, "08")[0] == 0
    actor = world.records()[-1]["spec"]["actor"]
    assert actor.startswith("Eve ") and actor.isprintable()


def test_the_last_possible_time_gives_no_traceback(world: World) -> None:
    end = "9999-12-31T23:59:59Z"
    world.merge_proposal()
    code, said = world.lockstep("advance", FAMILY, at=end)
    assert (code, "policy.lock-fresh" in said) == (11, True), "its lock is long out of date"
    world.must("hold", FAMILY, "--reason", "for ever", at=end)
    assert "9999" in world.must("audit", FAMILY)
    roll_back(world, "09")
    assert_restored(world)


def test_a_family_that_gets_another_name_leaves_its_records_behind(world: World) -> None:
    world.git("mv", f"clusters/{FAMILY}", "clusters/prod/ranking")
    assert "ledger." not in world.lockstep("check")[1]
    world.git("rm", "--quiet", "-r", f"ledger/{FAMILY}")
    assert "ledger.rewritten" in world.lockstep("check")[1]


WAIVERS = """\
apiVersion: lockstep.dev/v1alpha1
kind: Waivers
metadata: {name: replicas}
spec:
  waivers:
    - rule: min-replicas
      scope: {family: scoring}
      owner: credit-ml@example.com
      reason: the region has no room until the nodes arrive
      ticket: CAP-7
      expires: "2026-04-01"
    - rule: gone-since
      scope: {family: scoring}
      owner: credit-ml@example.com
      reason: the rule was removed, and its waiver forgotten
      ticket: CAP-8
      expires: "2026-04-01"
"""


@in_state(began)
def test_neither_a_waiver_nor_a_mistake_in_one_stops_a_rollback(world: World) -> None:
    (world.clone / "policies/data/waivers").mkdir()
    rewrite(world, "policies/data/waivers/replicas.yaml", lambda _: WAIVERS)
    world.must("hold", FAMILY, "--reason", "wait", at=f"{DAY}09:00:00Z")
    roll_back(world, "10")
    assert_restored(world)


def test_what_another_family_of_the_model_rolled_back_does_not_move(world: World) -> None:
    add_sibling(world)
    world.git("merge", "--quiet", "--no-edit", world.propose("2", "prod/twin"))
    world.git("push", "--quiet", "origin", "main")
    world.merge_proposal("2")
    world.must("revert", "prod/twin", "2", "--reason", "bad there")
    code, said = advance(world, "08")
    assert code == 11 and "quarantine" in said
    world.must("revert", FAMILY, "2", "--reason", "bad here then")
    world.must("release", FAMILY, "2", "--reason", "only the twin was hurt")
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 11 and "lockstep release prod/twin 2" in said
    world.must("release", "prod/twin", "2", "--reason", "good after all")
    world.must("propose", FAMILY, "2")


def test_a_measurement_from_the_future_neither_passes_nor_hides_a_failure(world: World) -> None:
    roll(world, "08")
    world.measure("2", 0.5, f"{DAY}08:30:00Z")
    world.measure("2", 0.95, f"{DAY}11:00:00Z")
    code, said = advance(world, "10")
    assert code == 12 and "version 2 is rolled back" in said
    assert "1 value dated in the future, up to 2026-03-01T11:00:00Z, not counted" in said
    assert_restored(world)
    assert world.lockstep("audit", "--verify", "--replay")[0] == 0


def test_a_nan_that_comes_after_a_failure_does_not_hide_it(world: World) -> None:
    roll(world, "08")
    world.measure("2", 0.5, f"{DAY}08:30:00Z")
    world.measure("2", float("nan"), f"{DAY}08:40:00Z")
    code, said = advance(world, "10")
    assert code == 12 and "version 2 is rolled back" in said and "is NaN" in said
    assert_restored(world)
    assert world.lockstep("audit", "--verify", "--replay")[0] == 0


def test_a_nan_that_comes_after_a_pass_makes_the_rollout_wait(world: World) -> None:
    roll(world, "08")
    world.measure("2", float("nan"), f"{DAY}08:40:00Z")
    code, said = advance(world, "10")
    assert code == 12 and "is NaN" in said
    assert world.records()[-1]["spec"]["action"] == "advance"
