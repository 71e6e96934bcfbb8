"""What the rules get to see of a fleet and of a change to it."""

from dataclasses import replace
from datetime import UTC, datetime

from lockstep.model.decision import Action, Phase, Position, Target, WayBack
from lockstep.model.document import Json
from lockstep.model.fleet import Environment, Fleet
from lockstep.stages.decide import Circumstances, next_decision
from lockstep.stages.policy import (
    Moment,
    PolicyItem,
    Rule,
    batches,
    expected_rules,
    family_inputs,
    policy_inputs,
)
from lockstep.stages.rollout import current_variants
from tests.unit.stages.fleets import digest_of, family, fleet, recorded, tree
from tests.unit.stages.test_advance import START
from tests.unit.stages.test_policy_rules import RULE

A = "clusters/prod/fraud/a.yaml"
FAMILY = "clusters/prod/fraud/family.yaml"
NOW = datetime(2026, 6, 1, 8, 59, 30, tzinfo=UTC)
MOMENT = Moment(NOW)
TWO = '{name: stable, version: "2", weight: 100}'


def rules(*scopes: str) -> tuple[Rule, ...]:
    """One rule for each scope."""
    files = {}
    for scope in scopes:
        text = RULE.replace("one_thing", f"one_{scope}").replace("one-thing", f"one-{scope}")
        text = text.replace("scope: family", f"scope: {scope}")
        files[f"policies/rules/one-{scope}/one_{scope}.rego"] = text.encode()
    return expected_rules(files)


def changed(**variants: str) -> Fleet:
    """The fleet with other variants in some of its regions."""
    files = tree()
    for region, variant in variants.items():
        path = f"clusters/prod/fraud/{region}.yaml"
        files[path] = files[path].replace(b'{name: stable, version: "1", weight: 100}',
                                          variant.encode())  # fmt: skip
    return fleet(files)


def facts(items: list[PolicyItem]) -> Json:
    return items[-1].shared.facts


def test_environments_clusters_and_families_are_items() -> None:
    items = policy_inputs(fleet(), None, NOW)
    assert [(item.id, item.scope.value) for item in items] == [
        ("clusters/prod/environment.yaml", "environment"),
        (A, "cluster"), ("clusters/prod/fraud/b.yaml", "cluster"),
        ("clusters/prod/fraud/c.yaml", "cluster"), (FAMILY, "family"),
    ]  # fmt: skip


def test_nothing_before_is_null() -> None:
    (_, first, *_) = policy_inputs(fleet(), None, NOW)
    document = first.documents[A]
    assert document["name"] == "fraud-a"
    assert document["new"]["spec"]["region"] == "a"
    assert document["old"] is None
    assert "unchanged" not in document


def test_a_change_holds_both_sides_and_no_change_one() -> None:
    items = policy_inputs(changed(a=TWO), fleet(), NOW)
    documents = items[-1].documents
    assert documents[A]["old"]["spec"]["variants"][0]["version"] == "1"
    assert documents[A]["new"]["spec"]["variants"][0]["version"] == "2"
    assert "old" not in documents["clusters/prod/fraud/b.yaml"]
    assert documents["clusters/prod/fraud/b.yaml"]["unchanged"] is True


def test_a_renamed_cluster_keeps_its_past() -> None:
    files = tree(TWO)
    files["clusters/prod/fraud/z.yaml"] = files.pop(A).replace(b"fraud-a", b"fraud-z")
    items = policy_inputs(fleet(files), fleet(), NOW)
    renamed = next(item for item in items if item.id.endswith("/z.yaml"))
    old = renamed.documents[renamed.id]["old"]
    assert old["metadata"]["name"] == "fraud-a"


def test_a_new_cluster_beside_another_in_its_region_has_no_past() -> None:
    files = tree()
    files["clusters/prod/fraud/z.yaml"] = files[A].replace(b"fraud-a", b"fraud-z")
    items = policy_inputs(fleet(files), fleet(), NOW)
    new = next(item for item in items if item.id.endswith("/z.yaml"))
    assert new.documents[new.id]["old"] is None


def test_a_family_is_seen_without_its_defaults() -> None:
    files = tree()
    files[FAMILY] += b"  defaults: {namespace: fraud}\n"
    shared = facts(policy_inputs(fleet(files), None, NOW))
    assert shared["family"]["metadata"]["owner"] == "risk-ml@example.com"
    assert shared["family"]["spec"]["model"] == {"registry": "mlflow", "name": "fraud"}
    assert "defaults" not in shared["family"]["spec"]


def test_only_locks_of_versions_in_use_are_sent() -> None:
    shared = facts(policy_inputs(changed(b=TWO), None, NOW))
    assert shared["locks"].keys() == {"1", "2"}
    assert shared["locks"]["2"]["identity"]["digest"] == digest_of("2")


def test_the_rollout_and_the_ways_back_are_known() -> None:
    before = family()
    shared = facts(policy_inputs(fleet(), None, NOW))
    assert shared["rollout"] == {
        "phase": "new", "verified": [], "adopted": False, "diverged": False, "divergences": [],
        "skewBreached": False,
    }  # fmt: skip
    decision = next_decision(
        before, Action.ADOPT, Position(Phase.STEADY), Target("1", digest_of("1")),
        current_variants(before), "it serves already", Circumstances(START, "a", "c" * 40),
        way_back=WayBack(None, {}, {}),
    )  # fmt: skip
    one = fleet()
    after = recorded(before, decision)
    environment = replace(one.environments["prod"], families={"fraud": after})
    shared = facts(policy_inputs(Fleet({"prod": environment}), None, NOW))
    assert shared["rollout"]["phase"] == "steady"
    assert (shared["rollout"]["verified"], shared["rollout"]["adopted"]) == (["1"], True)


