"""The expected rules as an OPA bundle, for an OPA that runs elsewhere.

Format: https://www.openpolicyagent.org/docs/latest/management-bundles/#bundle-file-format. Equal
policies give equal bytes, except for a signature by ECDSA, which contains a random number.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lockstep.edges import process, scratch
from lockstep.model.canonical import canonical_json
from lockstep.model.errors import LockstepError
from lockstep.opa.binary import OLDEST
from lockstep.opa.data import data_document
from lockstep.opa.files import policies_digest, write_policy_files
from lockstep.text.sanitise import one_line

_TIMEOUT = 60.0

_PROBE = b"""\
package lockstep.probe

import rego.v2

number := to_number(input.number)
"""
"""Fails in a builtin for an input that is not a number, which RemoteOpa checks. An OPA before 1.22
cannot load the bundle, because it does not know the import."""


@dataclass(frozen=True, slots=True)
class Signing:
    """How to sign a bundle: a private key in PEM, and an algorithm of OPA's, such as ES256."""

    key: Path
    algorithm: str = "RS256"


def bundle_of(files: Mapping[str, bytes], opa: Path, signing: Signing | None = None) -> bytes:
    """A gzipped tar of the files (as policy_files gives them) that OPA loads as a bundle.

    In addition it holds ``data.lockstep.bundle`` (their digest, and the oldest OPA) and a rule that
    shows whether OPA reports a builtin that fails. Raises LockstepError when two files of data
    define the same key, or the key cannot sign.
    """
    with scratch.folder() as folder:
        write_policy_files(files, folder / "policy")
        data = data_document(opa, folder / "policy")
        # Data goes in as one document: of a bundle, OPA reads only data.json and data.yaml.
        members = {path: text for path, text in files.items() if path.endswith(".rego")}
        members |= _own_members(policies_digest(files), data)
        if signing:
            members[".signatures.json"] = _signatures(members, folder, opa, signing)
    return _packed(members)


def _own_members(digest: str, data: bytes) -> dict[str, bytes]:
    oldest = ".".join(map(str, OLDEST))
    # Nothing else may write below the roots of a bundle: no other bundle, and not OPA's API.
    roots = sorted({"lockstep", "lockstep_test", *json.loads(data)})
    return {
        ".manifest": canonical_json({"revision": digest, "roots": roots, "rego_version": 1}),
        "data.json": data,
        "lockstep/bundle/data.json": canonical_json({"digest": digest, "opa": oldest}),
        "lockstep/probe.rego": _PROBE,
    }


def _signatures(members: Mapping[str, bytes], folder: Path, opa: Path, signing: Signing) -> bytes:
    """The file of signatures that ``opa sign`` writes for these files."""
    unpacked, signed = folder / "bundle", folder / "signed"
    for path, data in members.items():
        (unpacked / path).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / path).write_bytes(data)
    signed.mkdir()
    argv = [
        str(opa), "sign", "--bundle", f"--signing-key={signing.key.absolute()}",
        f"--signing-alg={signing.algorithm}", f"--output-file-path={signed}", ".",
    ]  # fmt: skip
    # The signature has the names of the command line, so this runs in the folder.
    done = process.run(argv, cwd=unpacked, env={}, timeout=_TIMEOUT)
    try:
        return (signed / ".signatures.json").read_bytes()
    except OSError:
        said = one_line(done.output_text, 500) or "opa gave no reason"
        raise LockstepError(
            f"the bundle cannot be signed: {said}",
            where=str(signing.key), fix="give a private key in PEM that fits the algorithm",
        ) from None  # fmt: skip


def _packed(members: Mapping[str, bytes]) -> bytes:
    """The members as a tar in order, without times and owners."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(members):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(members[path]), 0o644
            archive.addfile(entry, io.BytesIO(members[path]))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)
