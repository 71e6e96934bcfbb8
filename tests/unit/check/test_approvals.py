"""Signatures of recorded approvals: each is verified once, whatever the evidence repeats."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from lockstep.check import approvals
from lockstep.check.approvals import check_approvals
from lockstep.model.approval import Approval
from tests.unit.rollout.test_approvals import LEAD, forward, item, newest, tag
from tests.unit.ssh_keys import approver


def test_a_tag_that_is_the_evidence_of_many_clusters_is_verified_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def refuse(*given: object) -> str:
        asked.append(given)
        return "no"

    monkeypatch.setattr(approvals, "why_not_signed", refuse)
    lead = approver(tmp_path, LEAD)
    evidence = item(Approval(lead, tag(tmp_path)))
    decision = replace(newest(forward(evidence)), evidence=(evidence, evidence))
    (finding,) = check_approvals([decision])
    assert finding.rule == "replay.approval" and finding.file == decision.path
    assert len(asked) == 1
