"""A family over its environments: what is verified where, how far behind, what blocks the next."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lockstep.model.decision import Phase
from lockstep.model.fleet import Family, Fleet
from lockstep.model.side_by_side import EnvironmentStatus, ObstacleKind, OpenProposal, SideBySide
from lockstep.model.status import FamilyStatus, RolloutState
from lockstep.rollout.side_by_side import side_by_side
from lockstep.rollout.status import family_status
from tests.unit.fleets import digest_of
from tests.unit.rollout.ledgers import (
    START,
    adopted,
    decide,
    in_phase,
    proposed,
    rolled_back,
    stepped,
    with_variants,
)
from tests.unit.rollout.test_promotion import after, environments, of, with_family

HOUR = timedelta(hours=1)
LATER = START + 10 * HOUR
NAMES = ("dev", "staging", "prod")


def made(*ledgers: tuple[str, ...], promotion: str = "{bake: 2h}") -> Fleet:
    """Dev, staging and prod, in each of which these versions were verified one after the other."""
    fleet = environments(promotion, *NAMES)
    for name, versions in zip(NAMES, ledgers, strict=True):
        fleet = with_family(fleet, after(of(fleet, name), *versions))
    return fleet


def shown(
    fleet: Fleet,
    now: datetime = LATER,
    proposals: dict[str, tuple[OpenProposal, ...] | str] | None = None,
    *without: FamilyStatus,
) -> SideBySide:
    states = [family_status(fleet, each, now) for each in fleet.families()]
    (found,) = side_by_side(fleet, [*states, *without], proposals or {}, now)
    return found


def at(fleet: Fleet, environment: str, now: datetime = LATER) -> EnvironmentStatus:
    return next(e for e in shown(fleet, now).environments if e.environment == environment)


def reasons(status: EnvironmentStatus) -> list[str]:
    return [each.reason for each in status.obstacles if each.kind is not ObstacleKind.POLICY]


def test_each_environment_comes_after_its_predecessor_with_what_it_has_verified() -> None:
    found = shown(made(("2", "3"), ("2",), ()))
    assert [each.environment for each in found.environments] == ["dev", "staging", "prod"]
    versions = [each.verified and each.verified.version for each in found.environments]
    assert versions == ["3", "2", "1"]
    assert [each.predecessor for each in found.environments] == [None, "dev", "staging"]
    verified = found.environments[0].verified
    assert verified is not None and verified.since == "2026-03-01T10:00:00Z"
    assert verified.digest == digest_of("3") and found.environments[0].serving == ("3",)


def test_behind_is_how_many_versions_the_predecessor_verified_later_and_since_when() -> None:
    fleet = made(("2", "3"), (), ())
    staging, prod = at(fleet, "staging").behind, at(fleet, "prod").behind
    assert staging is not None and (staging.versions, staging.since) == (2, "2026-03-01T09:00:00Z")
    assert prod is not None and (prod.versions, prod.since) == (0, None)


def test_a_family_in_one_environment_or_without_a_predecessor_has_nothing_to_compare() -> None:
    alone = environments("", "prod")
    states = [family_status(alone, each, LATER) for each in alone.families()]
    assert side_by_side(alone, states, {}, LATER) == ()
    dev = at(made(("2",), (), ()), "dev")
    assert (dev.behind, dev.due, dev.obstacles) == (None, None, ())


def test_what_the_predecessor_has_rolled_back_or_never_verified_is_not_behind() -> None:
    fleet = made(("2",), ("2",), ("3",))
    fleet = with_family(fleet, rolled_back(of(fleet, "dev"), "2", START + 5 * HOUR))
    staging, prod = at(fleet, "staging").behind, at(fleet, "prod").behind
    assert staging is not None
    assert (staging.versions, staging.rolled_back_at) == (None, "2026-03-01T13:00:00Z")
    assert prod is not None and (prod.versions, prod.rolled_back_at) == (None, None)


def test_the_version_that_is_due_waits_for_its_bake_and_can_then_be_promoted() -> None:
    fleet = made(("2",), ("2",), ())
    prod = at(fleet, "prod", START + 2 * HOUR)
    assert prod.due is not None and prod.due.version == "2" and prod.is_blocked
    assert [each.until for each in prod.obstacles] == ["2026-03-01T11:00:00Z"]
    done = at(fleet, "prod", START + 3 * HOUR)
    assert done.due is not None and done.obstacles == () and not done.is_blocked


def test_an_environment_without_a_policy_is_promoted_to_by_hand() -> None:
    staging = at(made(("2",), (), ()), "staging")
    kinds = [each.kind for each in staging.obstacles]
    assert kinds == [ObstacleKind.POLICY] and not staging.is_blocked
    assert "no spec.promotion" in staging.obstacles[0].reason


@pytest.mark.parametrize(
    ("version", "says"),
    [("2", "it is proposed there as version 2"), ("3", "version 3 is proposed there")],
)
def test_a_rollout_that_is_not_over_blocks_the_next_one(version: str, says: str) -> None:
    fleet = made(("2",), ("2",), ())
    fleet = with_family(fleet, proposed(of(fleet, "prod"), version))
    assert reasons(at(fleet, "prod")) == [says]


@pytest.mark.parametrize(
    ("proposal", "says"),
    [
        (OpenProposal("lockstep/prod/fraud/2-a", "2", digest_of("2")), "its proposal is open on"),
        (
            OpenProposal("lockstep/prod/fraud/3-a", "3", digest_of("3")),
            "version '3' is proposed on",
        ),
    ],
)
def test_an_open_proposal_blocks_another_one(proposal: OpenProposal, says: str) -> None:
    found = shown(made(("2",), ("2",), ()), LATER, {"prod/fraud": (proposal,)})
    (reason,) = reasons(found.environments[-1])
    assert says in reason and proposal.branch in reason


def test_proposals_that_are_not_known_are_taken_for_an_obstacle() -> None:
    found = shown(made(("2",), ("2",), ()), LATER, {"prod/fraud": "origin did not answer"})
    assert reasons(found.environments[-1]) == [
        "open proposals are not known: origin did not answer"
    ]


def test_a_quarantine_here_or_before_blocks_the_version() -> None:
    fleet = made(("2",), ("2",), ())
    bad = stepped(proposed(of(fleet, "prod"), "2"), "2", {"a": 10})
    fleet = with_family(fleet, rolled_back(bad, "2", START + 5 * HOUR))
    (reason,) = reasons(at(fleet, "prod"))
    assert "is in quarantine since 2026-03-01T13:00:00Z" in reason


def test_a_later_quarantine_is_shown_in_each_earlier_environment_that_has_the_version() -> None:
    fleet = made(("2", "3"), ("2",), ())
    bad = stepped(proposed(of(fleet, "prod"), "2"), "2", {"a": 10})
    fleet = with_family(fleet, rolled_back(bad, "2", START + 5 * HOUR))
    (later,) = at(fleet, "staging").quarantined_later
    assert (later.environment, later.version) == ("prod", "2")
    assert (later.since, later.reason) == ("2026-03-01T13:00:00Z", "because")
    assert at(fleet, "dev").quarantined_later == (), "dev has gone on to version 3"
    assert at(fleet, "prod").quarantined_later == ()


def test_a_rollback_in_an_earlier_environment_is_not_a_later_quarantine() -> None:
    fleet = made(("2",), ("2",), ("2",))
    fleet = with_family(fleet, rolled_back(of(fleet, "dev"), "2", START + 5 * HOUR))
    assert at(fleet, "prod").quarantined_later == ()


def test_a_version_that_is_older_than_what_serves_is_not_due_by_itself() -> None:
    fleet = made(("2", "3"), ("3",), ())
    dev = rolled_back(of(fleet, "dev"), "3", START + 5 * HOUR, quarantines=False)
    (reason,) = reasons(at(with_family(fleet, dev), "staging"))
    assert reason.startswith("it is older: version 3 serves in staging/fraud")


def test_what_the_predecessor_does_not_know_is_compared_by_number_in_one_registry() -> None:
    fleet = made((), ("2",), ("3",))
    (reason,) = reasons(at(fleet, "prod"))
    assert "version 2 was registered before it" in reason
    own = at(with_registries(fleet), "prod")
    assert reasons(own) == [], "numbers of two registries cannot be compared"


def with_registries(fleet: Fleet) -> Fleet:
    """The same, with a registry of its own in each environment."""
    environments = {}
    for name, home in fleet.environments.items():
        own = {"registries": {"mlflow": {"address": f"https://{name}.example.com"}}}
        value = {**home.document.value, "spec": {**home.spec, **own}}
        environments[name] = replace(home, document=replace(home.document, value=value))
    return replace(fleet, environments=environments)


def test_a_predecessor_that_is_shifted_diverged_or_unreadable_has_nothing_to_give() -> None:
    fleet = made((), ("2",), ())
    shifted = with_family(fleet, replace_name(in_phase(Phase.SHIFTED), fleet, "staging"))
    prod = at(shifted, "prod")
    assert prod.due is None and "is being rolled back from version 2" in reasons(prod)[0]
    edited = with_variants(of(fleet, "staging"), {"name": "stable", "version": "3", "weight": 100})
    prod = at(with_family(fleet, edited), "prod")
    assert prod.due is None and "has diverged" in reasons(prod)[0]


def replace_name(family: Family, fleet: Fleet, environment: str) -> Family:
    """The same phase in another environment."""
    made_there = adopted(of(fleet, environment))
    made_there = stepped(proposed(made_there, "2"), "2", {"a": 10})
    last = family.records[-1].decision
    return decide(made_there, last.action, last.to, "2", dict(last.variants))


def test_a_family_that_cannot_be_read_is_still_one_of_the_environments() -> None:
    fleet = made(("2",), (), ())
    staging = replace(fleet.environments["staging"], families={})
    fleet = replace(fleet, environments={**fleet.environments, "staging": staging})
    unreadable = FamilyStatus("staging", "fraud", "", RolloutState.MALFORMED)
    found = shown(fleet, LATER, None, unreadable)
    states = {each.environment: each.state for each in found.environments}
    assert states["staging"] is RolloutState.MALFORMED
    assert found.environments[-1].predecessor is None
