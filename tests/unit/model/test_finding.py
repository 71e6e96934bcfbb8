"""Findings: one order, each once, and plain JSON data."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.finding import Finding, Severity, arrange

ONE = Finding("b.yaml", 2, 3, "yaml.syntax", "this is wrong", "mend it", "/a")
FINDINGS = st.lists(
    st.builds(
        Finding, st.sampled_from("ab"), st.integers(1, 12), st.integers(1, 2),
        st.sampled_from("xy"), st.just("m"), st.just("f"), st.sampled_from(["", "/a"]),
        st.sampled_from(Severity),
    ),
    max_size=8,
)  # fmt: skip


def test_a_finding_is_an_error_unless_it_says_otherwise_and_becomes_plain_data() -> None:
    assert json.loads(json.dumps(ONE.to_json())) == {
        "file": "b.yaml", "line": 2, "column": 3, "rule": "yaml.syntax",
        "message": "this is wrong", "fix": "mend it", "pointer": "/a", "severity": "error",
    }  # fmt: skip


def test_findings_are_ordered_by_place_as_numbers_not_as_text() -> None:
    places = [("a", 2, 1), ("a", 10, 1), ("a", 10, 2), ("b", 1, 1)]
    made = [replace(ONE, file=file, line=line, column=column) for file, line, column in places]
    assert arrange(reversed(made)) == tuple(made)


@given(FINDINGS)
def test_any_order_of_arrival_gives_the_same_report_with_each_finding_once(
    findings: list[Finding],
) -> None:
    arranged = arrange(findings)
    assert arranged == arrange([*reversed(findings), *findings]) == arrange(arranged)
    assert set(arranged) == set(findings) and len(arranged) == len(set(findings))
