"""``lockstep revert``, row by row of its table, and each row a second time a minute later."""

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.acceptance.rollouts import (
    DAY,
    EU,
    US,
    advance,
    last_record,
    publish,
    rewrite,
    roll,
    share_with_arm,
)
from tests.acceptance.world import FAMILY, REGIONS, World, copy_world, git
from tests.unit.mlflow_store import forget_default_store

# States


def proposed(world: World) -> None:
    world.merge_proposal("2", at=f"{DAY}08:00:00Z")


def rolling(world: World) -> None:
    """Version 2 has all traffic of the first region, and a tenth of the second's."""
    roll(world, "08", "10", "12")


def at_the_last_step(world: World) -> None:
    roll(world, "08", "10", "12", "14")


def verified(world: World) -> None:
    at_the_last_step(world)
    assert advance(world, "16")[0] == 0


def held(world: World) -> None:
    rolling(world)
    world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}13:00:00Z")


def shifted(world: World) -> None:
    """The restore waits, because version 1 is no longer in the registry."""
    import mlflow

    rolling(world)
    mlflow.MlflowClient(world.registry, world.registry).delete_model_version("scoring", "1")
    revert(world, hour="13")
    assert live(world).actions[-1] == "shift"


def experiment(world: World) -> None:
    """An arm with version 2 has 30 percent, and the stable version 1 the rest."""
    share_with_arm(world, 70)
    world.must("adopt", FAMILY, "--reason", "an A/B test", at=f"{DAY}08:00:00Z")


def experiment_in_rollout(world: World) -> None:
    experiment(world)
    roll(world, "09", version="3")


def steady(world: World) -> None:
    """As adopted."""


State = Callable[[World], None]


@pytest.fixture(scope="module")
def made(template: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[State, World]]:
    """Each state is made once, when a test asks for it first, and only ever copied."""
    yield _States(template, tmp_path_factory.mktemp("states"))
    forget_default_store()


class _States(dict[State, World]):
    def __init__(self, template: World, folder: Path) -> None:
        self.template, self.folder = template, folder

    def __missing__(self, state: State) -> World:
        world = copy_world(self.template, self.folder / state.__name__)
        state(world)
        self[state] = world
        return world


@pytest.fixture
def world(request: pytest.FixtureRequest, made: dict[State, World], tmp_path: Path) -> World:
    """A copy of the state that a test names with ``@in_state``."""
    return copy_world(made[request.param], tmp_path / "world")


def in_state(*states: State) -> pytest.MarkDecorator:
    """The world of a test, one test for each of these states."""
    return pytest.mark.parametrize("world", states, ids=lambda state: state.__name__, indirect=True)


# What is live


@dataclass(frozen=True)
class Live:
    """What the followed branch says at the remote, by region where regions may differ."""

    traffic: dict[str, dict[str, int]]
    pods: dict[str, set[str]]
    actions: list[str]
    quarantine: set[str]
    tip: str

    @property
    def everywhere(self) -> dict[str, int]:
        """The versions with weight; the regions must agree."""
        first, *others = self.traffic.values()
        assert all(other == first for other in others), self.traffic
        return first


