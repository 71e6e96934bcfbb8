"""What follows a merge: which step, which wave, when at the earliest."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lockstep.model.decision import Phase
from lockstep.model.fleet import Environment, Family
from lockstep.model.forecast import Follow
from lockstep.rollout.forecast import forecast
from tests.unit.fleets import ENVIRONMENT, FAMILY, family, fleet, tree
from tests.unit.rollout.ledgers import START, in_phase

HOME = fleet().environments["prod"]


def with_environment(more: bytes) -> Environment:
    """The environment with further fields of its spec."""
    text = ENVIRONMENT.replace(b"regions: []", b"regions: [], " + more)
    files = {**tree(), "clusters/prod/environment.yaml": text}
    return fleet(files).environments["prod"]


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        (Phase.NEW, Follow.ADOPT),
        (Phase.STEADY, Follow.NOTHING),
        (Phase.PROPOSED, Follow.STEPS),
        (Phase.ROLLING, Follow.STEPS),
        (Phase.HELD, Follow.RESUME),
        (Phase.SHIFTED, Follow.RESTORE),
    ],
)
def test_each_phase_goes_on_in_its_own_way(phase: Phase, kind: Follow) -> None:
    found = forecast(in_phase(phase), HOME, START)
    assert found.kind is kind
    assert bool(found.steps) == (kind is Follow.STEPS)
    assert found.version == ("2" if phase not in (Phase.NEW, Phase.STEADY) else "")


def test_a_proposal_starts_at_once_and_each_step_bakes() -> None:
    found = forecast(in_phase(Phase.PROPOSED), HOME, START + timedelta(hours=1))
    steps = [(each.wave, each.step, each.regions, each.weight, each.at) for each in found.steps]
    assert steps == [
        (1, 1, ("a",), 10, "2026-03-01T09:00:00Z"),
        (1, 2, ("a",), 100, "2026-03-01T10:00:00Z"),
        (2, 1, ("b", "c"), 10, "2026-03-01T12:00:00Z"),
        (2, 2, ("b", "c"), 100, "2026-03-01T13:00:00Z"),
    ]
    assert found.verified_at == "2026-03-01T15:00:00Z"
    assert (found.waves, found.steps_of_wave, found.gates) == (2, 2, ("fpr",))


def test_a_running_step_has_to_bake_first_and_does_not_bake_again_at_the_merge() -> None:
    rolling = in_phase(Phase.ROLLING)
    early, late = (forecast(rolling, HOME, START + timedelta(hours=h)) for h in (0, 5))
    assert (early.steps[0].wave, early.steps[0].step) == (1, 2)
    assert early.steps[0].at == "2026-03-01T09:00:00Z"
    assert late.steps[0].at == "2026-03-01T13:00:00Z"


def test_freezes_delay_and_are_named_but_only_those_of_the_family() -> None:
    frozen = with_environment(
        b"freezes: [{name: sales, reason: many orders, from: '2026-03-01T08:30:00Z', "
        b"until: '2026-03-02T08:00:00Z'}, {name: others, reason: theirs, families: [search], "
        b"from: '2026-03-01T08:00:00Z', until: '2026-04-01T08:00:00Z'}]"
    )
    found = forecast(in_phase(Phase.PROPOSED), frozen, START)
    # The first step is before the freeze, the second one would be in it.
    assert [each.at for each in found.steps[:3]] == [
        "2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z",
    ]  # fmt: skip
    assert found.freezes == ("sales",)


def test_a_calendar_without_a_free_day_ends() -> None:
    always = with_environment(b"freezes: [{name: always, reason: x, cron: '* * * * *', lasts: 9d}]")
    assert forecast(in_phase(Phase.PROPOSED), always, START).freezes == ("always",)


def diverged() -> Family:
    rolling = in_phase(Phase.ROLLING)
    edited = family(tree('{name: stable, version: "9", weight: 100}'))
    return replace(rolling, clusters=edited.clusters)


def test_specs_that_are_not_those_of_the_record_move_nothing_and_say_why() -> None:
    found = forecast(diverged(), HOME, START)
    assert found.kind is Follow.SETTLE and "fraud-a has stable 9@100" in found.reason


def test_other_waves_in_the_middle_of_a_rollout_move_nothing() -> None:
    files = tree()
    files["clusters/prod/fraud/family.yaml"] = FAMILY.replace(b"[a], [b, c]", b"[b], [a, c]")
    other = replace(in_phase(Phase.ROLLING), document=family(files).document)
    found = forecast(other, HOME, START)
    assert found.kind is Follow.SETTLE and "waves or weights" in found.reason


def test_a_gate_of_a_proposal_is_on_the_way_until_the_first_step_alone() -> None:
    files = tree()
    more = b"    - {name: first, source: mlflow, metric: auc, dataset: d, min: 1, when: propose}\n"
    files["clusters/prod/fraud/family.yaml"] = FAMILY + more
    document = family(files).document
    gates = [
        forecast(replace(in_phase(phase), document=document), HOME, START).gates
        for phase in (Phase.PROPOSED, Phase.ROLLING)
    ]
    assert gates == [("fpr", "first"), ("fpr",)]
