"""What signed tags say, from their bytes alone; hostile bytes approve nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.approval import (
    LARGEST_TAG,
    Approver,
    approves,
    check_tag,
    read_tag,
    tag_name,
    why_invalid,
)
from tests.unit.ssh_keys import approver, signed

DECISION = "sha256:" + "ab" * 32
NAME = tag_name(DECISION)
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
LEAD = "lead@example.com"


def payload(name: str = NAME, time: str = "1772352000", head: str = "") -> bytes:
    """What is signed of a tag made on 2026-03-01 at 08:00."""
    return (
        f"object {'c' * 40}\ntype commit\ntag {name}\n"
        f"tagger A Person <a@example.com> {time} +0000\n{head}\napprove\n"
    ).encode()


@pytest.fixture(scope="module")
def tag(keys: Path, lead: Approver) -> bytes:
    return signed(keys, LEAD, payload())


def test_a_tag_is_named_after_the_digits_of_the_decision() -> None:
    assert NAME == "lockstep/approve/" + "ab" * 32
    assert approves(NAME, DECISION) and approves(f"{NAME}.lead", DECISION)
    for name in (f"{NAME}0", f"{NAME}.", f"{NAME}.A", f"{NAME}/x", f"{NAME}.a-", NAME[:-1],
                 f"x{NAME}", f"{NAME}\n", f"{NAME}.a.b"):  # fmt: skip
        assert not approves(name, DECISION)
    assert not approves(tag_name(""), "")


def test_a_signed_tag_is_read_whole(tag: bytes, lead: Approver) -> None:
    found = read_tag(tag)
    assert (found.name, found.key) == (NAME, lead.key)
    assert found.time == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert found.payload + found.signature == tag
    assert check_tag(tag, DECISION, [lead], NOW)[1] is lead


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_keys_of_other_kinds_are_read(keys: Path, kind: str) -> None:
    who = approver(keys, f"{kind}@example.com", kind)
    assert read_tag(signed(keys, who.name, payload())).key == who.key


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t[: t.index(b"-----BEGIN")], "it has no SSH signature"),
        (lambda t: t + b"more", "something comes after"),
        (lambda t: t + b"\n", "something comes after"),
        (lambda t: t[:-20], "cut off"),
        (lambda t: t + t[t.index(b"-----BEGIN") :], "its form is odd"),
        (lambda t: t.replace(b"\napprove", b"\n-----BEGIN SSH SIGNATURE-----", 1), "odd"),
        (lambda t: t.replace(b"type commit", b"type blob", 1), "not a tag of a commit"),
        (lambda t: t.replace(b"\ntagger", b"\nencoding x\ntagger", 1), "not a tag of a commit"),
        (lambda t: t.replace(b"+0000\n", b"+0000\ngpgsig-sha256 x\n", 1), "not a tag of a commit"),
        (lambda t: t.replace(b"\ntag ", b"\r\ntag ", 1), "not a tag of a commit"),
        (lambda t: t.replace(b"1772352000", b"177235200000", 1), "not a tag of a commit"),
        (lambda t: t.replace(b"approve\n", b"\xff\n", 1), "not UTF-8"),
        (lambda t: b"x" * LARGEST_TAG + t, "larger than"),
        (lambda t: t.replace(b"U1NI", b"!!!!", 1), "not base64"),
        (lambda t: t.replace(b"U1NIU0lH", b"AAAAAAAA", 1), "not an SSH signature of version 1"),
    ],
)
def test_a_tag_of_another_form_is_refused(tag: bytes, change, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=says):
        read_tag(change(tag))


def test_a_signature_of_a_file_is_refused(keys: Path, lead: Approver) -> None:
    with pytest.raises(ValueError, match="not signed as a git object"):
        read_tag(signed(keys, LEAD, payload(), namespace="file"))


def test_a_tag_for_another_decision_does_not_approve(tag: bytes, lead: Approver) -> None:
    with pytest.raises(ValueError, match="not that of an approval of this decision"):
        check_tag(tag, "sha256:" + "cd" * 32, [lead], NOW)


def test_a_tag_from_the_future_does_not_approve(keys: Path, lead: Approver) -> None:
    late = signed(keys, LEAD, payload(time="1772359500"))  # 10:05, as far as clocks may differ
    assert check_tag(late, DECISION, [lead], NOW)
    with pytest.raises(ValueError, match="in the future"):
        check_tag(signed(keys, LEAD, payload(time="1772359501")), DECISION, [lead], NOW)
    with pytest.raises(ValueError, match="in the future"):
        check_tag(signed(keys, LEAD, payload(time="99999999999")), DECISION, [lead], NOW)


def test_a_key_counts_while_it_is_valid(tag: bytes, lead: Approver) -> None:
    def one(after: str | None, before: str | None) -> Approver:
        return Approver(lead.name, lead.key, after, before)

    now, later = "2026-03-01T10:00:00Z", "2026-03-01T10:00:01Z"
    assert not why_invalid(one(now, later), NOW)
    for each in (one(later, None), one(None, now)):
        with pytest.raises(ValueError, match="valid"):
            check_tag(tag, DECISION, [each], NOW)
    # A person may have replaced an old entry of the same key.
    assert check_tag(tag, DECISION, [one(None, now), one(now, None)], NOW)
    with pytest.raises(ValueError, match="its key is not listed for the role"):
        check_tag(tag, DECISION, [], NOW)


@given(st.binary(max_size=300), st.integers(0, 900))
def test_no_bytes_are_too_odd_to_read(noise: bytes, at: int) -> None:
    block = b"-----BEGIN SSH SIGNATURE-----\n" + noise + b"\n-----END SSH SIGNATURE-----\n"
    for data in (noise, payload()[:at] + noise, payload() + block):
        with pytest.raises(ValueError, match=r"^it"):
            read_tag(data)