def live(world: World) -> Live:
    packed = subprocess.run(
        ["git", "archive", "main"], cwd=world.origin, capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    traffic, pods, paths = {}, {}, "\n".join(files)
    for region in REGIONS:
        spec = yaml.safe_load(files[f"clusters/{FAMILY}/{region}.yaml"])["spec"]
        folder = f"rendered/prod/clusters/scoring-{region}/"
        routes = yaml.safe_load(files[f"{folder}virtualservice.yaml"])["spec"]["http"][-1]["route"]
        traffic[region] = {v["version"]: v["weight"] for v in spec["variants"] if v["weight"]}
        routed = {r["destination"]["subset"][1:]: r.get("weight", 100) for r in routes}
        assert {v: w for v, w in routed.items() if w} == traffic[region], "spec and manifests"
        pods[region] = set(re.findall(rf"^{folder}deployment-v(.+)\.yaml$", paths, re.MULTILINE))
    ledger = sorted(path for path in files if path.startswith(f"ledger/{FAMILY}/"))
    listed = yaml.safe_load(
        files.get(f"clusters/{FAMILY}/quarantine.yaml", b"spec: {versions: []}")
    )
    return Live(
        traffic, pods, [_action(files[path]) for path in ledger],
        {entry["version"] for entry in listed["spec"]["versions"]},
        git(world.origin, "rev-parse", "main"),
    )  # fmt: skip


def _action(record: bytes) -> str:
    try:
        return str(json.loads(record)["spec"]["action"])
    except ValueError:
        return "unreadable"


def revert(world: World, *version: str, hour: str = "13", minute: str = "00") -> tuple[int, str]:
    return world.lockstep(
        "revert", FAMILY, *version, "--reason", "bad", at=f"{DAY}{hour}:{minute}:00Z"
    )


@dataclass(frozen=True)
class Twice:
    """A revert, and the same a minute later, which never commits anything."""

    before: Live
    after: Live
    first: str
    second: str

    @property
    def added(self) -> list[str]:
        return self.after.actions[len(self.before.actions) :]


def twice(
    world: World,
    *version: str,
    codes: tuple[int, int] = (0, 0),
    hour: str = "17",
    intact: bool = True,
) -> Twice:
    """``intact`` says that people left the ledger as it was."""
    before = live(world)
    code, first = revert(world, *version, hour=hour)
    assert code == codes[0], first
    after = live(world)
    again, second = revert(world, *version, hour=hour, minute="01")
    assert again == codes[1], second
    assert live(world) == after, second
    if intact:
        assert world.lockstep("check")[0] == 0 or "diverged" in world.lockstep("status")[1]
        assert world.lockstep("audit", "--replay")[0] == 0
    return Twice(before, after, first, second)


def nothing_moved(done: Twice) -> bool:
    return done.before == done.after


# The rows


@in_state(rolling, at_the_last_step, held)
def test_the_candidate_with_weight_is_shifted_restored_and_quarantined(world: World) -> None:
    done = twice(world, "2")
    assert done.added == ["shift", "restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}
    assert all(versions == {"1"} for versions in done.after.pods.values())
    assert "version '2' serves nowhere; versions that serve: 1" in done.second


@in_state(proposed)
def test_a_candidate_without_weight_that_is_named_is_quarantined(world: World) -> None:
    done = twice(world, "2")
    assert done.added == ["restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}


@in_state(experiment)
def test_the_weight_of_an_arm_goes_back_to_the_stable_version(world: World) -> None:
    done = twice(world, "2")
    assert done.before.everywhere == {"1": 70, "2": 30}
    assert done.added == ["retire"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}
    assert "the experiment arms of version 2 are retired: bad" in done.first
    assert "serves nowhere" in done.second
    code, said = revert(world, hour="18")
    assert (code, "arms of version 2 were retired" in said) == (0, True)
    assert live(world) == done.after
    roll(world, "19", version="3")
    assert live(world).traffic["us-east-1"] == {"1": 90, "3": 10}


@in_state(experiment_in_rollout)
def test_the_weight_of_an_arm_goes_back_to_the_roles_of_a_rollout(world: World) -> None:
    done = twice(world, "2", hour="10")
    assert done.before.traffic["us-east-1"] == {"1": 63, "2": 30, "3": 7}
    assert done.added == ["retire"] and done.after.quarantine == {"2"}
    assert done.after.traffic == {"us-east-1": {"1": 90, "3": 10}, "eu-west-1": {"1": 100}}
    assert world.lockstep("check", "--base", "HEAD~1")[0] == 0
    assert advance(world, "11")[0] == 0, "the rollout goes on"
    further = twice(world, "3")
    assert further.added == ["shift", "restore"]
    assert further.after.everywhere == {"1": 100}, "the arm does not come back with the state"
    assert all(versions == {"1"} for versions in further.after.pods.values())
    assert further.after.quarantine == {"2", "3"}
    restored = world.records()[-1]["spec"]["restored"]
    assert restored["exact"] is False
    assert restored["changed"] == [f"{path}#/spec/variants" for path in (EU, US)]


@in_state(rolling, held)
def test_the_stable_version_is_not_reverted_below_a_rollout(world: World) -> None:
    done = twice(world, "1", codes=(12, 12))
    assert nothing_moved(done)
    assert "version 2 is rolling out; revert it first" in done.first
    assert "lockstep revert prod/scoring 2 --reason" in done.first


@in_state(shifted)
@pytest.mark.parametrize("version", [("2",), ()], ids=["named", "without a name"])
def test_a_due_restore_is_made_or_says_what_it_waits_for(
    world: World, version: tuple[str, ...]
) -> None:
    done = twice(world, *version, codes=(12, 12))
    assert nothing_moved(done) and done.after.everywhere == {"1": 100}
    assert "the rollback is blocked" in done.first and "Notify" in done.first
    (world.folder / "mlflow.db").unlink()  # not reachable is not an answer
    made = twice(world, *version, hour="18")
    assert made.added == ["restore"] and made.after.quarantine == {"2"}
    assert all(versions == {"1"} for versions in made.after.pods.values())


@in_state(shifted)
def test_advance_makes_a_due_restore_too(world: World) -> None:
    assert advance(world, "17")[0] == 12
    (world.folder / "mlflow.db").unlink()
    assert advance(world, "18")[0] == 12
    after = live(world)
    assert after.actions[-1] == "restore" and after.everywhere == {"1": 100}
    assert advance(world, "19")[0] == 0 and live(world) == after


@in_state(steady, rolling, experiment)
def test_a_version_that_serves_nowhere_is_only_reported(world: World) -> None:
    done = twice(world, "3")
    assert nothing_moved(done)
    assert "version '3' serves nowhere" in done.first == done.second
    code, said = revert(world, "no-such-version", hour="18")
    assert code == 0 and "version 'no-such-version' serves nowhere" in said


@in_state(rolling, at_the_last_step, held)
def test_without_a_version_the_candidate_is_rolled_back(world: World) -> None:
    done = twice(world)
    assert done.added == ["shift", "restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}
    assert "version 2 was rolled back at 2026-03-01T17:00:00Z by A runner" in done.second


@in_state(proposed)
@pytest.mark.parametrize("hold", [False, True])
def test_a_proposal_is_withdrawn_without_quarantine(world: World, hold: bool) -> None:
    if hold:
        world.must("hold", FAMILY, "--reason", "a question", at=f"{DAY}09:00:00Z")
    done = twice(world)
    assert done.added == ["restore"]
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == set()
    assert "the proposal of version 2 is withdrawn: bad" in done.first
    world.must("propose", FAMILY, "2", at=f"{DAY}18:00:00Z")


@in_state(steady, verified, experiment)
def test_a_steady_family_asks_for_the_version(world: World) -> None:
    done = twice(world, codes=(12, 12))
    assert nothing_moved(done)
    for version in done.after.everywhere:
        assert f"lockstep revert prod/scoring {version} --reason" in done.first


@in_state(verified)
def test_a_stable_version_is_restored_to_the_state_before(world: World) -> None:
    done = twice(world, "2")
    assert done.before.everywhere == {"2": 100} and done.after.everywhere == {"1": 100}
    assert done.added == ["restore"] and done.after.quarantine == {"2"}
    assert world.records()[-1]["spec"]["restored"]["exact"] is True
    last = twice(world, "1", codes=(12, 12), hour="18")
    assert nothing_moved(last) and "no verified state to return to" in last.first


@in_state(verified)
def test_a_version_whose_lock_was_deleted_can_still_be_rolled_back(world: World) -> None:
    (world.clone / f"clusters/{FAMILY}/locks/2.yaml").unlink()
    publish(world)
    done = twice(world, "2")
    assert done.after.everywhere == {"1": 100} and done.after.quarantine == {"2"}


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
