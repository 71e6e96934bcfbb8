"""Approvals: annotated tags that people sign with SSH keys, read without a program.

What a tag says is checked here, from its bytes alone: so a record proves its approvals later.
Whether the signature is that of the key, ``ssh-keygen`` says (``lockstep.edges.ssh_signatures``).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec import Struct

from lockstep.model.times import format_time, is_ahead, parse_time

FOLDER = "lockstep/approve/"
"""The tags of approvals are below it: the hexadecimal digits of a decision's id name them."""

LARGEST_TAG = 16_384
"""Bytes of a tag that is read: it is kept in the record of the decision, for each cluster."""

SOURCE = "approval"
"""The name of the gate source."""

_ID = "sha256:"
# One further tag each where several people have to approve: git has each name once.
_LABEL = r"(?:\.[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?)?"
_HEAD = re.compile(
    r"object (?:[0-9a-f]{40}|[0-9a-f]{64})\n"
    r"type commit\n"
    r"tag (?P<name>[^\n]+)\n"
    r"tagger [^\n]* (?P<time>[0-9]{1,11}) [+-][0-9]{4}\n"
    r"\n"
)
_BEGIN = "-----BEGIN SSH SIGNATURE-----\n"
_END = "\n-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG\x00\x00\x00\x01"


class Approver(Struct, frozen=True, rename="camel"):
    """A person who may approve: a name, a public key, and from when until when the key counts.

    ``key`` is type and data as in a ``.pub`` file, without its comment.
    """

    name: str
    key: str
    valid_after: str | None = None
    valid_before: str | None = None


class Approval(Struct, frozen=True):
    """An approval that counts: by whom, and all of the signed tag."""

    approver: Approver
    tag: str


@dataclass(frozen=True, slots=True)
class SignedTag:
    """What a signed tag says: its own name, when it was made, and what was signed by which key."""

    name: str
    time: datetime
    payload: bytes
    signature: bytes
    key: str


def tag_name(decision: str) -> str:
    """The name of the tag that approves the decision with this id."""
    return FOLDER + decision.removeprefix(_ID)


def approves(name: str, decision: str) -> bool:
    """Whether a tag of this name is about that decision: its own name, or that and ``.LABEL``."""
    wanted = re.escape(tag_name(decision))
    return bool(decision) and re.fullmatch(wanted + _LABEL, name) is not None


def read_tag(data: bytes) -> SignedTag:
    """The signed tag of a commit that these bytes are. Raises ValueError with what is wrong."""
    if len(data) > LARGEST_TAG:
        raise ValueError(f"it is larger than {LARGEST_TAG} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    # A second block would leave it open which one was signed.
    if text.count(_BEGIN.rstrip()) != 1 or f"\n{_BEGIN}" not in text:
        raise ValueError("it has no SSH signature" if _BEGIN not in text else "its form is odd")
    head = _HEAD.match(text)
    payload, _, armored = text.partition(_BEGIN)
    if head is None or head.end() > len(payload):
        raise ValueError("it is not a tag of a commit with the four lines that git writes")
    body, end, rest = armored.partition(_END)
    if not end or rest not in ("", "\n"):
        raise ValueError("something comes after its signature, or the signature is cut off")
    signature = (_BEGIN + body + _END + "\n").encode()
    # At most eleven digits: the year 5138.
    moment = datetime.fromtimestamp(int(head["time"]), UTC)
    return SignedTag(head["name"], moment, payload.encode(), signature, _signing_key(body))


def check_tag(
    data: bytes, decision: str, approvers: Sequence[Approver], now: datetime
) -> tuple[SignedTag, Approver]:
    """The tag, and which approver's key has signed it, if it can approve a decision at ``now``.

    The key has to be valid now, not only when the tag says that it was made: the signer chooses
    that time. Raises ValueError with the reason where it cannot.
    """
    tag = read_tag(data)
    if not approves(tag.name, decision):
        raise ValueError("the name that was signed is not that of an approval of this decision")
    if is_ahead(format_time(tag.time), now):
        raise ValueError(f"it was made at {format_time(tag.time)}, which is in the future")
    known = [each for each in approvers if each.key == tag.key]
    if not known:
        raise ValueError("its key is not listed for the role")
    for approver in known:
        if not (invalid := why_invalid(approver, now)):
            return tag, approver
    raise ValueError(invalid)


def why_invalid(approver: Approver, now: datetime) -> str:
    """Why an approver's key does not count at a time; empty where it does."""
    if approver.valid_after and now < parse_time(approver.valid_after):
        return f"the key of {approver.name} is valid from {approver.valid_after} on"
    if approver.valid_before and now >= parse_time(approver.valid_before):
        return f"the key of {approver.name} was valid until {approver.valid_before}"
    return ""


def _signing_key(body: str) -> str:
    """The public key in an SSH signature, as in a ``.pub`` file.

    https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
    """
    try:
        blob = base64.b64decode("".join(body.split("\n")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("its signature is not base64") from error
    if not blob.startswith(_MAGIC):
        raise ValueError("its signature is not an SSH signature of version 1")
    key, rest = _string(blob[len(_MAGIC) :])
    if _string(rest)[0] != b"git":  # a signature of a file or of a mail approves nothing
        raise ValueError("it was not signed as a git object")
    kind = _string(key)[0]
    return f"{kind.decode('ascii', 'replace')} {base64.b64encode(key).decode()}"


def _string(data: bytes) -> tuple[bytes, bytes]:
    """A string of SSH's wire format, and what follows it."""
    end = 4 + int.from_bytes(data[:4], "big")
    if len(data) < end:
        raise ValueError("its signature is cut off")
    return data[4:end], data[end:]
