"""What is on the followed branch already, checked against a base that several decisions followed.

One push may bring several steps. Each was decided on its own, so where its records replay, rules
about the size of a move hold the newest of them alone against what was before it.
"""

from collections.abc import Callable

import pytest

from lockstep.model.decision import Action, Phase, Position, Restored, Variants
from lockstep.spec import variants as forms
from tests.acceptance.forgeries import add, newest
from tests.acceptance.reverts import in_state, proposed, rolling, verified
from tests.acceptance.rollouts import DAY, EU, US, advance, publish, roll, roll_back
from tests.acceptance.world import FAMILY, World


def since(world: World, base: str) -> tuple[int, str]:
    return world.lockstep("check", "--base", base)


@in_state(verified)
def test_each_range_of_a_whole_rollout_is_clean(world: World) -> None:
    commits = world.git("rev-list", "--first-parent", "HEAD").splitlines()
    assert len(commits) == 8, "the fleet, its adoption, the proposal, four steps, a verification"
    for base in commits[1:]:
        code, said = since(world, base)
        assert code == 0, said


@in_state(rolling)
def test_steps_a_rollback_and_the_next_rollout_may_come_in_one_push(world: World) -> None:
    bases = [world.git("rev-parse", f"HEAD~{back}") for back in (0, 1, 2, 3)]
    roll_back(world, "13")
    roll(world, "14", "16", version="3")
    for base in bases:
        code, said = since(world, base)
        assert code == 0, said
    roll_back(world, "17")
    world.must("release", FAMILY, "3", "--reason", "fixed", at=f"{DAY}18:00:00Z")
    roll(world, "19", version="3")
    for base in bases:
        code, said = since(world, base)
        assert code == 0, said


# What must still be found


def spread(world: World, **weights: int) -> dict[str, Variants]:
    """The newest record's variants with a step of version 2 in these regions, specs included."""
    after: dict[str, Variants] = {n: list(each) for n, each in newest(world).variants.items()}
    for region, weight in weights.items():
        name = f"scoring-{region.replace('_', '-')}"
        after[name] = forms.stepped(after[name], "2", weight)
    for path, region in ((US, "us-east-1"), (EU, "eu-west-1")):
        file = world.clone / path
        head, _, _ = file.read_text().partition("  variants:")
        items = "".join(f"    - {each}\n" for each in after[f"scoring-{region}"])
        file.write_text(f"{head}  variants:\n{items.replace('True', 'true')}")
    return after


def step(world: World, to: Position, variants: dict[str, Variants], **fields: object) -> None:
    """A record by hand with specs and manifests that agree with it, published."""
    decided = {"action": Action.ADVANCE, "decided_at": f"{DAY}08:00:00Z", **fields}
    add(world, to=to, variants=variants, **decided)
    world.must("render")
    publish(world)


def hold(world: World) -> None:
    world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}08:10:00Z")


def a_jump_by_hand(world: World) -> None:
    """Honest steps, and an edit of weights after them."""
    assert advance(world, "08")[0] == advance(world, "10")[0] == 0
    spread(world, us_east_1=100)
    world.must("render")
    publish(world)


def a_step_without_gates(world: World) -> None:
    assert advance(world, "08")[0] == 0
    after = spread(world, us_east_1=100)
    step(world, Position(Phase.ROLLING, 0, 1), after, decided_at=f"{DAY}10:00:00Z")
    world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}10:10:00Z")


def a_step_in_all_waves(world: World) -> None:
    """Its record alone shows nothing: that does not hold the regions of clusters."""
    step(world, Position(Phase.ROLLING, 0, 0), spread(world, us_east_1=10, eu_west_1=10))
    hold(world)


def a_step_of_another_plan(world: World) -> None:
    plan = dict(newest(world).plan)
    plan["steps"] = [{**plan["steps"][0], "weight": 60}, *plan["steps"][1:]]
    step(world, Position(Phase.ROLLING, 0, 0), spread(world, us_east_1=60), plan=plan)
    hold(world)


def a_rollback_to_the_candidate(world: World) -> None:
    """No replay says what the variants of a restore must be: they start from the specs."""
    after = spread(world, us_east_1=100, eu_west_1=100)
    step(
        world, Position(Phase.STEADY), after, action=Action.RESTORE,
        restored=Restored(1, exact=True),
    )  # fmt: skip
    add(world, action=Action.RETIRE, to=Position(Phase.STEADY), decided_at=f"{DAY}09:00:00Z")
    publish(world)


@in_state(proposed)
@pytest.mark.parametrize(
    "push",
    [a_jump_by_hand, a_step_without_gates, a_step_in_all_waves, a_step_of_another_plan,
     a_rollback_to_the_candidate],
)  # fmt: skip
def test_a_move_that_no_record_supports_is_found_in_a_published_range(
    world: World, push: Callable[[World], None]
) -> None:
    base = world.git("rev-parse", "HEAD")
    push(world)
    code, said = since(world, base)
    assert code in (10, 11) and ("policy.step-in-plan" in said or "policy.wave-order" in said), said


@in_state(proposed)
def test_the_same_range_by_a_pull_request_is_one_step_too_large(world: World) -> None:
    base = world.git("rev-parse", "HEAD")
    for hour in ("08", "10", "12"):
        assert advance(world, hour)[0] == 0
    assert since(world, base)[0] == 0
    world.git("push", "--quiet", "--force", "origin", f"{base}:main")
    code, said = since(world, base)
    assert code == 10 and "policy.step-in-plan" in said, said
    assert said.count("never by a pull request") == 3
