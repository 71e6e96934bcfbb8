"""``lockstep revert`` where people have edited specs, records, templates or rules since."""

import pytest

from tests.acceptance.reverts import (
    experiment,
    experiment_in_rollout,
    in_state,
    live,
    revert,
    rolling,
    steady,
    twice,
    verified,
)
from tests.acceptance.rollouts import EU, US, last_record, publish, rewrite
from tests.acceptance.world import FAMILY, REGIONS, World, git


def edit_weights(world: World) -> None:
    """By hand, past every gate: all regions to half of a candidate without a rollout."""
    world.must("lock", FAMILY, "3")
    for path in (US, EU):
        file = world.clone / path
        text = file.read_text().replace(
            "weight: 100}", 'weight: 50}\n    - {name: candidate, version: "3", weight: 50}', 1
        )
        file.write_text(text)
    world.must("render")
    publish(world)


@in_state(rolling)
@pytest.mark.parametrize("version", [("2",), ()], ids=["named", "without a name"])
def test_a_diverged_rollout_is_judged_by_its_record(world: World, version: tuple[str, ...]) -> None:
    world.edit(EU, "weight: 10}", "weight: 60}")
    world.edit(EU, "weight: 90}", "weight: 40}")
    world.must("render")
    publish(world)
    done = twice(world, *version)
    assert done.added == ["shift", "restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}


@in_state(rolling, verified)
@pytest.mark.parametrize("change", ["removed", "unreadable", "forged"])
def test_a_family_with_a_broken_record_is_judged_by_the_one_before(
    world: World, change: str
) -> None:
    path = last_record(world)
    text = path.read_text().replace("every gate passed", "trust me") if change == "forged" else "{"
    if change == "removed":
        path.unlink()
    else:
        path.write_text(text)
    publish(world)
    done = twice(world, intact=False)
    assert done.after.actions[-1] == "restore"
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}


@in_state(steady, verified)
def test_edited_specs_return_to_their_record_without_quarantine(world: World) -> None:
    recorded = live(world)
    edit_weights(world)
    done = twice(world)
    assert "3" in done.before.everywhere
    assert done.after.traffic == recorded.traffic and done.after.pods == recorded.pods
    assert done.added == ["restore"] and done.after.quarantine == set()
    assert "the recorded variants are back" in done.first
    assert "the recorded variants came back at" in done.second
    assert "restore prod/scoring: the recorded variants" in git(
        world.origin, "log", "-1", "--format=%s", "main"
    )


@in_state(verified)
def test_a_stable_version_that_is_named_gives_no_traffic_to_an_edit(world: World) -> None:
    edit_weights(world)
    done = twice(world, "2")
    assert done.added == ["restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}


@in_state(experiment)
def test_retiring_an_arm_records_no_weights_that_people_edited(world: World) -> None:
    world.must("lock", FAMILY, "3")
    candidate = 'weight: 60}\n    - {name: candidate, version: "3", weight: 10}'
    world.edit(EU, "weight: 70}", candidate)
    world.must("render")
    publish(world)
    done = twice(world, "2")
    assert done.added == ["retire"] and done.after.quarantine == {"2"}
    assert done.after.traffic == {"us-east-1": {"1": 100}, "eu-west-1": {"1": 86, "3": 14}}
    assert "diverged" in world.lockstep("status")[1]
    back = twice(world, hour="18")
    assert back.added == ["restore"] and back.after.everywhere == {"1": 100}


def change_template(world: World) -> None:
    template = "templates/service/service.yaml.j2"
    rewrite(world, template, lambda text: text.replace("spec:", "# a new line\nspec:", 1))


@in_state(experiment)
def test_retiring_an_arm_carries_no_change_of_rendering(world: World) -> None:
    change_template(world)
    code, said = revert(world, "2", hour="17")
    assert code == 0, said
    after = live(world)
    assert after.everywhere == {"1": 100} and after.quarantine == {"2"}
    service = f"main:rendered/prod/clusters/scoring-{REGIONS[0]}/service.yaml"
    assert "# a new line" not in git(world.origin, "show", service)


@in_state(experiment_in_rollout)
def test_an_arm_in_quarantine_does_not_come_back_with_verified_bytes(world: World) -> None:
    code, said = revert(world, "2", hour="10")
    assert code == 0, said
    change_template(world)
    code, said = revert(world, hour="11")
    assert code == 0, said
    after = live(world)
    assert after.everywhere == {"1": 100} and after.quarantine == {"2", "3"}
    restored = world.records()[-1]["spec"]["restored"]
    assert restored["bytesFrom"] and restored["exact"] is False


@in_state(experiment)
def test_broken_rules_do_not_stop_an_arm_from_being_retired(world: World) -> None:
    rule = world.clone / "policies/rules/weights-sum/weights_sum.rego"
    rule.write_text(f"{rule.read_text()}\nthis is no rego\n")
    publish(world)
    code, said = revert(world, "2", hour="17")
    assert code == 0 and "unchecked: policy: " in said
    assert live(world).everywhere == {"1": 100}


@in_state(rolling)
def test_every_rule_counts_whatever_the_schema_of_its_thresholds_is(world: World) -> None:
    (world.clone / "policies/rules/min-replicas/thresholds.schema.json").write_text("{")
    publish(world)
    code, said = revert(world)
    assert code == 0 and "unchecked" not in said
    assert live(world).everywhere == {"1": 100}
