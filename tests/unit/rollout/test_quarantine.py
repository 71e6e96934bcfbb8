"""Quarantine: the ledger is the truth, and no edit of the file frees a version."""

from dataclasses import replace
from typing import Any

import pytest

from lockstep.model.decision import Action
from lockstep.model.document import Document
from lockstep.model.fleet import Environment, Family, Fleet
from lockstep.model.ledger import LedgerHistory
from lockstep.rollout.chain import judged
from lockstep.rollout.quarantine import (
    entries_of,
    from_ledger,
    in_force,
    matches,
    write_quarantine,
)
from lockstep.spec.yaml.load import load_yaml
from tests.unit.fleets import digest_of, fleet, tree
from tests.unit.fleets import family as plain_family
from tests.unit.rollout.ledgers import STEADY, adopted, decide


def with_file(made: Family, value: Any) -> Family:
    document = Document("clusters/prod/fraud/quarantine.yaml", value)
    return replace(made, quarantine=document)


def entry(version: str, **changes: Any) -> dict[str, Any]:
    return {
        "registry": "mlflow", "model": "fraud", "version": version, "digest": digest_of(version),
        "since": "2026-03-01T08:00:00Z", "decision": digest_of("x"), "reason": "by hand", **changes,
    }  # fmt: skip


def quarantined(*versions: str) -> Family:
    made = adopted(plain_family())
    for version in versions:
        made = decide(made, Action.RESTORE, STEADY, version, quarantines=True)
    return made


def released(made: Family, version: str) -> Family:
    return decide(made, Action.RELEASE, STEADY, version)


def versions(entries: list[Any]) -> list[str]:
    return [each["version"] for each in entries]


def test_an_entry_says_what_when_and_by_which_decision() -> None:
    made = quarantined("2")
    assert from_ledger(made) == entries_of(made) == [
        entry("2", decision=made.records[-1].decision.id, reason="because")
    ]  # fmt: skip


def test_a_release_ends_it_and_a_second_rollback_begins_it_again() -> None:
    made = released(quarantined("2", "3"), "2")
    assert versions(entries_of(made)) == ["3"]
    again = decide(made, Action.RESTORE, STEADY, "2", quarantines=True)
    assert sorted(versions(entries_of(again))) == ["2", "3"]


@pytest.mark.parametrize(
    "value",
    [None, [], "x", {"spec": None}, {"spec": {"versions": {}}}, {"spec": {"versions": ["2", None]}},
     {"spec": {"versions": []}}],
)  # fmt: skip
def test_deleting_lines_or_the_file_frees_nothing(value: Any) -> None:
    assert versions(entries_of(with_file(quarantined("2"), value))) == ["2"]


@pytest.mark.parametrize(
    "change",
    [{"version": "99"}, {"model": "other"}, {"registry": "other"}, {"digest": digest_of("9")},
     {"digest": []}, {"version": {}}, {"digest": None}],
)  # fmt: skip
def test_an_edited_line_does_not_stand_for_the_one_in_the_ledger(change: dict[str, Any]) -> None:
    made = with_file(quarantined("2"), {"spec": {"versions": [entry("2") | change]}})
    found = entries_of(made)
    assert len(found) == 2
    asked = {"registry": "mlflow", "model": "fraud", "version": "2"}
    assert any(matches(each, digest="sha256:re-registered", **asked) for each in found)
    assert any(matches(each, digest=digest_of("2"), **asked) for each in found)


def test_an_unedited_line_stands_for_its_entry_and_a_line_by_hand_binds_too() -> None:
    made = quarantined("2")
    lines = [*entries_of(made), entry("3")]
    assert entries_of(with_file(made, {"spec": {"versions": lines}})) == lines


def test_a_released_version_is_free_though_its_line_is_still_there() -> None:
    made = released(quarantined("2"), "2")
    assert entries_of(with_file(made, {"spec": {"versions": [entry("2")]}})) == []


