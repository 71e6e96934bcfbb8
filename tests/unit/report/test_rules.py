"""The results of the verbs about rules, as text and as data."""

from lockstep.model.exit_codes import ExitCode
from lockstep.model.rule_results import (
    RuleBundle,
    RuleExplanation,
    RuleFacts,
    RuleList,
    RuleTests,
    ShownExample,
)
from lockstep.report.result_data import to_envelope
from lockstep.report.results import format_text

FACTS = RuleFacts("few-pods", "capacity", "error", "cluster", True, "Enough pods")
EXPLANATION = RuleExplanation(
    FACTS, "Why it is so.", "0.1.0", True, (("Too few", "%s is too few", "add some"),),
    (ShownExample("one pod", False, "--- a.yaml\n+ replicas: 1"),),
    "policies/rules/few-pods/thresholds.yaml", "least: 2", "rule: few-pods",
)  # fmt: skip


def test_a_list_is_a_table_and_rows() -> None:
    result = RuleList((FACTS,))
    (row,) = [line for line in format_text(result).splitlines() if "few-pods" in line]
    assert row.split() == ["few-pods", "capacity", "error", "cluster", "yes", "Enough", "pods"]
    assert to_envelope(result, "policy list").to_data()["items"] == [FACTS.to_json()]


def test_an_explanation_has_every_part() -> None:
    parts = format_text(EXPLANATION).split("\n\n")
    assert parts[0].splitlines() == [
        "few-pods: Enough pods",
        "capacity · error · scope cluster · since 0.1.0 · also stops rollbacks",
    ]
    assert parts[2] == "Too few\n  message: %s is too few\n  fix:     add some"
    assert "  least: 2" in parts[3] and parts[4].startswith("Bad: one pod\n  --- a.yaml")
    assert parts[5].endswith("it counts once it is on the base branch\n  rule: few-pods")
    (data,) = to_envelope(EXPLANATION, "policy explain").to_data()["items"]
    assert data["rule"] == "few-pods"
    assert data["denials"] == [
        {"title": "Too few", "message": "%s is too few", "solution": "add some"}
    ]
    assert data["examples"] == [{"about": "one pod", "good": False}]


def test_problems_come_before_the_counts() -> None:
    tests = RuleTests(("few-pods",), 4, 2, 100.0, ["x.rego:1: no test runs this line"])
    counts = "1 rule, 4 tests passed, 2 examples"
    assert format_text(tests).splitlines() == [*tests.problems, f"{counts}, 1 problem"]
    assert tests.exit_code is ExitCode.INVALID
    clean = RuleTests(("few-pods",), 4, 2, 100.0, ())
    assert format_text(clean) == f"{counts}, 100 % of the lines covered"
    assert (
        to_envelope(clean, "policy test").to_data()["items"] == []
        and clean.exit_code is ExitCode.CLEAN
    )


def test_a_bundle_says_what_is_in_it() -> None:
    bundle = RuleBundle("x.tar.gz", "sha256:1", signed=False)
    assert format_text(bundle) == "x.tar.gz: rules sha256:1, not signed"
    (data,) = to_envelope(bundle, "policy bundle").to_data()["items"]
    assert data == {"path": "x.tar.gz", "digest": "sha256:1", "signed": False}
