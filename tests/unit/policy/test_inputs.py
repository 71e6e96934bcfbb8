"""The input of the rules: a fleet, and the change to it."""

from dataclasses import replace
from datetime import UTC, datetime

from lockstep.model.decision import Action, Phase, Position, Target, VerifiedState
from lockstep.model.document import Json
from lockstep.model.fleet import Environment, Fleet
from lockstep.model.times import Moment
from lockstep.policy import PolicyItem, Rule, batches, expected_rules, family_inputs
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.position import current_variants
from tests.unit.fleets import digest_of, family, fleet, recorded, tree
from tests.unit.policy.test_rules import RULE
from tests.unit.rollout.test_plan import START
from tests.unit.whole_fleets import policy_inputs

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


def test_a_new_cluster_next_to_another_in_its_region_has_no_past() -> None:
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


def test_the_rollout_and_the_verified_versions_are_known() -> None:
    before = family()
    shared = facts(policy_inputs(fleet(), None, NOW))
    assert shared["rollout"] == {
        "phase": "new", "verified": [], "adopted": False, "diverged": False, "divergences": [],
        "skewBreached": False,
    }  # fmt: skip
    decision = next_decision(
        before, Action.ADOPT, Position(Phase.STEADY), Target("1", digest_of("1")),
        current_variants(before), "it serves already", DecisionContext(START, "a", "c" * 40),
        verified_state=VerifiedState(None, {}, {}),
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


def test_an_environment_sees_costs_and_claims() -> None:
    (environment, *_) = policy_inputs(fleet(), None, NOW)
    assert environment.summary["families"] == [
        {
            "name": "fraud",
            "tenant": "risk",
            "owner": "risk-ml@example.com",
            "datasets": {"1": []},
            "dashboards": {},
        }
    ]
    names = [cluster["name"] for cluster in environment.summary["clusters"]]
    assert names == ["fraud-a", "fraud-b", "fraud-c"]
    assert environment.summary["clusters"][0]["tenant"] == "risk"
    assert environment.summary["clusters"][0]["spec"].keys() == {"region", "variants"}


def test_an_environment_sees_each_dashboard_once_with_the_first_cluster_that_names_it() -> None:
    files = tree()
    for name, uid in {"a": "fraud", "b": "fraud", "c": "own"}.items():
        path = f"clusters/prod/fraud/{name}.yaml"
        files[path] += f"  observability: {{dashboard: {uid}}}\n".encode()
    (environment, *_) = policy_inputs(fleet(files), None, NOW)
    (family,) = environment.summary["families"]
    assert family["dashboards"] == {"fraud": "fraud-a", "own": "fraud-c"}


def test_rendered_objects_go_with_their_cluster() -> None:
    rendered = {A: {"Service": [{"kind": "Service"}]}}
    (_, first, second, *_) = policy_inputs(fleet(), None, NOW, rendered=rendered)
    assert first.documents[A]["rendered"] == rendered[A]
    assert "rendered" not in second.documents[second.id]


def test_a_freeze_applies_to_what_moves_now_and_not_to_earlier_moves() -> None:
    files = tree()
    files["clusters/prod/environment.yaml"] = files["clusters/prod/environment.yaml"].replace(
        b"regions: []",
        b'regions: [], freezes: [{name: june, reason: audit, from: "2026-06-01T00:00:00Z", '
        b'until: "2026-06-03T00:00:00Z"}]',
    )
    frozen = {"name": "june", "reason": "audit", "until": "2026-06-03T00:00:00Z"}
    assert facts(policy_inputs(fleet(files), None, NOW))["freezes"] == [frozen]
    assert facts(policy_inputs(fleet(files), None, NOW.replace(day=4)))["freezes"] == []
    assert facts(policy_inputs(fleet(files), fleet(files), NOW))["freezes"] == [frozen]
    assert facts(policy_inputs(fleet(), fleet(files), NOW))["freezes"] == [frozen]


def frozen_in_june(files: dict[str, bytes]) -> dict[str, bytes]:
    files["clusters/prod/environment.yaml"] = files["clusters/prod/environment.yaml"].replace(
        b"regions: []",
        b'regions: [], freezes: [{name: june, reason: audit, from: "2026-06-01T00:00:00Z", '
        b'until: "2026-06-03T00:00:00Z"}]',
    )
    return files


def test_a_freeze_that_the_change_removes_applies_to_it() -> None:
    frozen = fleet(frozen_in_june(tree()))
    held = facts(policy_inputs(fleet(), frozen, NOW))["freezes"]
    assert [freeze["name"] for freeze in held] == ["june"]
    assert len(facts(policy_inputs(frozen, frozen, NOW))["freezes"]) == 1
    assert facts(policy_inputs(fleet(), fleet(), NOW))["freezes"] == []


def test_the_environment_is_known_as_it_was() -> None:
    frozen = fleet(frozen_in_june(tree()))
    for item in policy_inputs(fleet(), frozen, NOW):
        assert "freezes" not in item.shared.environment["spec"]
        assert "freezes" in item.shared.environment_before["spec"]
    (environment, *_) = policy_inputs(fleet(), None, NOW)
    assert environment.shared.environment_before is None


def renamed(files: dict[str, bytes], was: str, now: str) -> dict[str, bytes]:
    """The same files with another name of a folder, and of what is named after it; one model."""
    names = ((f"{{name: {was}", f"{{name: {now}"), (f"family: {was}", f"family: {now}"))
    made = {}
    for path, data in files.items():
        text = data.decode()
        for old, new in names:
            text = text.replace(old, new)
        made[path.replace(f"/{was}/", f"/{now}/")] = text.encode()
    return made


def test_a_renamed_family_keeps_its_past() -> None:
    files = renamed(tree(), "fraud", "checks")
    files["clusters/prod/checks/b.yaml"] = files["clusters/prod/checks/b.yaml"].replace(
        b'version: "1"', b'version: "2"'
    )
    (_, first, second, *_, family) = policy_inputs(fleet(files), fleet(), NOW)
    assert family.shared.facts["family_before"]["metadata"]["name"] == "fraud"
    assert second.documents[second.id]["old"]["spec"]["variants"][0]["version"] == "1"
    assert first.documents[first.id]["old"]["metadata"]["name"] == "fraud-a"
    other = renamed(tree(), "fraud", "checks")
    other["clusters/prod/checks/family.yaml"] = other["clusters/prod/checks/family.yaml"].replace(
        b"registry: mlflow, name: fraud", b"registry: mlflow, name: another"
    )
    assert facts(policy_inputs(fleet(other), fleet(), NOW))["family_before"] is None


def test_a_family_next_to_another_one_of_its_model_has_no_past() -> None:
    files = tree() | renamed(tree(), "fraud", "checks")
    items = policy_inputs(fleet(files), fleet(), NOW)
    (new,) = (item for item in items if item.id == "clusters/prod/checks/family.yaml")
    assert new.shared.facts["family_before"] is None


def test_a_new_name_leaves_no_quarantine_behind() -> None:
    held = tree()
    held["clusters/prod/fraud/quarantine.yaml"] = (
        b"apiVersion: lockstep.dev/v1alpha1\nkind: Quarantine\n"
        b"metadata: {environment: prod, family: fraud}\n"
        b'spec:\n  versions:\n    - {registry: mlflow, model: fraud, version: "3", digest: x}\n'
    )
    new = fleet(renamed(tree(), "fraud", "checks"))
    found = facts(policy_inputs(new, fleet(held), NOW))["quarantine"]
    assert [entry["version"] for entry in found] == ["3"]


def test_a_renamed_environment_keeps_its_past() -> None:
    region = b"regions: [{name: a, jurisdiction: EU, destination: prod-a}]"
    here = tree()
    here["clusters/prod/environment.yaml"] = here["clusters/prod/environment.yaml"].replace(
        b"regions: []", region
    )
    there = renamed(here, "prod", "live")
    items = policy_inputs(fleet(there), fleet(here), NOW)
    assert items[0].shared.environment_before["metadata"]["name"] == "prod"
    assert facts(items)["family_before"]["metadata"]["name"] == "fraud"
    beside = policy_inputs(fleet(here | there), fleet(here), NOW)
    assert beside[0].shared.environment_before is None
    assert facts(policy_inputs(fleet(renamed(tree(), "prod", "live")), fleet(), NOW))[
        "family_before"
    ] is None  # fmt: skip


def test_what_the_family_served_is_known() -> None:
    before = facts(policy_inputs(fleet(), changed(b=TWO), NOW))["variants_before"]
    assert [each[0]["version"] for each in before] == ["1", "2", "1"]
    assert facts(policy_inputs(fleet(), None, NOW))["variants_before"] == []


def test_a_malformed_past_stops_nothing() -> None:
    files = tree()
    files["clusters/prod/environment.yaml"] = (
        b"kind: Environment\nmetadata: {name: prod}\nspec: {regions: 5, freezes: [{from: 5}]}\n"
    )
    for path in ("family", "a"):
        files[f"clusters/prod/fraud/{path}.yaml"] = b"kind: %s\nspec: []\n" % (
            b"ModelFamily" if path == "family" else b"ModelCluster"
        )
    there = renamed(tree(), "prod", "live")
    for new in (fleet(), fleet(there), fleet(renamed(tree(), "fraud", "checks"))):
        assert policy_inputs(new, fleet(files), NOW)


def test_batches_share_what_their_items_have_in_common() -> None:
    items = policy_inputs(fleet(), None, NOW)
    (batch,) = batches(items, rules("cluster", "family"), MOMENT)
    assert batch["rules"] == {
        "cluster": ["one_cluster"], "family": ["one_family"], "environment": [],
    }  # fmt: skip
    assert batch["time"] == {"now": "2026-06-01T08:00:00Z", "today": "2026-06-01"}
    assert list(batch["environments"]) == list(batch["environments_before"]) == ["prod"]
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


def test_scopes_without_a_rule_are_left_out() -> None:
    items = policy_inputs(fleet(), None, NOW)
    (batch,) = batches(items, rules("family"), MOMENT)
    assert [item["id"] for item in batch["items"]] == [FAMILY]
    assert list(batches(items, (), MOMENT)) == []


def test_an_empty_environment_is_one_item() -> None:
    one = fleet().environments["prod"]
    empty = Environment(one.name, one.document)
    (item,) = policy_inputs(Fleet({"prod": empty}), None, NOW)
    assert item.summary == {"families": [], "clusters": [], "elsewhere": []}


def test_an_environment_sees_the_identities_of_the_others() -> None:
    here = tree()
    path = "clusters/prod/fraud/a.yaml"
    here[path] += b"  access: {identity: {provider: aws, principal: role-a}}\n"
    items = policy_inputs(fleet(here | renamed(here, "prod", "stage")), None, NOW)
    seen = {item.environment.name: item.summary["elsewhere"] for item in items if item.summary}
    assert seen["stage"] == [{"environment": "prod", "name": "fraud-a", "principal": "role-a"}]
    assert [each["environment"] for each in seen["prod"]] == ["stage"]
