"""The shipped rules on a real OPA: from files to findings at their lines."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Fleet, Tree
from lockstep.model.outcome import POLICY_ERROR
from lockstep.model.times import Moment
from lockstep.opa.child import ChildOpa
from lockstep.policy import PolicyItem, Rule, batches, blocking, expected_rules, interpret
from lockstep.spec.assemble import assemble
from tests.unit.opa.parts import opa_program, shipped_policies
from tests.unit.whole_fleets import policy_inputs

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOWHERE = Finding("", 1, 1, "", "", "")
RULES = {
    "image-by-digest", "quarantined-not-served", "residency", "step-in-plan", "version-locked",
    "version-not-archived", "version-pinned", "version-skew", "wave-order", "weights-sum",
}  # fmt: skip
"""Rules that need nothing but what this fleet declares."""

DIGEST = "sha256:" + "a" * 64
HEAD = "apiVersion: lockstep.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
FOLDER = "clusters/prod/fraud"
REGIONS = {"ap-south-1": "IN", "us-east-1": "US", "eu-west-1": "EU"}
EU = f"{FOLDER}/eu-west-1.yaml"
STEADY = '    - {name: stable, version: "41", weight: 100}\n'


def step(weight: int) -> str:
    return (
        f'    - {{name: stable, version: "41", weight: {100 - weight}}}\n'
        f'    - {{name: candidate, version: "42", weight: {weight}}}\n'
    )


def files(**variants: str) -> dict[str, bytes]:
    """A fleet without findings; ``eu_west_1=...`` gives the variants of one region."""
    regions = "".join(
        f"    - {{name: {name}, jurisdiction: {home}}}\n" for name, home in REGIONS.items()
    )
    waves = ", ".join(f"[{name}]" for name in REGIONS)
    made = {
        "clusters/prod/environment.yaml": HEAD.format(kind="Environment", name="prod")
        + f"  regions:\n{regions}",
        f"{FOLDER}/family.yaml": HEAD.format(
            kind="ModelFamily", name="fraud, tenant: risk, owner: risk-ml@example.com"
        )
        + "  model: {registry: mlflow, name: fraud}\n  consistency: {maxVersionSkew: 1}\n"
        + f"  rollout:\n    waves: [{waves}]\n    steps: [{{weight: 10}}, {{weight: 100}}]\n"
        + f"  defaults:\n    serving:\n      image: registry.example.com/server@{DIGEST}\n",
    }
    for version in ("41", "42"):
        made[f"{FOLDER}/locks/{version}.yaml"] = (
            HEAD.format(kind="ModelLock", name="x")
            + f'  identity: {{registry: mlflow, model: fraud, version: "{version}", '
            + f'digest: "sha256:{version}"}}\n  facts: {{archived: false}}\n'
        )
    for region, home in REGIONS.items():
        made[f"{FOLDER}/{region}.yaml"] = (
            HEAD.format(kind="ModelCluster", name=f"fraud-{region}")
            + f"  region: {region}\n  residency: [{home}]\n  variants:\n"
            + variants.get(region.replace("-", "_"), STEADY)
        )
    return {path: text.encode() for path, text in made.items()}


@pytest.fixture(scope="module")
def opa() -> Iterator[ChildOpa]:
    with ChildOpa(shipped_policies(), opa_program()) as server:
        yield server


def evaluate(
    opa: ChildOpa, new: Tree, old: Tree | None = None, *, rollback: bool = False
) -> list[Finding]:
    rules = blocking(chosen()) if rollback else chosen()
    fleet, unreadable = assemble(new)
    assert not unreadable
    before = assemble(old)[0] if old is not None else None
    items = policy_inputs(fleet, before, NOW, nothing_rendered(fleet))
    return found(items, opa.evaluate_all(list(batches(items, rules, Moment(NOW)))), rules)


def chosen() -> tuple[Rule, ...]:
    """The rules that these tests evaluate."""
    return tuple(rule for rule in expected_rules(shipped_policies()) if rule.name in RULES)


def nothing_rendered(fleet: Fleet) -> dict[str, dict[str, list[Json]]]:
    """No object of any kind that rules read, for each cluster."""
    kinds = {kind for rule in chosen() for kind in rule.reads}
    return {cluster.path: {kind: [] for kind in kinds} for cluster in fleet.clusters()}


def found(
    items: Sequence[PolicyItem], answers: Sequence[Json], rules: Sequence[Rule]
) -> list[Finding]:
    """The findings in OPA's answers; nothing is rendered here, so nothing is traced."""
    found = interpret(items, answers, rules, lambda *_: NOWHERE, {})
    return list(arrange(one.finding for one in found))


def seen(findings: list[Finding]) -> list[tuple[str, int, str, str]]:
    return [(f.file.rsplit("/", 1)[-1], f.line, f.rule, f.message) for f in findings]


def test_a_valid_fleet_is_clean(opa: ChildOpa) -> None:
    assert evaluate(opa, files()) == []
    assert evaluate(opa, files(), files()) == []
    assert evaluate(opa, files(ap_south_1=step(10)), files()) == []


