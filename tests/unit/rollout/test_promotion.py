"""The rules of promotions, judged by the records of two environments."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.fleet import Family, Fleet
from lockstep.model.promotion import Obstacle, VerifiedVersion
from lockstep.model.times import format_time
from lockstep.rollout.position import current_variants
from lockstep.rollout.promotion import (
    policy_of,
    promotable,
    quarantined,
    routes,
    serves_everywhere,
    still_bakes,
    why_older,
)
from lockstep.rollout.verified_versions import (
    rolled_back_since,
    serves_since,
    verified_now,
    verified_of,
)
from lockstep.spec import variants as forms
from lockstep.spec.ledger import file_of
from tests.unit.fleets import digest_of, family, fleet, tree
from tests.unit.rollout.ledgers import (
    START,
    STEADY,
    VERIFIED,
    adopted,
    decide,
    proposed,
    rolled_back,
    stepped,
    verified,
    with_variants,
)

HOUR = timedelta(hours=1)
SETTINGS = "clusters/{}/environment.yaml"


def environments(promotion: str = "", *names: str) -> Fleet:
    """The family in several environments, by default staging and prod, each after the one before.

    ``promotion`` is ``spec.promotion`` of the last.
    """
    names = names or ("staging", "prod")
    files: dict[str, bytes] = {}
    for before, name in zip((None, *names), names, strict=False):
        for path, data in tree().items():
            text = data.decode().replace("name: prod", f"name: {name}")
            text = text.replace("environment: prod", f"environment: {name}")
            if path.endswith("environment.yaml") and before:
                policy = f", promotion: {promotion}" if promotion and name == names[-1] else ""
                text = text.replace("regions: []", f"regions: [], predecessor: {before}{policy}")
            files[path.replace("/prod/", f"/{name}/")] = text.encode()
    return fleet(files)


def of(made: Fleet, environment: str) -> Family:
    return made.environments[environment].families["fraud"]


def with_family(made: Fleet, changed: Family) -> Fleet:
    home = made.environments[changed.environment]
    home = replace(home, families={**home.families, changed.name: changed})
    return replace(made, environments={**made.environments, home.name: home})


def after(made: Family, *versions: str) -> Family:
    """Adopted with version 1, then each of the versions verified, an hour apart."""
    made = adopted(made)
    for hours, version in enumerate(versions, start=1):
        made = verified(
            proposed(made, version, START + hours * HOUR), version, START + hours * HOUR
        )
    return made


def promoted(made: Family) -> VerifiedVersion | Obstacle:
    return promotable(with_family(environments(), made), made)


def staging() -> Family:
    return of(environments(), "staging")


def test_the_version_of_the_newest_verified_state_is_promoted() -> None:
    made = after(staging(), "2")
    found = promoted(made)
    assert isinstance(found, VerifiedVersion)
    assert (found.environment, found.family, found.version) == ("staging", "fraud", "2")
    newest = made.records[-1]
    assert (found.sequence, found.record, found.digest) == (3, newest.digest, digest_of("2"))
    source = found.source
    assert (source.environment, source.version, source.sequence) == ("staging", "2", 3)
    assert source.record == newest.digest


def test_a_candidate_is_not_promoted_and_the_version_below_it_is() -> None:
    made = after(staging(), "2")
    made = stepped(proposed(made, "3", START + 2 * HOUR), "3", {"a": 10}, START + 3 * HOUR)
    found = promoted(made)
    assert isinstance(found, VerifiedVersion) and found.version == "2"


def test_after_a_rollback_it_is_the_version_that_was_restored() -> None:
    made = after(staging(), "2")
    made = stepped(proposed(made, "3", START + 2 * HOUR), "3", {"a": 10}, START + 3 * HOUR)
    found = promoted(rolled_back(made, "3", START + 4 * HOUR))
    assert isinstance(found, VerifiedVersion) and found.version == "2"
    # The verified version itself was rolled back: the state before it serves again.
    found = promoted(rolled_back(after(staging(), "2"), "2", START + 4 * HOUR))
    assert isinstance(found, VerifiedVersion) and found.version == "1"


def test_nothing_is_promoted_from_a_family_without_a_verified_version() -> None:
    found = promoted(staging())
    assert isinstance(found, Obstacle) and "has verified none" in found.text


def test_nothing_is_promoted_from_a_family_that_has_diverged_or_has_broken_records() -> None:
    edited = with_variants(after(staging(), "2"), {"name": "stable", "version": "1", "weight": 100})
    found = promoted(edited)
    assert isinstance(found, Obstacle) and "diverged" in found.text
    made = after(staging(), "2")
    last = made.records[-1]
    broken = replace(made, records=made.records[:-1], broken=(file_of(last),))
    found = promoted(broken)
    assert isinstance(found, Obstacle) and "diverged" in found.text


def test_nothing_is_promoted_between_the_halves_of_a_rollback() -> None:
    made = stepped(proposed(after(staging(), "2"), "3"), "3", {"a": 10}, START + 3 * HOUR)
    shifted = {c.name: forms.shifted(c.variants, "3") for c in made.clusters}
    made = decide(made, Action.SHIFT, Position(Phase.SHIFTED), "3", shifted)
    found = promoted(made)
    assert isinstance(found, Obstacle) and found.waits
    assert "rolled back from version 3" in found.text and "lockstep advance" in found.fix


def test_a_state_of_several_versions_has_none_to_promote() -> None:
    made = staging()
    variants = current_variants(made)
    first = next(iter(variants))
    variants[first] = [{"name": "stable", "version": "2", "weight": 100}]
    made = decide(made, Action.ADOPT, STEADY, "2", variants, verified_state=VERIFIED)
    found = promoted(made)
    assert isinstance(found, Obstacle) and "several versions" in found.text


def test_a_version_that_was_rolled_back_is_not_verified_until_it_is_verified_again() -> None:
    made = after(staging(), "2")
    assert verified_of(made, digest_of("2")) is not None
    made = rolled_back(made, "2", START + 3 * HOUR)
    assert verified_of(made, digest_of("2")) is None
    assert rolled_back_since(made, 3, digest_of("2")) is not None
    made = decide(made, Action.RELEASE, STEADY, "2", now=START + 4 * HOUR)
    assert verified_of(made, digest_of("2")) is None, "a release verifies nothing"
    made = verified(proposed(made, "2", START + 5 * HOUR), "2", START + 6 * HOUR)
    again = verified_of(made, digest_of("2"))
    assert again is not None and again.sequence == made.records[-1].decision.sequence


def test_a_withdrawn_proposal_of_an_older_version_is_no_rollback_of_it() -> None:
    made = after(staging(), "2", "3")
    made = proposed(made, "2", START + 4 * HOUR)
    made = rolled_back(made, "2", START + 5 * HOUR, quarantines=False)
    found = verified_of(made, digest_of("2"))
    assert found is not None and found.sequence == 3
    # Nor does it begin the bake of the version anew that has served meanwhile.
    serving = verified_now(made)
    assert serving is not None and serving.version == "3"
    assert format_time(serves_since(made, serving)) == serving.since


def test_content_that_was_never_verified_is_not_found() -> None:
    made = proposed(after(staging(), "2"), "3", START + 3 * HOUR)
    assert verified_of(made, digest_of("3")) is None
    assert verified_of(made, "") is None


def test_a_version_in_quarantine_in_the_target_or_before_it_is_found_by_its_content() -> None:
    made = environments("", "dev", "staging", "prod")
    source = after(of(made, "staging"), "2")
    made = with_family(made, source)
    version = verified_now(source)
    assert version is not None and quarantined(made, of(made, "prod"), version) is None
    bad = rolled_back(proposed(adopted(of(made, "prod")), "2"), "2")
    found = quarantined(with_family(made, bad), bad, version)
    assert found is not None and "quarantine since 2026-03-01" in found.text
    first = rolled_back(proposed(adopted(of(made, "dev")), "2"), "2")
    below = with_family(made, first)
    assert quarantined(below, of(below, "prod"), version) is not None
    assert isinstance(promotable(below, source), Obstacle)
    later = with_family(made, bad)
    assert isinstance(promotable(later, source), VerifiedVersion), "it may still serve in staging"


def test_older_is_what_the_predecessor_verified_before_what_serves() -> None:
    source = after(staging(), "2", "3")
    target = adopted(of(environments(), "prod"))
    for version, now, older in (("2", "3", True), ("3", "2", False), ("2", "2", False)):
        serving = with_variants(target, {"name": "stable", "version": now, "weight": 100})
        found = verified_of(source, digest_of(version))
        assert found is not None
        assert bool(why_older(source, serving, found)) is older
    serving = with_variants(target, {"name": "stable", "version": "3", "weight": 100})
    found = verified_of(source, digest_of("2"))
    assert found is not None and "has verified later, as its version 3 in record 5" in why_older(
        source, serving, found
    )


def test_a_rollback_in_the_predecessor_makes_the_restored_version_older_than_what_is_promoted() -> (
    None
):
    source = rolled_back(after(staging(), "2"), "2", START + 3 * HOUR)
    target = adopted(of(environments(), "prod"))
    serving = with_variants(target, {"name": "stable", "version": "2", "weight": 100})
    restored = verified_now(source)
    assert restored is not None and restored.version == "1"
    assert "has verified later" in why_older(source, serving, restored)


@pytest.mark.parametrize(
    ("number", "older"), [("2", True), ("3", True), ("10", False), (None, False), ("x", True)]
)
def test_what_the_predecessor_does_not_know_is_compared_by_number(
    number: str | None, older: bool
) -> None:
    source = after(staging(), "2")
    target = with_variants(
        adopted(of(environments(), "prod")), {"name": "stable", "version": "3", "weight": 100}
    )
    found = verified_now(source)
    assert found is not None
    assert bool(why_older(source, target, found, number)) is older


def test_a_version_serves_where_its_content_has_all_traffic_everywhere() -> None:
    target = adopted(of(environments(), "prod"))
    assert serves_everywhere(target, digest_of("1"))
    assert not serves_everywhere(target, digest_of("2"))
    rolling = stepped(proposed(target, "2"), "2", {"a": 10})
    assert not serves_everywhere(rolling, digest_of("1"))


def test_an_environment_may_ask_for_a_bake_in_its_predecessor() -> None:
    made = environments("{bake: 24h}")
    source = after(of(made, "staging"), "2")  # verified an hour after START
    version, prod = verified_now(source), made.environments["prod"]
    assert version is not None
    waits = still_bakes(prod, source, version, START + 24 * HOUR)
    assert waits is not None and waits.waits and waits.until == "2026-03-02T09:00:00Z"
    assert "asks for 24h: until 2026-03-02T09:00:00Z" in waits.text
    assert still_bakes(prod, source, version, START + 25 * HOUR) is None
    for bake in ("24", "tomorrow", "[24h]"):
        odd = environments(f"{{bake: {bake}}}").environments["prod"]
        never = still_bakes(odd, source, version, START + 9999 * HOUR)
        assert never is not None and not never.waits and "spec.promotion.bake" in never.text
    without = environments("{automatic: [fraud]}").environments["prod"]
    assert still_bakes(without, source, version, START + HOUR) is None


def test_a_bake_begins_again_where_another_version_had_all_traffic_meanwhile() -> None:
    made = after(staging(), "2", "3")
    assert (found := verified_of(made, digest_of("2"))) and serves_since(
        made, found
    ) == START + HOUR
    made = rolled_back(made, "3", START + 9 * HOUR)
    found = verified_now(made)
    assert found is not None and found.version == "2"
    assert serves_since(made, found) == START + 9 * HOUR
    # A candidate with a part of the traffic interrupts nothing.
    made = after(staging(), "2")
    made = stepped(proposed(made, "3", START + 2 * HOUR), "3", {"a": 10}, START + 3 * HOUR)
    made = rolled_back(made, "3", START + 4 * HOUR)
    found = verified_now(made)
    assert found is not None and serves_since(made, found) == START + HOUR


def test_routes_go_from_the_first_environment_to_the_last() -> None:
    made = environments("", "dev", "staging", "prod")
    assert [each.title for each in routes(made)] == ["staging/fraud", "prod/fraud"]
    assert [each.source.environment for each in routes(made, "fraud")] == ["dev", "staging"]
    assert routes(made, "other") == [] and routes(fleet()) == []


def test_the_policy_of_an_environment_is_none_where_it_declares_none() -> None:
    assert policy_of(environments().environments["prod"]) is None
    declared = policy_of(environments("{bake: 24h, automatic: [fraud]}").environments["prod"])
    assert declared is not None
    assert declared.bake == "24h" and declared.automatic == frozenset(["fraud"])


def test_the_family_of_one_environment_has_no_route() -> None:
    assert routes(fleet(tree()), family().name) == []
