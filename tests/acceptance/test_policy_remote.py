"""A running OPA, with the bundle that the command line wrote for it."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lockstep.cli.entry import invoke
from lockstep.cli.opa_options import opa_options
from lockstep.edges.files import read_tree
from lockstep.model.document import Json
from lockstep.model.times import Moment
from lockstep.opa.address import TOKEN_VARIABLE, OpaOptions
from lockstep.opa.session import opa_session
from lockstep.policy import batches, expected_rules
from lockstep.spec.assemble import assemble
from tests.unit.opa.parts import POLICIES, opa_program, shipped_policies
from tests.unit.opa.remote_parts import TOKEN, certificates, running
from tests.unit.whole_fleets import policy_inputs

ROOT = POLICIES.parent
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def requests() -> list[Json]:
    """All batches for the shipped rules over the reference fleet, with one mistake in it."""
    tree = read_tree(ROOT, ["clusters", "ledger"])
    path = "clusters/prod/fraud-detection/us-east-1.yaml"
    wrong = {**tree, path: tree[path].replace(b"weight: 100", b"weight: 90")}
    assert wrong != tree
    items = policy_inputs(assemble(wrong)[0], assemble(tree)[0], NOW)
    return list(batches(items, expected_rules(shipped_policies()), Moment(NOW), 3))


def test_a_signed_bundle_gives_the_answers_of_a_child_and_a_tampered_one_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opa_program()
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    keys = certificates(tmp_path)
    (tmp_path / "public.pem").write_bytes(keys.public())
    bundle = tmp_path / "bundle.tar.gz"
    code, said = invoke([
        "policy", "bundle", "-o", str(bundle), "--root", str(ROOT), "--format", "json",
        "--signing-key", str(keys.key), "--signing-alg", "ES256",
    ])  # fmt: skip
    assert code == 0, said
    assert json.loads(said)["items"][0]["signed"] is True
    verify = ("--verification-key=public.pem", "--signing-alg=ES256")
    sent = requests()
    with (
        running(tmp_path, bundle, *verify, token=False) as url,
        opa_session(shipped_policies(), OpaOptions(url)) as remote,
    ):
        answers = remote.evaluate_all(sent)
    with opa_session(shipped_policies()) as child:
        assert answers == child.evaluate_all(sent)
    assert "weights_sum" in {f["rule"] for answer in answers for f in answer["findings"]}

    bundle.write_bytes(_tampered(bundle, tmp_path))
    with (
        pytest.raises(AssertionError, match=r"weights_sum\.rego.*digest mismatch"),
        running(tmp_path, bundle, *verify, token=False),
    ):
        pytest.fail("OPA started with a tampered bundle")


def _tampered(bundle: Path, folder: Path) -> bytes:
    """The bundle with a rule that never denies."""
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "xzf", bundle, "-C", unpacked], check=True)
    rule = unpacked / "policies" / "rules" / "weights-sum" / "weights_sum.rego"
    rule.write_text(rule.read_text().replace("deny contains", "nothing contains"))
    names = [path.name for path in unpacked.iterdir()]
    packed = subprocess.run(["tar", "cz", "-C", unpacked, *names], check=True, capture_output=True)
    return packed.stdout


def test_equal_rules_give_equal_bundles_on_the_command_line(tmp_path: Path) -> None:
    opa_program()
    made = []
    for name in ("one.tar.gz", "two.tar.gz"):
        code, said = invoke(["policy", "bundle", "-o", str(tmp_path / name), "--root", str(ROOT)])
        assert code == 0
        assert "rules sha256:" in said
        assert "not signed" in said
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_rules_that_do_not_compile_are_not_bundled(tmp_path: Path) -> None:
    opa_program()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "main.rego").write_text("package lockstep\n\nanswers := lost(1)\n")
    code, said = invoke(["policy", "bundle", "-o", str(tmp_path / "b"), "--root", str(tmp_path)])
    assert code == 1
    assert "policies/main.rego:3: undefined function lost" in said
    assert not (tmp_path / "b").exists()


def test_a_missing_key_is_reported(tmp_path: Path) -> None:
    arguments = ["policy", "bundle", "-o", str(tmp_path / "b"), "--signing-key", "/none"]
    code, said = invoke([*arguments, "--root", str(ROOT)])
    assert code == 2
    assert "/none: the signing key does not exist" in said


def test_the_options_say_which_opa_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    @opa_options
    def ask(opa: OpaOptions) -> None:
        click.echo(repr(opa))

    def parsed(*arguments: str) -> str:
        return CliRunner().invoke(ask, arguments).output.strip()

    for name in ("LOCKSTEP_OPA_URL", "LOCKSTEP_OPA_TOKEN_FILE", "LOCKSTEP_OPA_CA"):
        monkeypatch.delenv(name, raising=False)
    assert parsed() == repr(OpaOptions())
    given = OpaOptions("https://opa.example.com", Path("t"), Path("c"))
    arguments = ["--opa-url", given.url, "--opa-token-file", "t", "--opa-ca", "c"]
    assert parsed(*arguments) == repr(given)
    monkeypatch.setenv("LOCKSTEP_OPA_URL", "https://other.example.com")
    assert parsed() == repr(OpaOptions("https://other.example.com"))
    assert parsed(*arguments) == repr(given)
    assert "No such option" in parsed("--opa-token", "secret")
