"""Verifies SSH signatures with ``ssh-keygen``, which reads no settings of the user for it."""

import os
from datetime import datetime

from lockstep.edges import process, scratch
from lockstep.model.approval import Approver, SignedTag
from lockstep.model.times import format_time, parse_time
from lockstep.text.sanitise import last_part

_WHO = "approver"
_TIMEOUT = 30.0


def why_not_signed(tag: SignedTag, approver: Approver, now: datetime) -> str:
    """Why a tag is not signed by an approver's key that is valid at ``now``; empty where it is.

    Raises LockstepError where ``ssh-keygen`` cannot be run.
    """
    with scratch.folder() as folder:
        (folder / "allowed").write_text(_allowed(approver))
        (folder / "signature").write_bytes(tag.signature)
        done = process.run(
            ["ssh-keygen", "-Y", "verify", "-f", str(folder / "allowed"), "-I", _WHO, "-n", "git",
             "-O", f"verify-time={_moment(format_time(now))}", "-s", str(folder / "signature")],
            cwd=folder, stdin=tag.payload, timeout=_TIMEOUT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    return "" if not done.returncode else last_part(done.output_text, 200) or "it does not verify"


def _allowed(approver: Approver) -> str:
    """The line of a file of allowed signers: https://man.openbsd.org/ssh-keygen#ALLOWED_SIGNERS."""
    options = ['namespaces="git"']
    if approver.valid_after:
        options.append(f'valid-after="{_moment(approver.valid_after)}"')
    if approver.valid_before:
        options.append(f'valid-before="{_moment(approver.valid_before)}"')
    return f"{_WHO} {','.join(options)} {approver.key}\n"


def _moment(text: str) -> str:
    """``20260131080000Z``: without the Z, ssh-keygen would take it for the time of this machine."""
    return format_time(parse_time(text)).translate({ord(c): None for c in "-:T"})
