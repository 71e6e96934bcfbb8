"""From OPA's answers to findings; a missing answer is never a pass."""

from dataclasses import replace

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, Related, Severity
from lockstep.model.outcome import POLICY_ERROR
from lockstep.policy import PolicyItem, Rule, interpret
from tests.unit.fleets import fleet, tree
from tests.unit.policy.test_inputs import FAMILY, NOW, A, rules
from tests.unit.whole_fleets import policy_inputs

ITEMS = policy_inputs(fleet(), None, NOW)
CLUSTER, WHOLE = rules("cluster"), rules("family")


def answers(*findings: Json, **changes: Json) -> list[Json]:
    """One answer per cluster; the first holds the findings and the changes."""
    made = [
        {"id": item.id, "evaluated": ["one_cluster"], "findings": []} for item in ITEMS[1:4]
    ]  # fmt: skip
    made[0] = {**made[0], "findings": list(findings), **changes}
    return made


def found(pointer: str = "/spec/region", **more: Json) -> Json:
    return {"rule": "one_cluster", "message": "no", "fix": "fix it", "pointer": pointer, **more}


def traced(item: PolicyItem, kind: str, name: str, pointer: str) -> Finding:
    return Finding(f"{kind}/{name}", 1, 2, "", "", "", pointer)


def interpreted(
    items: list[PolicyItem], found: list[Json], rules: tuple[Rule, ...]
) -> list[Finding]:
    return [one.finding for one in interpret(items, found, rules, traced, {})]


def test_a_finding_is_at_the_place_of_its_value() -> None:
    assert interpreted(ITEMS, answers(found("/spec/variants/0/weight")), CLUSTER) == [
        Finding(
            A, 7, 44, "policy.one-cluster", "no", "fix it", "/spec/variants/0/weight",
            Severity.WARNING,
        )
    ]  # fmt: skip


def test_a_finding_about_an_inherited_value_is_in_the_family() -> None:
    files = tree()
    files[FAMILY] += b"  defaults:\n    serving: {image: server}\n"
    items = policy_inputs(fleet(files), None, NOW)
    (finding,) = interpreted(items, answers(found("/spec/serving/image")), CLUSTER)
    assert (finding.file, finding.pointer) == (FAMILY, "/spec/defaults/serving/image")
    assert finding.line == files[FAMILY].count(b"\n")


def test_a_family_rule_names_its_cluster() -> None:
    answer = {"id": FAMILY, "evaluated": ["one_family"], "findings": [
        found(rule="one_family", cluster="fraud-b"), found("/spec/rollout", rule="one_family"),
    ]}  # fmt: skip
    assert [(f.file, f.pointer) for f in interpreted(ITEMS, [answer], WHOLE)] == [
        ("clusters/prod/fraud/b.yaml", "/spec/region"), (FAMILY, "/spec/rollout"),
    ]  # fmt: skip


def test_no_findings_are_clean_only_when_all_was_evaluated() -> None:
    assert interpreted(ITEMS, answers(), CLUSTER) == []
    first, *others = interpreted(ITEMS, answers(evaluated=[]), CLUSTER)
    assert (first.rule, first.file, others) == (POLICY_ERROR, A, [])
    assert "rule one-cluster was not evaluated" in first.message


def test_a_rule_that_failed_is_a_finding_in_addition_to_the_others() -> None:
    failed = answers()
    error = {"message": "div: divide by zero", "where": "policies/rules/x/x.rego:7"}
    failed[0] = {"id": A, "error": error}
    failed[1]["findings"] = [found()]
    first, second = interpreted(ITEMS, failed, CLUSTER)
    assert (first.rule, first.severity, first.file) == (POLICY_ERROR, Severity.ERROR, A)
    assert "policies/rules/x/x.rego:7: div: divide by zero" in first.message
    assert second.rule == "policy.one-cluster"


