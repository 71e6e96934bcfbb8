"""Signatures as ssh-keygen verifies them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from lockstep.edges.ssh_signatures import why_not_signed
from lockstep.model.approval import read_tag
from lockstep.model.errors import LockstepError
from tests.unit.model.test_approval import payload
from tests.unit.ssh_keys import approver, signed

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_a_signature_verifies_with_its_key_while_that_is_valid(tmp_path: Path) -> None:
    lead, deputy = approver(tmp_path, "lead@example.com"), approver(tmp_path, "dep@example.com")
    tag = read_tag(signed(tmp_path, lead.name, payload()))
    valid = replace(lead, valid_after="2026-03-01T10:00:00Z", valid_before="2026-03-01T10:00:01Z")
    assert why_not_signed(tag, lead, NOW) == why_not_signed(tag, valid, NOW) == ""
    assert why_not_signed(tag, deputy, NOW)
    for late in (
        replace(lead, valid_before="2026-03-01T09:59:59Z"),
        replace(lead, valid_after="2026-03-01T10:00:01Z"),
    ):
        assert why_not_signed(tag, late, NOW)


def test_another_text_does_not_verify(tmp_path: Path) -> None:
    lead = approver(tmp_path, "lead@example.com")
    data = signed(tmp_path, lead.name, payload()).replace(b"\n\napprove", b"\n\nApprove")
    assert "incorrect signature" in why_not_signed(read_tag(data), lead, NOW).lower()


def test_without_ssh_keygen_nothing_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = approver(tmp_path, "lead@example.com")
    tag = read_tag(signed(tmp_path, lead.name, payload()))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LockstepError, match="cannot start ssh-keygen"):
        why_not_signed(tag, lead, NOW)