def test_a_version_that_went_back_again_after_its_release_is_held_by_its_old_line() -> None:
    again = decide(released(quarantined("2"), "2"), Action.RESTORE, STEADY, "2", quarantines=True)
    assert entries_of(with_file(again, {"spec": {"versions": [entry("2")]}})) == [entry("2")]


def promoted(*made: Family) -> Fleet:
    """Environments in this order, each the predecessor of the next."""
    settings = fleet(tree()).environments["prod"].document
    environments = {}
    for number, family in enumerate(made):
        name = f"e{number}"
        value = {"spec": {"predecessor": f"e{number - 1}"}}
        document = replace(settings, value=value)
        environments[name] = Environment(name, document, {"fraud": family})
    return Fleet(environments)


def test_quarantine_in_an_earlier_environment_binds_in_the_later_ones_only() -> None:
    made = promoted(quarantined("2"), plain_family(), quarantined("3", "2"))
    assert versions(in_force(made, "e0", "fraud")) == ["2"]
    assert versions(in_force(made, "e1", "fraud")) == ["2"]
    assert versions(in_force(made, "e2", "fraud")) == ["2", "3"]
    assert in_force(made, "e2", "other") == in_force(made, "nowhere", "fraud") == []


@pytest.mark.parametrize(
    ("there", "here", "other"),
    [
        ("https://a.example.com", "https://b.example.com", True),
        ("https://a.example.com", "https://a.example.com/staging", True),
        ("https://a.example.com/", "https://A.example.com:443", False),
        ("https://a.example.com", None, False),
        (None, "https://b.example.com", False),
        (5, "https://b.example.com", False),
    ],
)
def test_a_number_of_another_registry_means_nothing_and_the_content_does(
    there: Any, here: Any, other: bool
) -> None:
    made = promoted(quarantined("2"), plain_family())
    for name, address in (("e0", there), ("e1", here)):
        if address is not None:
            registries = {"mlflow": {"address": address}}
            made.environments[name].document.value["spec"]["registries"] = registries
    (found,) = in_force(made, "e1", "fraud")
    asked = {"registry": "mlflow", "model": "fraud", "version": "2"}
    assert matches(found, **asked, digest=digest_of("9")) is not other
    assert matches(found, **asked | {"version": "7"}, digest=digest_of("2"))
    (own,) = in_force(made, "e0", "fraud")
    assert "otherRegistry" not in own, "in its own environment the number counts"


def test_a_family_without_the_content_is_not_bound_by_the_number_of_another_registry() -> None:
    made = promoted(quarantined("2"), plain_family())
    twin = {"twin": replace(plain_family(), name="twin", locks={})}
    here = replace(made.environments["e1"], families=twin)
    made = Fleet({**made.environments, "e1": here})
    assert versions(in_force(made, "e1", "twin")) == ["2"]
    for name in made.environments:
        registries = {"mlflow": {"address": f"https://{name}.example.com"}}
        made.environments[name].document.value["spec"]["registries"] = registries
    assert in_force(made, "e1", "twin") == []
    assert versions(in_force(made, "e1", "twin", [digest_of("2")])) == ["2"]


def test_a_line_that_says_that_it_is_of_another_registry_frees_nothing() -> None:
    line = {**entry("2"), "otherRegistry": True}
    asked = {"registry": "mlflow", "model": "fraud", "version": "2", "digest": digest_of("9")}
    for made in (quarantined("2"), plain_family()):
        found = entries_of(with_file(made, {"spec": {"versions": [line]}}))
        assert found and all(matches(each, **asked) for each in found)


def beside(made: Family, **changes: Any) -> Fleet:
    """An environment with a family, and another one that is like it but for these changes."""
    home = fleet(tree()).environments["prod"]
    other = replace(made, name="twin", records=(), quarantine=None, **changes)
    return Fleet({"prod": replace(home, families={"fraud": made, "twin": other})})


def test_quarantine_binds_another_family_of_the_same_model() -> None:
    made = quarantined("2")
    assert versions(in_force(beside(made), "prod", "twin")) == ["2"]
    released_again = beside(released(made, "2"))
    assert in_force(released_again, "prod", "twin") == []