def test_each_mistake_is_found_at_its_line(opa: ChildOpa) -> None:
    bad = files(eu_west_1='    - {name: stable, version: "latest", weight: 99}\n')
    bad[EU] = bad[EU].replace(b"residency: [EU]", b"residency: [EU, US]")
    family = bad[f"{FOLDER}/family.yaml"]
    bad[f"{FOLDER}/family.yaml"] = family.replace(b"@" + DIGEST.encode(), b":1.0")
    assert seen(evaluate(opa, bad)) == [
        ("eu-west-1.yaml", 6, "policy.residency",
         'spec.residency allows "US", but requests that arrive in "EU" may be processed only in '
         '["EU"]'),
        ("eu-west-1.yaml", 8, "policy.weights-sum",
         "the weights of the variants add up to 99; they must add up to 100"),
        ("eu-west-1.yaml", 8, "policy.version-pinned",
         'version "latest" of variant "stable" is not a version number'),
        ("family.yaml", 12, "policy.image-by-digest",
         'image "registry.example.com/server:1.0" is not referenced by digest'),
    ]  # fmt: skip


def test_a_mistake_that_all_clusters_inherit_is_one_finding(opa: ChildOpa) -> None:
    bad = files()
    family = bad[f"{FOLDER}/family.yaml"]
    bad[f"{FOLDER}/family.yaml"] = family.replace(DIGEST.encode(), b"sha256:short")
    assert len(evaluate(opa, bad)) == 1


def test_a_change_is_compared_with_the_state_before(opa: ChildOpa) -> None:
    jump = files(eu_west_1=step(50))
    assert seen(evaluate(opa, jump)) == []
    rules = [f.rule for f in evaluate(opa, jump, files())]
    assert rules == ["policy.step-in-plan", "policy.wave-order"]


def test_skew_is_found_over_the_family(opa: ChildOpa) -> None:
    third = STEADY.replace("41", "43")
    skewed = files(us_east_1=STEADY.replace("41", "42"), eu_west_1=third)
    skewed[f"{FOLDER}/locks/43.yaml"] = skewed[f"{FOLDER}/locks/42.yaml"].replace(b"42", b"43")
    (finding,) = evaluate(opa, skewed)
    assert (finding.rule, finding.file, finding.pointer) == (
        "policy.version-skew", EU, "/spec/variants/0/version",
    )  # fmt: skip


def test_a_rollback_is_checked_by_fewer_rules(opa: ChildOpa) -> None:
    jump = files(eu_west_1=step(50))
    assert evaluate(opa, jump, files(), rollback=True) == []
    unlocked = files()
    del unlocked[f"{FOLDER}/locks/41.yaml"]
    assert {f.rule for f in evaluate(opa, unlocked, rollback=True)} == {"policy.version-locked"}


def test_a_missing_value_is_an_error_and_not_a_pass(opa: ChildOpa) -> None:
    bare = files()
    bare[EU] = bare[EU].replace(b"  residency: [EU]\n", b"")
    (finding,) = evaluate(opa, bare)
    assert (finding.file, finding.rule) == (EU, POLICY_ERROR)
    assert "rule residency was not evaluated" in finding.message


def test_a_misspelt_package_is_an_error_and_not_a_pass() -> None:
    policies, rules = shipped_policies(), chosen()
    path = "policies/rules/weights-sum/weights_sum.rego"
    policies[path] = policies[path].replace(b"rules.weights_sum", b"rules.weight_sum")
    with pytest.raises(LockstepError, match=r"rules\.weight_sum belongs to another folder"):
        ChildOpa(policies, opa_program())
    del policies[path]  # an OPA that does not hold the rule
    fleet = assemble(files())[0]
    items = policy_inputs(fleet, None, NOW, nothing_rendered(fleet))
    with ChildOpa(policies, opa_program()) as opa:
        answers = opa.evaluate_all(list(batches(items, rules, Moment(NOW))))
    findings = found(items, answers, rules)
    assert {finding.rule for finding in findings} == {POLICY_ERROR}
    assert all("rule weights-sum was not evaluated" in f.message for f in findings)
    assert len(findings) == len(REGIONS)


def test_a_rule_that_fails_on_one_cluster_is_evaluated_on_the_others() -> None:
    policies = shipped_policies()
    path = "policies/rules/residency/residency.rego"
    policies[path] += (
        b"\ndeny contains {} if {\n"
        b'\tstartswith(input.new.spec.region, "eu")\n\tto_number(input.new.spec.region)\n}\n'
    )
    rules = chosen()
    fleet = assemble(files(us_east_1=STEADY.replace("100", "99")))[0]
    items = policy_inputs(fleet, None, NOW, nothing_rendered(fleet))
    with ChildOpa(policies, opa_program()) as opa:
        answers = opa.evaluate_all(list(batches(items, rules, Moment(NOW))))
    broken = [answer for answer in answers if "error" in answer]
    assert [answer["id"] for answer in broken] == [EU]
    assert broken[0]["error"]["where"].startswith(f"{path}:")
    assert [(f.file, f.rule) for f in found(items, answers, rules)] == [
        (EU, POLICY_ERROR), (f"{FOLDER}/us-east-1.yaml", "policy.weights-sum"),
    ]  # fmt: skip