@pytest.mark.parametrize(
    "wrong",
    [
        answers()[1:],
        [*answers(), answers()[0]],
        [*answers()[1:], {"evaluated": [], "findings": []}],
        [*answers()[1:], None],
        answers(findings=None),
        answers(evaluated="one_cluster"),
        answers("denied"),
        answers({**found(), "rule": "another"}),
        answers({**found(), "message": None}),
        answers({**found(), "pointer": 7}),
    ],
)
def test_a_malformed_answer_is_an_error(wrong: list[Json]) -> None:
    with pytest.raises(LockstepError):
        interpreted(ITEMS, wrong, CLUSTER)


def test_a_finding_about_a_cluster_of_another_family_is_an_error() -> None:
    answer = {"id": FAMILY, "evaluated": ["one_family"], "findings": [
        found(rule="one_family", cluster="spam-b"),
    ]}  # fmt: skip
    with pytest.raises(LockstepError, match="does not have"):
        interpreted(ITEMS, [answer], WHOLE)


def test_a_pointer_to_nowhere_still_finds_the_file() -> None:
    (finding,) = interpreted(ITEMS, answers(found("/spec/lost/9/x")), CLUSTER)
    assert finding.file == A


def test_a_finding_about_a_rendered_object_is_traced() -> None:
    thing = {"kind": "Service", "name": "fraud-a"}
    (finding,) = interpreted(ITEMS, answers(found("/spec/type", object=thing)), CLUSTER)
    assert (finding.file, finding.column, finding.pointer) == ("Service/fraud-a", 2, "/spec/type")
    assert (finding.rule, finding.message) == ("policy.one-cluster", "no")


def test_a_finding_may_be_in_the_family_or_in_a_lock() -> None:
    files = [found("/spec/gates/0/max", document="family"), found("/spec/identity", lock="1")]
    places = [(f.file, f.pointer) for f in interpreted(ITEMS, answers(*files), CLUSTER)]
    assert places == [
        (FAMILY, "/spec/gates/0/max"),
        ("clusters/prod/fraud/locks/1.yaml", "/spec/identity"),
    ]
    with pytest.raises(LockstepError, match="does not have"):
        interpreted(ITEMS, answers(found(lock="9")), CLUSTER)


def test_related_clusters_are_named() -> None:
    also = [{"cluster": "fraud-c", "pointer": "/spec/region", "note": "involved"}]
    answer = {"id": FAMILY, "evaluated": ["one_family"], "findings": [
        found(rule="one_family", cluster="fraud-b", also=also),
    ]}  # fmt: skip
    (one,) = interpret(ITEMS, [answer], WHOLE, traced, {})
    assert (one.environment, one.family, one.cluster) == ("prod", "fraud", "fraud-b")
    (related,) = one.finding.related
    place = (related.file, related.line, related.note)
    assert place == ("clusters/prod/fraud/c.yaml", 5, "involved")


def test_a_finding_names_the_thresholds_that_decided_it() -> None:
    path = "policies/rules/one-cluster/thresholds.yaml"
    policies = {path: b"thresholds:\n  one_cluster:\n    most: 3\n"}
    deciding = (replace(CLUSTER[0], thresholds=(path,)),)
    (one,) = interpret(ITEMS, answers(found(thresholds=["most"])), deciding, traced, policies)
    assert one.finding.related == (Related(path, 3, 5, "the threshold most"),)


@pytest.mark.parametrize(
    ("pointer", "command"),
    [
        ("/spec/variants/0/version", "lock prod/fraud 1"),
        ("/spec/region", "lock prod/fraud VERSION"),
    ],
)
def test_a_fix_names_the_family_and_the_version(pointer: str, command: str) -> None:
    (one,) = interpreted(ITEMS, answers(found(pointer, fix="lock {family} {version}")), CLUSTER)
    assert one.fix == command


def test_a_version_that_is_not_plain_is_not_part_of_a_command() -> None:
    files = tree()
    files[A] = files[A].replace(b'version: "1"', b'version: "--force"')
    items = policy_inputs(fleet(files), None, NOW)
    fixing = found("/spec/variants/0/version", fix="lock {family} {version}")
    (one,) = interpreted(items, answers(fixing), CLUSTER)
    assert one.fix == "lock prod/fraud VERSION"
