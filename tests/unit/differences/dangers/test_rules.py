"""Rules that do not count any more."""

from typing import Any

from lockstep.differences.compare import compare_folders
from lockstep.differences.dangers.rules import DATA, RULE
from lockstep.differences.folders import ComparedFolder, ObjectId
from tests.unit.differences.manifests import SECRETS

OFF = {"owner": "ml@example.com", "reason": "our own proxy does it"}
WAIVER = {"rule": "min-replicas", "environment": "prod", "family": "fraud", "expires": "2026-07-01"}


def found(before: Any, after: Any, kind: str = DATA) -> list[str]:
    sides = [{} if side is None else {"x.yaml": side} for side in (before, after)]
    names = {"x.yaml": ObjectId("", kind, "", "no-secret")}
    folder = ComparedFolder(before=sides[0], after=sides[1], names=names)
    objects = compare_folders([folder], {}, SECRETS)
    assert all(danger.id == "rule-off" for each in objects for danger in each.dangers)
    return [danger.text for each in objects for danger in each.dangers]


def rules(**entries: Any) -> Any:
    return {"thresholds": {"rules": entries}}


def test_a_rule_that_is_switched_off_is_named_with_reason_and_owner() -> None:
    off = rules(switchedOff={"no-secret": OFF})
    text = "rule no-secret is switched off; reason: our own proxy does it; owner: ml@example.com"
    assert found(rules(switchedOff={}), off) == [text]
    assert found(None, off) == [text]
    assert found(off, rules(switchedOff={})) == []


def test_a_replaced_folder_and_a_removed_rule_are_named() -> None:
    replaced = rules(replaced={"policies/rules/x": {"shipped": "sha256:1"}})
    assert found(rules(replaced={}), replaced) == [
        "policies/rules/x is replaced by the fleet's own"
    ]
    assert found({"x.rego": "git:1"}, None, RULE) == [
        "rule no-secret is removed from the fleet's own rules"
    ]
    assert found({"x.rego": "git:1"}, {"x.rego": "git:2"}, RULE) == []
    assert found(None, {"x.rego": "git:1"}, RULE) == []


def test_a_new_and_a_longer_waiver_are_named_and_one_that_ends_is_not() -> None:
    def waivers(*each: Any) -> Any:
        return {"spec": {"waivers": list(each)}}

    assert found(None, waivers(WAIVER)) == [
        "rule min-replicas is waived for prod/fraud until 2026-07-01"
    ]
    longer = {**WAIVER, "expires": "2026-09-01"}
    assert found(waivers(WAIVER), waivers(longer)) == [
        "rule min-replicas is waived for prod/fraud until 2026-09-01"
    ]
    assert found(waivers(), waivers({"rule": "x"})) == [
        "rule x is waived everywhere until an unknown day"
    ]
    assert found(waivers(WAIVER, longer), waivers(longer)) == []


def test_waivers_that_count_at_once_are_named() -> None:
    def limits(at_once: bool) -> Any:
        return {"thresholds": {"waivers": {"acceptFromChange": at_once}}}

    assert found(limits(False), limits(True)) == ["waivers count in the very change that adds them"]
    assert found(limits(True), limits(False)) == []


def test_data_of_another_shape_are_no_entries() -> None:
    assert found(rules(switchedOff=[]), rules(switchedOff="all")) == []
    assert found(None, {"spec": {"waivers": "x"}, "thresholds": []}) == []
