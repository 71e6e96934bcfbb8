"""What OPA's answers mean, and that silence never means a pass."""

import pytest

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, Severity
from lockstep.stages.policy import POLICY_ERROR, interpret, policy_inputs
from tests.unit.stages.fleets import fleet, tree
from tests.unit.stages.test_policy_inputs import FAMILY, A, rules

ITEMS = policy_inputs(fleet(), None)
CLUSTER, WHOLE = rules("cluster"), rules("family")


def answers(*findings: Json, **changes: Json) -> list[Json]:
    """One answer per cluster; the first holds the findings and the changes."""
    made = [
        {"id": item.id, "evaluated": ["one_cluster"], "findings": []} for item in ITEMS[:3]
    ]  # fmt: skip
    made[0] = {**made[0], "findings": list(findings), **changes}
    return made


def found(pointer: str = "/spec/region", **more: Json) -> Json:
    return {"rule": "one_cluster", "message": "no", "fix": "mend", "pointer": pointer, **more}


def test_a_finding_stands_where_the_value_was_written() -> None:
    assert interpret(ITEMS, answers(found("/spec/variants/0/weight")), CLUSTER) == [
        Finding(
            A, 7, 44, "policy.one-cluster", "no", "mend", "/spec/variants/0/weight",
            Severity.WARNING,
        )
    ]  # fmt: skip


def test_a_finding_about_an_inherited_value_stands_in_the_family() -> None:
    files = tree()
    files[FAMILY] += b"  defaults:\n    serving: {image: server}\n"
    items = policy_inputs(fleet(files), None)
    (finding,) = interpret(items, answers(found("/spec/serving/image")), CLUSTER)
    assert (finding.file, finding.pointer) == (FAMILY, "/spec/defaults/serving/image")
    assert finding.line == files[FAMILY].count(b"\n")


def test_a_family_rule_names_the_cluster_that_it_means() -> None:
    answer = {"id": FAMILY, "evaluated": ["one_family"], "findings": [
        found(rule="one_family", cluster="fraud-b"), found("/spec/rollout", rule="one_family"),
    ]}  # fmt: skip
    assert [(f.file, f.pointer) for f in interpret(ITEMS, [answer], WHOLE)] == [
        ("clusters/prod/fraud/b.yaml", "/spec/region"), (FAMILY, "/spec/rollout"),
    ]  # fmt: skip


def test_no_findings_are_clean_only_when_all_was_evaluated() -> None:
    assert interpret(ITEMS, answers(), CLUSTER) == []
    with pytest.raises(LockstepError, match="rule one-cluster was not evaluated") as caught:
        interpret(ITEMS, answers(evaluated=[]), CLUSTER)
    assert caught.value.where == A


def test_a_rule_that_failed_is_a_finding_beside_the_others() -> None:
    failed = answers()
    error = {"message": "div: divide by zero", "where": "policies/rules/x/x.rego:7"}
    failed[0] = {"id": A, "error": error}
    failed[1]["findings"] = [found()]
    first, second = interpret(ITEMS, failed, CLUSTER)
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
def test_an_answer_that_makes_no_sense_is_an_error(wrong: list[Json]) -> None:
    with pytest.raises(LockstepError):
        interpret(ITEMS, wrong, CLUSTER)


def test_a_finding_about_a_cluster_of_another_family_is_an_error() -> None:
    answer = {"id": FAMILY, "evaluated": ["one_family"], "findings": [
        found(rule="one_family", cluster="spam-b"),
    ]}  # fmt: skip
    with pytest.raises(LockstepError, match="does not have"):
        interpret(ITEMS, [answer], WHOLE)


def test_a_pointer_to_nowhere_still_finds_the_file() -> None:
    (finding,) = interpret(ITEMS, answers(found("/spec/lost/9/x")), CLUSTER)
    assert finding.file == A
