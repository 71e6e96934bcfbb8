"""Findings: one order, each once, and plain JSON data."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.finding import Finding, Related, Severity, Suppression, arrange

ONE = Finding("b.yaml", 2, 3, "yaml.syntax", "this is wrong", "fix it", "/a")
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
        "message": "this is wrong", "fix": "fix it", "pointer": "/a", "severity": "error",
        "related": [], "suppression": None,
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


HERE = Related("a.yaml", 7, 3, "uses this default")
THERE = Related("c.yaml", 1, 1, "uses this default")
WAIVED = Suppression("w.yaml", 9, "ml@example.com", "known", "OPS-1", "2026-06-30")


def test_one_mistake_of_several_clusters_is_one_finding_with_all_places() -> None:
    (merged,) = arrange([replace(ONE, related=(THERE,)), replace(ONE, related=(HERE,))])
    assert merged == replace(ONE, related=(HERE, THERE))


def test_a_finding_counts_where_one_of_its_clusters_is_not_waived() -> None:
    waived = replace(ONE, related=(HERE,), suppression=WAIVED)
    (merged,) = arrange([waived, replace(ONE, related=(THERE,))])
    assert merged == replace(ONE, related=(THERE,))
    (suppressed,) = arrange([waived, replace(waived, related=(THERE,))])
    assert suppressed == replace(waived, related=(HERE, THERE))
    assert (merged.stops, suppressed.stops) == (True, False)


def test_plain_data_is_read_back() -> None:
    for finding in (ONE, replace(ONE, related=(HERE, THERE), suppression=WAIVED)):
        assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding
