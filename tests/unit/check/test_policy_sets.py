"""What the policy sets of a change find together, and the waivers that count."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from lockstep.check import policy_sets
from lockstep.check.compiled import policies_of
from lockstep.check.policy_sets import PolicySet, Waivers, merge_findings
from lockstep.edges.cache import Cache
from lockstep.edges.files import read_tree
from lockstep.model.document import Document, Json
from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import Environment, Fleet
from lockstep.opa.base import OpaSession
from lockstep.policy import PolicyItem, RuleFinding, environment_input, expected_rules
from lockstep.spec.schema.schemas import Schemas

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
TREE = dict(read_tree(Path(__file__).resolve().parents[3], ["policies"]))
PLACE = ("prod", "scoring", "scoring-a")
FILE = "policies/data/waivers/{name}.yaml"
TERMS = "policies/data/waivers.yaml"
SCHEMA = "policies/schemas/waivers.json"
RULE = "policies/rules/min-replicas/min_replicas.rego"


def waiver(expires: str = "2026-06-30", name: str = "few", **others: str) -> dict[str, bytes]:
    words = {
        "rule": "min-replicas", "scope": "{environment: prod, family: scoring}",
        "owner": "risk-ml@example.com", "reason": "no room", "ticket": "CAP-7",
        "expires": f'"{expires}"', **others,
    }  # fmt: skip
    entry = "".join(f"\n      {key}: {text}" for key, text in words.items() if text)
    text = f"""\
apiVersion: lockstep.dev/v1alpha1
kind: Waivers
metadata: {{name: {name}}}
spec:
  waivers:
    -{entry[6:]}