def test_the_quarantine_of_an_earlier_environment_binds() -> None:
    files = {path.replace("/prod/", "/staging/"): data for path, data in tree().items()}
    files["clusters/staging/fraud/quarantine.yaml"] = (
        b"apiVersion: lockstep.dev/v1alpha1\nkind: Quarantine\n"
        b"metadata: {environment: staging, family: fraud}\n"
        b'spec:\n  versions:\n    - {registry: mlflow, model: fraud, version: "3", digest: x}\n'
    )
    later = tree()
    later["clusters/prod/environment.yaml"] = later["clusters/prod/environment.yaml"].replace(
        b"spec: {", b"spec: {predecessor: staging, "
    )
    whole = fleet({**files, **later})
    (*_, family) = family_inputs(whole, None, whole.environments["prod"].families["fraud"], NOW, {})
    assert [entry["version"] for entry in family.shared.facts["quarantine"]] == ["3"]


def test_the_past_of_a_family_is_known() -> None:
    files = tree()
    gone = files.pop("clusters/prod/fraud/c.yaml")
    shared = facts(policy_inputs(fleet(files), fleet(), NOW))
    assert shared["family_before"] == shared["family"]
    assert [cluster["name"] for cluster in shared["removed"]] == ["fraud-c"]
    assert b"fraud-c" in gone
    assert facts(policy_inputs(fleet(), None, NOW))["family_before"] is None


def test_an_environment_sees_what_costs_and_what_claims() -> None:
    (environment, *_) = policy_inputs(fleet(), None, NOW)
    assert environment.tenancy["families"] == [
        {"name": "fraud", "tenant": "risk", "owner": "risk-ml@example.com"}
    ]
    names = [cluster["name"] for cluster in environment.tenancy["clusters"]]
    assert names == ["fraud-a", "fraud-b", "fraud-c"]
    assert environment.tenancy["clusters"][0]["tenant"] == "risk"
    assert environment.tenancy["clusters"][0]["spec"].keys() == {"region", "variants"}


def test_rendered_objects_go_with_their_cluster() -> None:
    rendered = {A: {"Service": [{"kind": "Service"}]}}
    (_, first, second, *_) = policy_inputs(fleet(), None, NOW, rendered=rendered)
    assert first.documents[A]["rendered"] == rendered[A]
    assert "rendered" not in second.documents[second.id]


def test_a_freeze_holds_for_what_moves_now_and_not_for_what_has_moved_before() -> None:
    files = tree()
    files["clusters/prod/environment.yaml"] = files["clusters/prod/environment.yaml"].replace(
        b"regions: []",
        b'regions: [], freezes: [{name: june, reason: audit, from: "2026-06-01T00:00:00Z", '
        b'until: "2026-06-03T00:00:00Z"}]',
    )
    frozen = {"name": "june", "reason": "audit", "until": "2026-06-03T00:00:00Z"}
    assert facts(policy_inputs(fleet(files), None, NOW))["freezes"] == [frozen]
    assert facts(policy_inputs(fleet(files), None, NOW.replace(day=4)))["freezes"] == []


def test_batches_share_what_their_items_have_in_common() -> None:
    items = policy_inputs(fleet(), None, NOW)
    (batch,) = batches(items, rules("cluster", "family"), MOMENT)
    assert batch["rules"] == {
        "cluster": ["one_cluster"], "family": ["one_family"], "environment": [],
    }  # fmt: skip
    assert batch["time"] == {"now": "2026-06-01T08:00:00Z", "today": "2026-06-01"}
    assert list(batch["environments"]) == ["prod"]
    assert list(batch["families"]) == ["clusters/prod/fraud"]
    assert len(batch["clusters"]) == 3
    assert batch["items"][0] == {
        "id": A, "scope": "cluster", "environment": "prod", "family": "clusters/prod/fraud",
        "clusters": [A],
    }  # fmt: skip
    assert batch["items"][3]["clusters"] == list(batch["clusters"])


def test_batches_are_bounded_and_whole() -> None:
    items = policy_inputs(fleet(), None, NOW)
    made = list(batches(items, rules("cluster", "family"), MOMENT, size=3))
    assert [len(batch["items"]) for batch in made] == [3, 1]
    assert len(made[1]["clusters"]) == 3


def test_scopes_without_a_rule_are_not_asked() -> None:
    items = policy_inputs(fleet(), None, NOW)
    (batch,) = batches(items, rules("family"), MOMENT)
    assert [item["id"] for item in batch["items"]] == [FAMILY]
    assert list(batches(items, (), MOMENT)) == []


def test_an_empty_environment_is_one_item() -> None:
    one = fleet().environments["prod"]
    empty = Environment(one.name, one.document)
    (item,) = policy_inputs(Fleet({"prod": empty}), None, NOW)
    assert item.tenancy == {"families": [], "clusters": []}
