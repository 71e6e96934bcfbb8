"""What the rules get to see of a fleet and of a change to it."""

from dataclasses import replace

from lockstep.model.decision import Action, Phase, Position, Target, WayBack
from lockstep.model.document import Json
from lockstep.model.fleet import Environment, Fleet
from lockstep.stages.decide import Circumstances, next_decision
from lockstep.stages.policy import PolicyItem, Rule, Scope, batches, expected_rules, policy_inputs
from lockstep.stages.rollout import current_variants
from tests.unit.stages.fleets import digest_of, family, fleet, recorded, tree
from tests.unit.stages.test_advance import START
from tests.unit.stages.test_policy_rules import RULE

A = "clusters/prod/fraud/a.yaml"
FAMILY = "clusters/prod/fraud/family.yaml"
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


def test_every_cluster_and_every_family_is_an_item() -> None:
    items = policy_inputs(fleet(), None)
    assert [(item.id, item.scope.value) for item in items] == [
        (A, "cluster"), ("clusters/prod/fraud/b.yaml", "cluster"),
        ("clusters/prod/fraud/c.yaml", "cluster"), (FAMILY, "family"),
    ]  # fmt: skip


def test_nothing_before_is_null() -> None:
    (first, *_) = policy_inputs(fleet(), None)
    document = first.documents[A]
    assert document["name"] == "fraud-a"
    assert document["new"]["spec"]["region"] == "a"
    assert document["old"] is None
    assert "unchanged" not in document


def test_a_change_holds_both_sides_and_no_change_one() -> None:
    items = policy_inputs(changed(a=TWO), fleet())
    documents = items[-1].documents
    assert documents[A]["old"]["spec"]["variants"][0]["version"] == "1"
    assert documents[A]["new"]["spec"]["variants"][0]["version"] == "2"
    assert "old" not in documents["clusters/prod/fraud/b.yaml"]
    assert documents["clusters/prod/fraud/b.yaml"]["unchanged"] is True


def test_a_renamed_cluster_keeps_its_past() -> None:
    files = tree(TWO)
    files["clusters/prod/fraud/z.yaml"] = files.pop(A).replace(b"fraud-a", b"fraud-z")
    items = policy_inputs(fleet(files), fleet())
    renamed = next(item for item in items if item.id.endswith("/z.yaml"))
    old = renamed.documents[renamed.id]["old"]
    assert old["metadata"]["name"] == "fraud-a"


def test_a_new_cluster_beside_another_in_its_region_has_no_past() -> None:
    files = tree()
    files["clusters/prod/fraud/z.yaml"] = files[A].replace(b"fraud-a", b"fraud-z")
    items = policy_inputs(fleet(files), fleet())
    new = next(item for item in items if item.id.endswith("/z.yaml"))
    assert new.documents[new.id]["old"] is None


def test_a_family_is_seen_without_its_defaults() -> None:
    files = tree()
    files[FAMILY] += b"  defaults: {namespace: fraud}\n"
    shared = facts(policy_inputs(fleet(files), None))
    assert shared["family"]["metadata"]["owner"] == "risk-ml@example.com"
    assert shared["family"]["spec"]["model"] == {"registry": "mlflow", "name": "fraud"}
    assert "defaults" not in shared["family"]["spec"]


def test_only_locks_of_versions_in_use_are_sent() -> None:
    shared = facts(policy_inputs(changed(b=TWO), None))
    assert shared["locks"].keys() == {"1", "2"}
    assert shared["locks"]["2"]["identity"]["digest"] == digest_of("2")


def test_the_rollout_and_the_ways_back_are_known() -> None:
    before = family()
    shared = facts(policy_inputs(fleet(), None))
    assert shared["rollout"] == {"phase": "new", "verified": [], "adopted": False}
    decision = next_decision(
        before, Action.ADOPT, Position(Phase.STEADY), Target("1", digest_of("1")),
        current_variants(before), "it serves already", Circumstances(START, "a", "c" * 40),
        way_back=WayBack(None, {}, {}),
    )  # fmt: skip
    one = fleet()
    after = recorded(before, decision)
    environment = replace(one.environments["prod"], families={"fraud": after})
    shared = facts(policy_inputs(Fleet({"prod": environment}), None))
    assert shared["rollout"] == {"phase": "steady", "verified": ["1"], "adopted": True}


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
    items = policy_inputs(fleet({**files, **later}), None, only=("prod", "fraud"))
    assert {item.family.environment for item in items} == {"prod"}
    assert [entry["version"] for entry in facts(items)["quarantine"]] == ["3"]


def test_one_family_alone() -> None:
    both = {**tree()}
    for path, data in tree().items():
        if "/fraud/" in path:
            both[path.replace("/fraud/", "/spam/")] = data.replace(b"fraud", b"spam")
    items = policy_inputs(fleet(both), None, only=("prod", "spam"))
    assert {item.family.name for item in items} == {"spam"}
    assert len(items) == 4


def test_batches_share_what_their_items_have_in_common() -> None:
    items = policy_inputs(fleet(), None)
    (batch,) = batches(items, rules("cluster", "family"))
    assert batch["rules"] == {"cluster": ["one_cluster"], "family": ["one_family"]}
    assert list(batch["environments"]) == ["prod"]
    assert list(batch["families"]) == ["clusters/prod/fraud"]
    assert len(batch["clusters"]) == 3
    assert batch["items"][0] == {
        "id": A, "scope": "cluster", "environment": "prod", "family": "clusters/prod/fraud",
        "clusters": [A],
    }  # fmt: skip
    assert batch["items"][3]["clusters"] == list(batch["clusters"])


def test_batches_are_bounded_and_whole() -> None:
    items = policy_inputs(fleet(), None)
    made = list(batches(items, rules("cluster", "family"), size=3))
    assert [len(batch["items"]) for batch in made] == [3, 1]
    assert len(made[1]["clusters"]) == 3


def test_scopes_without_a_rule_are_not_asked() -> None:
    items = policy_inputs(fleet(), None)
    (batch,) = batches(items, rules("family"))
    assert [item["id"] for item in batch["items"]] == [FAMILY]
    assert list(batches(items, ())) == []


def test_an_empty_fleet_gives_nothing() -> None:
    one = fleet().environments["prod"]
    empty = Environment(one.name, one.document)
    assert policy_inputs(Fleet({"prod": empty}), None) == []
    assert Scope.CLUSTER.value == "cluster"