"""
    return {FILE.format(name=name): text.encode()}


def edited(path: str, old: str, new: str) -> dict[str, bytes]:
    text = TREE[path].decode()
    assert old in text
    return {path: text.replace(old, new).encode()}


def policy_set(files: Mapping[str, bytes]) -> PolicySet:
    tree = policies_of({**TREE, **files})
    return PolicySet(tree, expected_rules(tree), Schemas(tree), cast(OpaSession, None))


def waivers(base: Mapping[str, bytes], head: Mapping[str, bytes]) -> Waivers:
    return Waivers([policy_set(base), policy_set(head)], {**TREE, **head}, NOW)


def found(severity: Severity = Severity.ERROR, message: str = "too few") -> RuleFinding:
    finding = Finding("clusters/a.yaml", 3, 1, "policy.min-replicas", message, "add some")
    return RuleFinding(replace(finding, severity=severity), *PLACE)


def reported(waivers: Waivers) -> list[tuple[str, bool]]:
    """What becomes of one finding: its rule, and whether it is waived."""
    findings = [*waivers.apply([found()]), *waivers.unused([])]
    return [(finding.rule, finding.suppression is not None) for finding in findings]


def test_a_waiver_that_ends_sooner_than_that_of_the_base_counts_and_a_longer_one_does_not() -> None:
    for expires, counts in (("2026-06-30", True), ("2026-06-15", True), ("2026-07-01", False)):
        policy = waivers(waiver(), waiver(expires))
        assert reported(policy) == [("policy.min-replicas", counts)]
    policy = waivers(waiver("2026-06-31"), waiver("2026-06-30"))  # a day that there is not
    assert reported(policy) == [("policy.min-replicas", False)]


def test_a_renewal_is_not_called_unused_and_what_it_renews_is_once_it_counts() -> None:
    old, new = waiver(), waiver("2026-08-01", "renewed")
    policy = waivers(old, old | new)
    assert reported(policy) == [("policy.min-replicas", True)]
    policy = waivers(old | new, old | new)
    (suppressed,), (unused,) = policy.apply([found()]), policy.unused([])
    assert suppressed.suppression is not None
    assert suppressed.suppression.expires == "2026-08-01"
    assert (unused.rule, unused.file) == ("waiver.unused", FILE.format(name="few"))


def test_a_waiver_is_not_called_unused_while_no_rule_sees_its_cluster() -> None:
    policy = waivers(waiver(), waiver())
    assert policy.unused([PLACE]) == []
    assert [finding.rule for finding in policy.unused([("prod", "other", "scoring-a")])] == [
        "waiver.unused"
    ]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (edited(TERMS, "longestDays: 90", "longestDays: 20"), "waiver.too-long"),
        (edited(RULE, "waivable: true", "waivable: false"), "waiver.not-waivable"),
    ],
)
def test_a_change_of_the_terms_applies_to_existing_waivers(
    change: dict[str, bytes], rule: str
) -> None:
    policy = waivers(waiver(), waiver() | change)
    assert [finding.rule for finding in policy.invalid] == [rule]


def test_a_waiver_that_is_too_long_by_old_terms_and_by_new_ones_is_one_mistake() -> None:
    change = edited(TERMS, "longestDays: 90", "longestDays: 20")
    (found,) = waivers({}, waiver("2026-12-31") | change).invalid
    assert found.message == "expires is 2026-12-31, more than 90 days from now"


def test_a_change_cannot_loosen_the_schema_of_its_waivers() -> None:
    base = edited(TERMS, "acceptFromChange: false", "acceptFromChange: true")
    loose = edited(SCHEMA, '"ticket", "expires"]', '"expires"]')
    policy = waivers(base, base | loose | waiver(ticket=""))
    assert [finding.rule for finding in policy.invalid] == ["schema.missing-field"]
    assert reported(policy) == [("policy.min-replicas", False)]


@pytest.mark.parametrize("field", ["scope", "owner", "reason", "ticket"])
def test_a_waiver_without_one_of_its_parts_waives_nothing_whatever_the_schema(field: str) -> None:
    loose = edited(SCHEMA, '"required": ["rule", "scope", "owner", "reason", "ticket", "expires"],',
                   "")  # fmt: skip
    files = loose | waiver(**{field: ""})
    policy = waivers(files, files)
    assert [finding.rule for finding in policy.invalid] == ["waiver.incomplete"]
    assert reported(policy) == [("policy.min-replicas", False)]


@pytest.mark.parametrize("first", [Severity.WARNING, Severity.ERROR])
def test_of_two_policy_sets_the_one_that_denies_counts(first: Severity) -> None:
    other = Severity.ERROR if first is Severity.WARNING else Severity.WARNING
    each = [[found(first, "said by the base")], [found(other, "said by the change")]]
    merged = merge_findings([policy_set({}), policy_set({})], each)
    assert [one.finding.severity for one in merged] == [Severity.ERROR]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("policies/data/organisation.yml", "data.stray"),
        ("policies/data/waivers/few.yml", "data.stray"),
        ("policies/data/more/limits.yaml", "data.stray"),
        ("policies/data/one.rego", "data.stray"),
        ("policies/one.rego", "data.stray"),
        ("policies/rules/min-replicas/thresholds.yml", "data.stray"),
        ("policies/rules/min-replicas/data.json", "data.stray"),
        ("policies/rules/thresholds.yaml", "data.stray"),
        ("policies/data/more.json", "data.schema"),
        ("policies/data/more.yaml", "data.schema"),
    ],
)
def test_a_file_that_is_neither_read_nor_checked_is_a_finding(path: str, rule: str) -> None:
    policy = waivers({}, {path: b'{"thresholds": {"more": {"most": 1}}}\n'})
    assert [(finding.rule, finding.file) for finding in policy.invalid] == [(rule, path)]


def test_a_file_of_the_other_ending_is_to_be_renamed() -> None:
    path = "policies/rules/min-replicas/thresholds.yml"
    [finding] = waivers({}, {path: b"a: 1\n"}).invalid
    assert ".yaml only" in finding.message
    assert finding.fix == "rename it to .yaml: policies/rules/min-replicas/thresholds.yaml"


def test_notes_among_the_policies_are_ignored() -> None:
    notes = dict.fromkeys(("policies/README.md", "policies/data/waivers/.gitkeep"), b"")
    assert waivers({}, notes).invalid == []


class Answering:
    """An OPA that counts what it evaluates."""

    def __init__(self, answer: Json) -> None:
        self.answer = answer
        self.asked = 0

    def evaluate_all(self, batches: list[Json]) -> list[Json]:
        self.asked += len(batches)
        return [self.answer]


def environment_item(clusters: list[Json]) -> PolicyItem:
    home = Environment("prod", Document("clusters/prod/environment.yaml", {"spec": {}}))
    return environment_input(Fleet({"prod": home}), None, home, {"clusters": clusters})


@pytest.fixture
def asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(policy_sets, "find_opa", lambda: Path("/opa"))
    monkeypatch.setattr(policy_sets, "opa_version", lambda _: "1.22.0")
    return tmp_path / "cache"


def kept_by(cache: Path, opa: Answering, files: Mapping[str, bytes] | None = None) -> PolicySet:
    found = policy_set(files or {})
    return replace(found, opa=cast(OpaSession, opa), cache=Cache(cache))


def test_an_answer_is_kept_for_the_same_item_rules_and_hour(asking: Path) -> None:
    opa, item = Answering({"id": "x", "findings": []}), environment_item([])
    one = kept_by(asking, opa)
    assert one.evaluate_kept(item, NOW) == one.evaluate_kept(item, NOW.replace(minute=59))
    assert opa.asked == 1
    one.evaluate_kept(environment_item([{"name": "a"}]), NOW)
    assert opa.asked == 2
    one.evaluate_kept(item, NOW.replace(hour=9))
    assert opa.asked == 3
    kept_by(asking, opa, edited(RULE, "replicas", "replicas ")).evaluate_kept(item, NOW)
    assert opa.asked == 4
    kept_by(asking, opa, {SCHEMA: TREE[SCHEMA] + b"\n"}).evaluate_kept(item, NOW)
    assert opa.asked == 5
    one.evaluate_kept(item, NOW)
    assert opa.asked == 5


def test_what_could_not_be_evaluated_is_tried_again(asking: Path) -> None:
    opa, item = Answering({"id": "x", "error": {"message": "bad"}}), environment_item([])
    for _ in range(2):
        kept_by(asking, opa).evaluate_kept(item, NOW)
    assert opa.asked == 2


def test_an_item_that_is_not_json_is_evaluated_each_time(asking: Path) -> None:
    opa, item = Answering({"id": "x"}), environment_item([{"name": "\ud800"}])
    for _ in range(2):
        kept_by(asking, opa).evaluate_kept(item, NOW)
    assert opa.asked == 2
