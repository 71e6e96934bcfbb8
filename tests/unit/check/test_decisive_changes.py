"""Files and rules that decide for later changes: each way to change one needs an approval."""

from pathlib import Path

import pytest

from lockstep.check.base import Base
from lockstep.check.decisive_changes import file_findings, rule_findings
from lockstep.edges.git import Git
from lockstep.model.finding import Severity
from lockstep.model.paths import APPROVERS
from tests.unit.edges.repositories import child, commit, git, new_repository

LISTED = b"thresholds: {approvers: {roles: {}}}\n"
ADDRESS = b"branch: main\nrepository: https://git.example.com/ml/fleet.git\n"
OFF = "policies/data/rules.yaml"
RULE = "policies/rules/argocd-source/argocd_source.rego"
OWN = "policies/rules/own-review/own_review.rego"


def switched_off(name: str) -> bytes:
    entry = f"{{{name}: {{owner: platform, reason: not needed}}}}"
    return f"thresholds: {{rules: {{switchedOff: {entry}}}}}\n".encode()


@pytest.fixture
def made(tmp_path: Path) -> Git:
    return new_repository(tmp_path / "fleet", {APPROVERS: LISTED, "lockstep.yaml": ADDRESS})


def found(made: Git, head: str, *, pull_request: bool = True) -> list[str]:
    base = made.resolve("main")
    assert base
    given = Base(base, "main", pull_request)
    findings = [*file_findings(made, head, given), *rule_findings(made, head, given)]
    assert all(each.severity is Severity.APPROVAL for each in findings)
    return [f"{each.file} {each.rule}" for each in findings]


def test_a_link_with_the_text_of_the_file_is_another_file(made: Git) -> None:
    """Its object is the same one; only the mode differs."""
    git(made.root, "switch", "--quiet", "--create", "pull")
    file = made.root / APPROVERS
    file.unlink()
    file.symlink_to(LISTED.decode())
    head = commit(made.root, {})
    assert git(made.root, "rev-parse", f"main:{APPROVERS}") == git(
        made.root, "rev-parse", f"{head}:{APPROVERS}"
    )
    assert found(made, head) == [f"{APPROVERS} approval.approvers"]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (OFF, switched_off("argocd-source")),
        (RULE, b"package lockstep.rules.argocd_source\n"),
        # With it, nothing ships to the fleet any more.
        ("policies/main.rego", b"package lockstep\n"),
    ],
)
def test_a_rule_that_asks_for_approvals_goes_with_an_approval(
    made: Git, path: str, data: bytes
) -> None:
    head = child(made, {path: data})
    assert f"{path} approval.rules" in found(made, head)
    assert found(made, head, pull_request=False) == []


def test_a_file_that_replaces_the_folder_of_such_a_rule_needs_one(made: Git) -> None:
    head = child(made, {RULE.replace(".rego", "_test.rego"): b"package x\n"})
    assert found(made, head) == [f"{RULE} approval.rules"]


def test_a_rule_of_the_fleet_that_asks_is_not_taken_away_without_one(made: Git) -> None:
    shipped = (Path(__file__).parents[3] / RULE).read_text()
    own = shipped.replace("argocd-source", "own-review").replace("argocd_source", "own_review")
    commit(made.root, {OWN: own.encode()})
    assert found(made, child(made, {OWN: None})) == [f"{OWN} approval.rules"]


def test_other_policies_need_none(made: Git) -> None:
    changes = {
        OFF: switched_off("zone-spread"),
        OWN: b"package lockstep.rules.own_review\n",
    }
    for path, data in changes.items():
        assert found(made, child(made, {path: data})) == [], path
