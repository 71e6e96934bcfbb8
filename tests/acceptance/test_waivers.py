"""Waivers: who accepts a finding, until when, and never in the change itself."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.fleets import EU, FAMILY, Fleet, rules
from tests.acceptance.world import git

WAIVERS = "policies/data/waivers/replicas.yaml"
WAIVER = """\
# yaml-language-server: $schema=../../schemas/waivers.json
apiVersion: lockstep.dev/v1alpha1
kind: Waivers
metadata: {name: replicas}
spec:
  waivers:
    - rule: min-replicas
      scope: {environment: prod, family: scoring, cluster: scoring-eu-west-1}
      owner: credit-ml@example.com
      reason: the region has no room until the nodes arrive
      ticket: CAP-7
      expires: "2026-06-30"
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet.create(tmp_path)


# Without a disruption budget and zones, these rules deny too.
OTHERS = {"policy.zone-spread", "policy.disruption-budget"}


def lower(fleet: Fleet) -> None:
    """One replica in the EU, where two are required."""
    fleet.edit(FAMILY, "      disruption: {maxUnavailable: 1}\n      zones: 3\n", "")
    fleet.edit(
        "clusters/prod/scoring/us-east-1.yaml", "  variants:",
        "  serving: {zones: 3, disruption: {maxUnavailable: 1}}\n  variants:",
    )  # fmt: skip
    fleet.edit(EU, "  variants:", "  serving: {replicas: 1}\n  variants:")


def waived(fleet: Fleet, text: str = WAIVER) -> None:
    fleet.write(WAIVERS, text)


def about_replicas(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [f for f in findings if f["rule"] not in OTHERS]


def test_a_waiver_on_the_base_suppresses_and_stays_in_the_report(fleet: Fleet) -> None:
    waived(fleet)
    fleet.commit("a waiver")
    lower(fleet)
    (finding,) = about_replicas(fleet.check()[1])
    assert finding["rule"] == "policy.min-replicas"
    assert finding["suppression"] == {
        "file": WAIVERS, "line": 7, "owner": "credit-ml@example.com",
        "reason": "the region has no room until the nodes arrive", "ticket": "CAP-7",
        "expires": "2026-06-30",
    }  # fmt: skip


def test_an_expired_waiver_of_the_change_is_reported_as_expired(fleet: Fleet) -> None:
    waived(fleet)
    lower(fleet)
    code, findings = fleet.check(now="2026-07-01T08:00:00Z")
    (finding,) = about_replicas(findings)
    assert code == 11
    assert "this waiver expired on 2026-06-30" in [each["note"] for each in finding["related"]]


def test_a_waiver_does_not_count_in_the_change_that_brings_it(fleet: Fleet) -> None:
    waived(fleet)
    lower(fleet)
    code, findings = fleet.check()
    (finding,) = about_replicas(findings)
    assert (code, finding["suppression"]) == (11, None)
    assert {
        "file": WAIVERS, "line": 7, "column": 13,
        "note": "this waiver counts once it is on the base branch",
    } in finding["related"]  # fmt: skip


def test_a_waiver_is_not_called_unused_while_its_cluster_cannot_be_read(fleet: Fleet) -> None:
    waived(fleet)
    lower(fleet)
    fleet.commit("a waiver and its use")
    fleet.edit(EU, "spec:\n", "spec: [\n")
    code, findings = fleet.check()
    assert (code, {f["rule"] for f in findings} - OTHERS) == (10, {"yaml.syntax"})


def test_the_base_may_let_a_change_bring_its_waiver(fleet: Fleet) -> None:
    fleet.edit("policies/data/waivers.yaml", "acceptFromChange: false", "acceptFromChange: true")
    fleet.commit("waivers count at once")
    waived(fleet)
    lower(fleet)
    (finding,) = about_replicas(fleet.check()[1])
    assert finding["suppression"] is not None


def test_the_change_cannot_allow_itself_its_waiver(fleet: Fleet) -> None:
    fleet.edit("policies/data/waivers.yaml", "acceptFromChange: false", "acceptFromChange: true")
    waived(fleet)
    lower(fleet)
    (finding,) = about_replicas(fleet.check()[1])
    assert finding["suppression"] is None


def test_a_waiver_that_the_change_removes_does_not_count(fleet: Fleet) -> None:
    waived(fleet)
    fleet.commit("a waiver")
    (fleet.root / WAIVERS).unlink()
    lower(fleet)
    (finding,) = about_replicas(fleet.check()[1])
    assert finding["suppression"] is None


def test_an_expired_waiver_is_named_and_the_finding_counts_again(fleet: Fleet) -> None:
    waived(fleet)
    fleet.commit("a waiver")
    lower(fleet)
    last = about_replicas(fleet.check(now="2026-06-30T23:59:59Z")[1])
    assert last[0]["suppression"] is not None
    code, findings = fleet.check(now="2026-07-01T00:00:00Z")
    (finding,) = about_replicas(findings)
    assert (code, finding["suppression"]) == (11, None)
    assert "this waiver expired on 2026-06-30" in [each["note"] for each in finding["related"]]


def test_an_unused_waiver_is_a_warning(fleet: Fleet) -> None:
    waived(fleet)
    assert fleet.check() == (0, []), "the clusters that it is for are not checked"
    code, findings = fleet.check("--all")
    assert code == 0
    assert [(f["rule"], f["severity"], f["file"], f["line"]) for f in findings] == [
        ("waiver.unused", "warning", WAIVERS, 7)
    ]


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("min-replicas", "min-replica", "waiver.unknown-rule", 7),
        ("min-replicas", "weights-sum", "waiver.not-waivable", 7),
        ("2026-06-30", "2026-08-31", "waiver.too-long", 12),
        ("owner: credit-ml@example.com", "owner: somebody", "schema.form", 9),
        ("      ticket: CAP-7\n", "", "schema.missing-field", 7),
        ("name: replicas", "name: others", "structure.name", 4),
    ],
)  # fmt: skip
def test_a_waiver_with_a_mistake_waives_nothing(
    fleet: Fleet, old: str, new: str, rule: str, line: int
) -> None:
    waived(fleet, WAIVER.replace(old, new, 1) if old != "min-replicas"
           else WAIVER.replace("rule: min-replicas", f"rule: {new}"))  # fmt: skip
    code, findings = fleet.check()
    assert (code, rules(findings)) == (10, [rule])
    assert (findings[0]["file"], findings[0]["line"]) == (WAIVERS, line)
    git(fleet.root, "add", "--all")
