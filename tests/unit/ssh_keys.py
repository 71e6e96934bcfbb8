"""People with SSH keys, who sign tags as git does."""

import os
import subprocess
from pathlib import Path

from lockstep.model.approval import Approver


def make_key(folder: Path, who: str, kind: str = "ed25519") -> str:
    """A key pair in a file named for its owner; the public key without the comment."""
    file = folder / who
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", who, "-f", str(file)], check=True
    )
    return public_key(folder, who)


def public_key(folder: Path, who: str) -> str:
    return " ".join((folder / f"{who}.pub").read_text().split()[:2])


def approver(folder: Path, who: str, kind: str = "ed25519") -> Approver:
    """A person with a new key, which is valid at any time."""
    return Approver(who, make_key(folder, who, kind))


def sign_tag(
    folder: Path, who: str, name: str, at: str, *, repository: Path, commit: str = "HEAD"
) -> None:
    """Make a signed tag, as a person does."""
    subprocess.run(
        ["git", "-c", "gpg.format=ssh", "-c", f"user.signingKey={folder / who}.pub",
         "tag", "-s", "-m", "approve", name, commit],
        cwd=repository, check=True, env={**os.environ, "GIT_COMMITTER_DATE": at},
    )  # fmt: skip


def signed(folder: Path, who: str, payload: bytes, namespace: str = "git") -> bytes:
    """The payload with its signature, as in a signed tag."""
    done = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(folder / who)],
        input=payload, capture_output=True, check=True,
    )  # fmt: skip
    return payload + done.stdout
