"""The gate source approval: who has approved the decision that is due."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.edges.git.tags import FoundTag
from lockstep.gate_sources.approval import ApprovalContext, ApprovalGates
from lockstep.gates.verdicts import judge_question
from lockstep.model.approval import Approver, tag_name
from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Evidence, Question, Verdict
from tests.unit.model.test_approval import DECISION, NAME, payload
from tests.unit.ssh_keys import approver, signed

LEAD, DEPUTY, STRANGER = "lead@example.com", "deputy@example.com", "stranger@example.com"
GATE: Json = {"name": "go", "source": "approval", "role": "managers"}
QUESTION = Question(
    gate=GATE, cluster="fraud-eu", region="eu-west-1", environment="prod",
    candidate={"identity": {"version": "2"}}, stable=None,
    since="2026-03-01T08:00:00Z", now="2026-03-01T10:00:00Z", decision=DECISION,
)  # fmt: skip


@pytest.fixture(scope="module")
def people(keys: Path) -> list[Approver]:
    approver(keys, STRANGER)
    return [approver(keys, LEAD), approver(keys, DEPUTY)]


def asked(
    people: Sequence[Approver], tags: Mapping[str, bytes], remote: str = "origin", **settings: Json
) -> Evidence:
    found = [FoundTag(name, data) for name, data in tags.items()]
    context = ApprovalContext(lambda _: found, lambda: {"managers": people}, remote, "c" * 40)
    question = replace(QUESTION, gate={**GATE, **settings})
    return judge_question(question, ApprovalGates(context).ask(question))


def test_without_a_tag_it_waits_and_says_how_to_approve(people: list[Approver]) -> None:
    found = asked(people, {})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == (
        "0 of 1 approvals for the role managers; to approve: git -c gpg.format=ssh -c "
        "user.signingKey=$HOME/.ssh/id_ed25519.pub tag -s -m 'approve prod version 2' "
        f"{NAME} {'c' * 40} && git push origin refs/tags/{NAME}"
    )
    assert "git push" not in asked(people, {}, remote="").reason


def test_a_signed_tag_passes_and_is_evidence(keys: Path, people: list[Approver]) -> None:
    tag = signed(keys, LEAD, payload())
    found = asked(people, {NAME: tag})
    assert (found.verdict, found.reason) == (
        Verdict.PASS, f"approved for the role managers by {LEAD}",
    )  # fmt: skip
    (approval,) = found.answer.approvals
    assert approval.approver == people[0] and approval.tag.encode() == tag


def test_a_person_counts_once(keys: Path, people: list[Approver]) -> None:
    other = f"{NAME}.b"
    twice = {NAME: signed(keys, LEAD, payload()), other: signed(keys, LEAD, payload(other))}
    assert asked(people, twice, count=2).verdict is Verdict.INCONCLUSIVE
    two = {**twice, f"{NAME}.c": signed(keys, DEPUTY, payload(f"{NAME}.c"))}
    found = asked(people, two, count=2)
    assert found.verdict is Verdict.PASS and found.reason.endswith(f"by {DEPUTY}, {LEAD}")
    # Two keys under one name are one person.
    same = [Approver(LEAD, each.key) for each in people]
    assert asked(same, two, count=2).verdict is Verdict.INCONCLUSIVE


def test_what_does_not_count_is_said_and_keeps_nobody_from_approving(
    keys: Path, people: list[Approver]
) -> None:
    strange = {NAME: signed(keys, STRANGER, payload()), f"{NAME}.b": b"", f"{NAME}.c": b""}
    found = asked(people, strange)
    assert f"the tag {NAME} does not count: its key is not listed for the role" in found.reason
    assert f" {NAME}.2 {'c' * 40}" in found.reason
    renamed = {f"{NAME}.b": signed(keys, LEAD, payload())}
    assert "it was renamed" in asked(people, renamed).reason
    changed = signed(keys, LEAD, payload()).replace(b"\n\napprove", b"\n\nApprove")
    assert "ssh-keygen: " in asked(people, {NAME: changed}).reason
    good = {**strange, f"{NAME}.d": signed(keys, LEAD, payload(f"{NAME}.d"))}
    assert asked(people, good).verdict is Verdict.PASS


def test_a_role_without_people_waits(people: list[Approver]) -> None:
    found = asked(people, {}, role="nobody")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == "policies/data/approvers.yaml lists nobody for the role 'nobody'"


@pytest.mark.parametrize("count", [0, -1, True, "2", None, 1.5], ids=str)
def test_a_count_that_is_none_is_an_error(people: list[Approver], count: Json) -> None:
    assert asked(people, {}, count=count).verdict is Verdict.ERROR


def test_without_a_decision_nothing_can_be_approved(people: list[Approver]) -> None:
    context = ApprovalContext(lambda _: [], lambda: {"managers": people}, "origin", "c" * 40)
    answer = ApprovalGates(context).ask(replace(QUESTION, decision=""))
    assert answer.condition and answer.condition.holds is None
    assert ApprovalGates().ask(QUESTION).failure == "the repository with the approvals is not known"


def test_what_cannot_be_read_is_an_error(people: list[Approver]) -> None:
    def gone(_: object = None) -> list[FoundTag]:
        raise LockstepError("it is gone")

    context = ApprovalContext(gone, lambda: {"managers": people}, "origin", "c" * 40)
    assert ApprovalGates(context).ask(QUESTION).failure == "it is gone"


def test_the_tags_of_a_decision_are_read_once(people: list[Approver]) -> None:
    read: list[str] = []

    def tags(decision: str) -> list[FoundTag]:
        read.append(decision)
        return []

    gates = ApprovalGates(ApprovalContext(tags, lambda: {"managers": people}, "", "c" * 40))
    for cluster in ("a", "b"):
        gates.ask(replace(QUESTION, cluster=cluster))
    assert read == [DECISION] and tag_name(DECISION) == NAME
