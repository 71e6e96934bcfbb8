"""The JUnit report, as GitLab and Jenkins read it."""

from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from hypothesis import given, settings

from lockstep.model.finding import arrange
from lockstep.model.outcome import Outcome
from lockstep.report.junit import WELL_FORMED, format_outcome
from tests.unit.report.outcomes import CLUSTER, ORDINARY, PARTIAL, RULES, WAIVED, WRONG, outcomes


def parse(outcome: Outcome) -> Element:
    return ElementTree.fromstring(format_outcome(outcome))


def results(root: Element, tag: str) -> list[Element]:
    return [case for case in root.iter("testcase") if case.find(tag) is not None]


def names(root: Element, suite: str) -> list[str]:
    found = root.find(f"testsuite[@name='{suite}']")
    return [] if found is None else [case.attrib["name"] for case in found]


def test_a_suite_for_each_file_and_one_for_what_passed() -> None:
    root = parse(ORDINARY)
    assert [suite.attrib["name"] for suite in root] == [
        "lockstep", CLUSTER, "clusters/prod/fraud/us.yaml",
    ]  # fmt: skip
    assert names(root, "lockstep") == [WELL_FORMED, "policy.weights-sum"]
    assert root.attrib == {
        "name": "lockstep", "tests": "5", "failures": "1", "errors": "0", "skipped": "2",
    }  # fmt: skip


def test_an_error_fails_with_its_place_and_what_to_do() -> None:
    (case,) = results(parse(ORDINARY), "failure")
    failure = case.find("failure")
    assert failure is not None and failure.text
    assert case.attrib["file"] == case.attrib["classname"] == CLUSTER
    assert failure.text.startswith(f"{CLUSTER}:9:13: error policy.residency: ")
    assert "fix: choose another region" in failure.text
    assert "also clusters/prod/fraud/family.yaml:4:3 inherited here" in failure.text


def test_warnings_and_what_is_waived_are_skipped_with_their_reason() -> None:
    stale, waived = results(parse(ORDINARY), "skipped")
    assert "old facts" in "".join(stale.itertext())
    assert "waived until 2026-09-30 by risk-ml@example.com" in "".join(waived.itertext())


def test_a_clean_check_is_a_report_with_passed_cases() -> None:
    root = parse(Outcome((), rules=RULES))
    assert names(root, "lockstep") == [WELL_FORMED, "policy.residency", "policy.weights-sum"]
    assert parse(Outcome(())).attrib["tests"] == "1"


def test_a_part_of_the_fleet_is_a_property_before_the_cases() -> None:
    suite = parse(PARTIAL)[0]
    assert suite.attrib["name"] == "lockstep" and suite[0].tag == "properties"
    assert [each.attrib for each in suite[0]] == [
        {"name": "scope", "value": "3 of 1,000 clusters checked; the others are as on origin/main"}
    ]
    assert parse(PARTIAL).attrib == parse(ORDINARY).attrib
    assert parse(ORDINARY).find("testsuite/properties") is None
    malformed = parse(replace(PARTIAL, findings=(replace(WRONG, rule="schema.type"),), rules=()))
    assert malformed.find("testsuite[@name='lockstep']/properties") is not None


def test_what_is_malformed_does_not_pass_as_well_formed() -> None:
    root = parse(Outcome((replace(WRONG, rule="schema.type"),), rules=RULES))
    assert WELL_FORMED not in names(root, "lockstep")


def test_a_spec_that_could_not_be_evaluated_is_an_error_and_no_rule_passed() -> None:
    root = parse(Outcome((replace(WRONG, rule="policy.error"),), rules=RULES))
    assert len(results(root, "error")) == 1
    assert names(root, "lockstep") == [WELL_FORMED]


def test_names_do_not_change_when_lines_move_and_are_never_shared() -> None:
    twice = [
        WRONG,
        replace(WRONG, line=20),
        replace(WRONG, line=30, message=WRONG.message + " (2)"),
    ]
    moved = [replace(finding, line=finding.line + 7) for finding in twice]
    first, second = (names(parse(Outcome(tuple(each))), CLUSTER) for each in (twice, moved))
    assert first == second
    assert len(set(first)) == 3


def test_a_waived_finding_lets_the_rule_pass() -> None:
    rule = replace(RULES[0], id=WAIVED.rule)
    assert names(parse(Outcome((WAIVED,), rules=(rule,))), "lockstep") == [WELL_FORMED, rule.id]


@settings(max_examples=50)
@given(outcomes())
def test_any_outcome_is_xml_with_a_case_for_each_finding(outcome: Outcome) -> None:
    root = parse(outcome)
    cases = [case for case in root.iter("testcase") if "file" in case.attrib]
    assert len(cases) == len(arrange(outcome.findings))
    named = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
    assert len(set(named)) == len(named)
    stopping = sum(finding.stops for finding in arrange(outcome.findings))
    assert stopping == len(results(root, "failure")) + len(results(root, "error"))
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped",
    }  # fmt: skip
