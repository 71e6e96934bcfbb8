"""The approvers that data lists: what is not well-formed counts as nobody."""

import pytest

from lockstep.check.approvers import read_approvers, read_holders
from lockstep.model.approval import Approver
from lockstep.model.errors import LockstepError
from lockstep.model.holders import Holder

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def data(entry: str) -> bytes:
    return f"thresholds:\n  approvers:\n    roles:\n      managers: [{entry}]\n".encode()


def test_the_people_of_each_role_are_read() -> None:
    entry = f'{{name: lead@example.com, key: {KEY}, validBefore: "2027-01-01T00:00:00Z"}}'
    found = read_approvers(data(entry))
    assert found == {"managers": (Approver("lead@example.com", KEY, None, "2027-01-01T00:00:00Z"),)}
    assert read_approvers(b"") == read_approvers(b"thresholds: [") == {}


@pytest.mark.parametrize(
    "entry",
    [
        "{name: lead@example.com}", "lead", "{name: 1, key: 2}",
        f'{{name: a, key: {KEY}, validBefore: "tomorrow"}}',
        f'{{name: a, key: {KEY}, validAfter: "2026-02-31T00:00:00Z"}}',
        f'{{name: a, key: "{KEY} comment"}}', f'{{name: a, key: "{KEY}\\n* {KEY}"}}',
        '{name: a, key: ""}',
    ],
)  # fmt: skip
def test_what_is_not_well_formed_is_an_error(entry: str) -> None:
    with pytest.raises(LockstepError, match="it cannot be read"):
        read_approvers(data(entry))


def listed(roles: str, entry: str = f"{{name: lead@example.com, key: {KEY}}}") -> bytes:
    return data(entry).replace(b"approvers:\n", f"approvers:\n    pullRequests: {roles}\n".encode())


def test_who_approves_pull_requests_are_the_people_of_the_roles_that_are_named() -> None:
    entry = f"{{name: lead@example.com, key: {KEY}, logins: {{gitea: lead}}}}"
    found = read_holders(listed("[managers, others]", entry))
    assert found == {"managers": (Holder("lead@example.com", {"gitea": "lead"}),), "others": ()}
    assert read_holders(data(entry)) == read_holders(b"") == {}


@pytest.mark.parametrize(
    ("roles", "entry"),
    [
        ("managers", "{name: a}"), ("[1]", "{name: a}"), ("[managers]", "{logins: {gitea: a}}"),
        ("[managers]", "{name: a, logins: [a]}"), ("[managers]", "{name: a, validBefore: soon}"),
    ],
)  # fmt: skip
def test_people_who_are_not_well_formed_are_an_error(roles: str, entry: str) -> None:
    with pytest.raises(LockstepError, match="it cannot be read"):
        read_holders(listed(roles, entry))
