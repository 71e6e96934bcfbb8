"""The Code Quality report of GitLab."""

import json

from hypothesis import given

from lockstep.model.finding import arrange
from lockstep.model.outcome import Outcome
from lockstep.report.gitlab import format_outcome
from tests.unit.report.outcomes import CLUSTER, ORDINARY, PARTIAL, outcomes


def test_each_finding_is_an_issue_that_gitlab_can_place() -> None:
    warning, error, waived = json.loads(format_outcome(ORDINARY))
    assert len(error.pop("fingerprint")) > 32
    assert error == {
        "description": 'region "us-east-1" lies in "US" (fix: choose another region)',
        "check_name": "policy.residency",
        "severity": "critical",
        "location": {"path": CLUSTER, "lines": {"begin": 9}},
    }
    assert (warning["severity"], waived["severity"]) == ("minor", "info")
    assert waived["description"].startswith("[suppressed until 2026-09-30] image is a tag")


def test_no_findings_are_an_empty_list() -> None:
    assert json.loads(format_outcome(Outcome(()))) == []


def test_a_part_of_the_fleet_has_the_same_issues_since_the_format_has_no_place_for_it() -> None:
    assert format_outcome(PARTIAL) == format_outcome(ORDINARY)


@given(outcomes())
def test_every_fingerprint_is_unique_since_gitlab_drops_the_second(outcome: Outcome) -> None:
    issues = json.loads(format_outcome(outcome))
    assert len(issues) == len({issue["fingerprint"] for issue in issues})
    assert len(issues) == len(arrange(outcome.findings))
    assert all(isinstance(issue["location"]["lines"]["begin"], int) for issue in issues)
