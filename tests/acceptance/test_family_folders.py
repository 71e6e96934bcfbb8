"""What watches a whole family while its versions move: no move touches it, no rollback waits."""

from tests.acceptance.reverts import began, in_state
from tests.acceptance.rollouts import advance, publish, rewrite, roll_back
from tests.acceptance.world import FAMILY, World, files_of

OWN = "rendered/prod/families/scoring/"
APPLICATION = f"{OWN}application.yaml"
SHOWN = "    observability: {dashboard: scoring}\n"
PLACE = """  observability:
    labels: {release: monitoring}
    namespace: monitoring
    destination: prod-observability
"""


def own_files(world: World) -> dict[str, bytes]:
    return {path: data for path, data in files_of(world.clone).items() if path.startswith(OWN)}


def watch(world: World) -> dict[str, bytes]:
    """Give the environment a place that sees all regions; the files that the family has there."""
    head = "clusters/prod/environment.yaml"
    rewrite(world, head, lambda text: text.replace("  regions:\n", PLACE + "  regions:\n", 1))
    family, start = f"clusters/{FAMILY}/family.yaml", "  defaults:\n"
    rewrite(world, family, lambda text: text.replace(start, start + SHOWN, 1))
    world.must("render")
    publish(world, "render")
    return own_files(world)


@in_state(began)
def test_a_rollout_and_its_rollback_leave_it_as_it_is(world: World) -> None:
    before = watch(world)
    assert APPLICATION in before
    for hour in ("10", "12"):
        code, said = advance(world, hour)
        assert code == 0, said
    assert own_files(world) == before
    roll_back(world, "13")
    assert own_files(world) == before
    assert world.lockstep("check")[0] == 0


@in_state(began)
def test_a_step_waits_for_it_and_a_rollback_does_not(world: World) -> None:
    watch(world)
    rewrite(world, APPLICATION, lambda text: text.replace("monitoring", "elsewhere"))
    edited = own_files(world)
    code, said = advance(world, "10")
    assert code == 12 and f"{APPLICATION}:" in said, said
    assert "fix: run lockstep render, commit" in said
    roll_back(world, "11")
    assert own_files(world) == edited
    code, said = world.lockstep("check")
    assert code == 10 and APPLICATION in said


@in_state(began)
def test_a_step_waits_while_it_is_not_rendered_yet_or_not_any_more(world: World) -> None:
    watch(world)
    gone = "    destination: prod-observability\n"
    rewrite(world, "clusters/prod/environment.yaml", lambda text: text.replace(gone, ""))
    rewrite(world, f"clusters/{FAMILY}/family.yaml", lambda text: text.replace(SHOWN, ""))
    code, said = advance(world, "10")
    assert code == 12 and f"{OWN}PROVENANCE:1: this folder is not rendered any more" in said, said
    world.must("render")
    publish(world, "render")
    assert not own_files(world)
    code, said = advance(world, "10")
    assert code == 0, said


def test_an_adoption_needs_it_as_rendered(world: World) -> None:
    watch(world)
    rewrite(world, APPLICATION, lambda text: text.replace("monitoring", "elsewhere"))
    code, said = world.lockstep("adopt", FAMILY, "--reason", "by hand")
    assert code == 10 and APPLICATION in said, said