def of_model(name: str) -> Document:
    made = plain_family()
    model = {"registry": "mlflow", "name": name}
    spec = {**made.spec, "model": model}
    return replace(made.document, value={**made.document.value, "spec": spec})


def test_quarantine_binds_the_same_content_under_another_name() -> None:
    made = quarantined("2")
    assert versions(in_force(beside(made, document=of_model("copy")), "prod", "twin")) == ["2"]
    unrelated = beside(made, document=of_model("copy"), locks={})
    assert in_force(unrelated, "prod", "twin") == []
    assert versions(in_force(unrelated, "prod", "twin", [digest_of("2")])) == ["2"]


@pytest.mark.parametrize("spec", [5, {"model": 5}, {"model": ["fraud"]}])
def test_a_malformed_family_beside_it_is_no_crash(spec: Any) -> None:
    made = quarantined("2")
    broken = with_file(made, {"spec": {"versions": [entry("3", digest=["x"]), {}, 5]}})
    broken = replace(broken, document=replace(made.document, value={"spec": spec}))
    twin = replace(plain_family(), name="twin")
    home = fleet(tree()).environments["prod"]
    whole = Fleet({"prod": replace(home, families={"fraud": broken, "twin": twin})})
    assert versions(in_force(whole, "prod", "twin")) == ["2", "3"]


def test_a_version_that_a_family_has_verified_itself_is_not_held_by_another_family() -> None:
    twin = replace(adopted(plain_family()), name="twin")  # version 1 serves there, as people know
    home = fleet(tree()).environments["prod"]
    families = {"fraud": quarantined("1", "2"), "twin": twin}
    whole = Fleet({"prod": replace(home, families=families)})
    assert versions(in_force(whole, "prod", "twin")) == ["2"]


def test_environments_that_precede_each_other_end() -> None:
    made = promoted(quarantined("2"), quarantined("3"))
    made.environments["e0"].document.value["spec"]["predecessor"] = "e1"
    assert versions(in_force(made, "e0", "fraud")) == ["2", "3"]


@pytest.mark.parametrize(
    ("changed", "same"),
    [({}, True), ({"version": "9"}, True), ({"digest": "sha256:other"}, True),
     ({"digest": "sha256:other", "version": "9"}, False),
     ({"digest": "sha256:other", "model": "churn"}, False),
     ({"digest": "sha256:other", "registry": "other"}, False)],
)  # fmt: skip
def test_an_entry_means_a_version_by_its_content_or_by_its_name(
    changed: dict[str, str], same: bool
) -> None:
    asked = {"registry": "mlflow", "model": "fraud", "version": "2", "digest": digest_of("2")}
    assert matches(entry("2"), **asked | changed) is same


def test_the_file_reads_back_as_it_was_meant_and_vanishes_with_its_last_entry() -> None:
    made = quarantined("2", "3")
    data = write_quarantine(made, entries_of(made))
    assert data is not None and data.startswith(b"# machine-written by lockstep revert")
    document, findings = load_yaml("quarantine.yaml", data)
    assert document is not None and not findings
    assert document.value["metadata"] == {"environment": "prod", "family": "fraud"}
    assert entries_of(replace(made, quarantine=document)) == entries_of(made)
    assert write_quarantine(made, []) is None
    assert data == write_quarantine(made, entries_of(made))


def test_a_broken_record_puts_a_version_into_quarantine_and_releases_none() -> None:
    for made in (quarantined("2"), released(quarantined("2"), "2")):
        path = made.records[-1].decision.path
        broken = judged(made, LedgerHistory({path: ()}))
        assert len(broken.records) == len(made.records) - 1 and broken.has_quarantine
        assert versions(entries_of(broken)) == versions(from_ledger(broken)) == ["2"]
        file = with_file(broken, {"spec": {"versions": [entry("2")]}})
        assert "2" in versions(entries_of(file))
