"""Records that were pushed past every check: verbs and audit see what is wrong."""

from lockstep.model.decision import Action, Phase, Position
from tests.acceptance.forgeries import (
    add,
    newest,
)
from tests.acceptance.reverts import began, in_state, proposed
from tests.acceptance.rollouts import (
    DAY,
    EU,
    advance,
    publish,
    roll_back,
)
from tests.acceptance.world import FAMILY, World, git, identify


@in_state(began)
def test_a_revert_of_a_step_by_git_stops_what_moves_forward(world: World) -> None:
    world.git("revert", "--no-edit", "HEAD")
    world.git("push", "--quiet", "origin", "main")
    code, said = world.lockstep("check", at=f"{DAY}10:00:00Z")
    assert code == 10 and "ledger.rewritten" in said
    code, said = advance(world, "10")
    assert code == 12 and "broken records" in said
    git(world.folder, "clone", "--quiet", "--depth=1", f"file://{world.origin}", "shallow")
    identify(world.folder / "shallow")
    code, said = world.lockstep(
        "advance", FAMILY, at=f"{DAY}10:00:00Z", root=world.folder / "shallow"
    )
    assert code == 1 and "fetch-depth: 0" in said, said


@in_state(proposed)
def test_a_forged_step_on_the_followed_branch_stops_what_moves_forward(world: World) -> None:
    """Its digests and ids are right; only a replay shows that no gate was asked for it."""
    roll_to = Position(Phase.ROLLING, 1, 0)
    variants = newest(world).variants
    add(world, action=Action.ADVANCE, to=roll_to, variants=variants, decided_at=f"{DAY}08:00:00Z")
    publish(world, "pushed past everything")
    code, said = advance(world, "12")
    assert code == 12 and "broken records" in said and "000003.json" in said, said
    code, said = world.lockstep("audit", "--verify", "--replay")
    assert code == 13
    roll_back(world, "13")
    world.must("adopt", FAMILY, "--reason", "seen", at=f"{DAY}14:00:00Z")
    world.must("audit", "--verify", "--replay")
    world.must("check", at=f"{DAY}14:10:00Z")
    world.merge_proposal("3", at=f"{DAY}15:00:00Z")
    assert advance(world, "15")[0] == 0


@in_state(began)
def test_a_cluster_that_is_malformed_keeps_no_rollback_from_being_recorded(world: World) -> None:
    """Rules do not see the cluster, so the rollback goes on without them and says so."""
    file = world.clone / EU
    file.write_text(file.read_text().replace("  variants:", "  colour: red\n  variants:"))
    publish(world)
    roll_back(world, "10")
    assert "malformed" in str(world.records()[-1]["spec"]["unchecked"])
