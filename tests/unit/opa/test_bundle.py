"""The bundle for an OPA that runs elsewhere: what is in it, its bytes, and when OPA refuses it."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.opa.bundle import Signing, bundle_of
from lockstep.opa.files import policies_digest, policy_files
from tests.unit.opa.parts import opa_program
from tests.unit.opa.remote_parts import certificates

POLICIES = {
    "policies/main.rego": b"package lockstep\n\nanswers := []\n",
    "policies/main_test.rego": b"package lockstep_test\n",
    "policies/rules/one/one.rego": b"package lockstep.rules.one\n",
    "policies/rules/one/one_test.rego": b"package lockstep.rules.one_test\n",
    "policies/rules/one/thresholds.yaml": b"thresholds: {one: {max: 7}}\n",
    "policies/rules/one/examples.yaml": b"examples: []\n",
    "policies/data/regions.yaml": b"thresholds: {regions: [a]}\n",
}
FILES = policy_files(POLICIES)


def members(bundle: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        files = {entry.name: archive.extractfile(entry) for entry in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


def repacked(bundle: bytes, changes: dict[str, bytes]) -> bytes:
    """The bundle with other contents of some members."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in {**members(bundle), **changes}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def loads(folder: Path, bundle: bytes, *flags: str) -> subprocess.CompletedProcess[str]:
    """Have OPA load a bundle and evaluate what it says of itself."""
    path = folder / "loaded.tar.gz"
    path.write_bytes(bundle)
    argv = [str(opa_program()), "eval", *flags, f"--bundle={path}", "--format=raw",
            "[data.lockstep.bundle.digest, data.thresholds]"]  # fmt: skip
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def verifies(folder: Path, bundle: bytes, key: Path, algorithm: str) -> str:
    """OPA's error for a bundle whose signature it must verify; empty where it is valid."""
    path = folder / "signed.tar.gz"
    path.write_bytes(bundle)
    argv = [str(opa_program()), "build", "--bundle", str(path), f"--verification-key={key}",
            f"--signing-alg={algorithm}", f"--output={folder / 'again.tar.gz'}"]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr) if done.returncode else ""


def test_it_holds_rules_and_data_and_their_digest_and_no_tests(tmp_path: Path) -> None:
    bundle = bundle_of(FILES, opa_program())
    assert sorted(members(bundle)) == [
        ".manifest", "data.json", "lockstep/bundle/data.json", "lockstep/probe.rego",
        "policies/main.rego", "policies/rules/one/one.rego",
    ]  # fmt: skip
    manifest = json.loads(members(bundle)[".manifest"])
    assert manifest["revision"] == policies_digest(FILES)
    assert manifest["roots"] == ["lockstep", "lockstep_test", "thresholds"]
    done = loads(tmp_path, bundle)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        policies_digest(FILES), {"one": {"max": 7}, "regions": ["a"]},
    ]  # fmt: skip


def test_equal_policies_give_equal_bytes() -> None:
    shuffled, bundle = dict(reversed(FILES.items())), bundle_of(FILES, opa_program())
    assert bundle == bundle_of(shuffled, opa_program())
    assert bundle[4:8] == bytes(4), "gzip holds a time, too (RFC 1952, 2.3)"
    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        entries = archive.getmembers()
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname) for e in entries} == {(0, 0, 0, "", "")}


def test_an_opa_that_is_too_old_cannot_load_it(tmp_path: Path) -> None:
    """The import in the probe is what an OPA before 1.22 lacks."""
    probe = tmp_path / "probe.rego"
    probe.write_bytes(members(bundle_of(FILES, opa_program()))["lockstep/probe.rego"])
    for version, status in (("v1.21.0", 1), ("v1.22.0", 0)):
        argv = [str(opa_program()), "check", f"--capabilities={version}", str(probe)]
        assert subprocess.run(argv, capture_output=True, check=False).returncode == status


def test_conflicting_data_is_not_bundled() -> None:
    more = {"policies/data/more.yaml": b"thresholds: {one: {max: 8}}\n"}
    with pytest.raises(LockstepError, match=r"thresholds\.one\.max is defined twice"):
        bundle_of({**FILES, **more}, opa_program())


def test_a_signed_bundle_verifies_and_a_tampered_one_does_not(tmp_path: Path) -> None:
    keys = certificates(tmp_path)
    public = tmp_path / "public.pem"
    public.write_bytes(keys.public())
    signed = bundle_of(FILES, opa_program(), Signing(keys.key, "ES256"))
    assert verifies(tmp_path, signed, public, "ES256") == ""
    tampered = repacked(signed, {"policies/rules/one/one.rego": b"package lockstep.rules.two\n"})
    assert "rules/one/one.rego" in verifies(tmp_path, tampered, public, "ES256")
    added = repacked(signed, {"policies/lib/more.rego": b"package lockstep.lib.more\n"})
    assert "not included in bundle signature" in verifies(tmp_path, added, public, "ES256")
    unsigned = bundle_of(FILES, opa_program())
    assert "signatures" in verifies(tmp_path, unsigned, public, "ES256")


def test_a_key_that_cannot_sign_is_an_error(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("no key")
    with pytest.raises(LockstepError, match="cannot be signed") as caught:
        bundle_of(FILES, opa_program(), Signing(key))
    assert caught.value.where == str(key)
