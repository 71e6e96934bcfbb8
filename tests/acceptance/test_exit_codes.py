"""Every verb on damaged fleets: ``tests/conftest.py`` holds what it ends with against its codes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lockstep.cli import invoke, reference
from lockstep.cli.verbs import ANY_VERB
from tests.acceptance.fleets import EU, Fleet
from tests.acceptance.world import git

WHY = ("--reason", "a damaged fleet")
OWNER = ("--owner", "ml-platform@example.com", *WHY)
# What the verbs that cannot do without are asked; the others get no argument.
ASKED: dict[str, tuple[str, ...]] = {
    "add cluster": ("x", "--family", "scoring"),
    "add environment": ("new",),
    "add family": ("new",),
    "adopt": ("scoring", *WHY),
    "audit": ("--verify", "--replay"),
    "hold": ("scoring", *WHY),
    "lock": ("scoring", "7"),
    "policy bundle": ("bundle.tar.gz",),
    "policy copy": ("freeze", *OWNER),
    "policy explain": ("freeze",),
    "policy new": ("some-rule",),
    "propose": ("scoring", "8"),
    "release": ("scoring", "8", *WHY),
    "resume": ("scoring", *WHY),
    "revert": ("scoring", *WHY),
    "template copy": ("service", *OWNER),
    "upgrade": ("--source", f"git+https://git.example.com/lockstep.git@{'a' * 40}"),
}
# They read no fleet, or one that does not exist yet; policy test runs OPA on all rules.
WITHOUT_A_FLEET = {"fetch-model", "init", "merge-reports", "policy test", "tools opa"}


def nothing(_: Path) -> None:
    """A valid fleet."""


def no_fleet(root: Path) -> None:
    shutil.rmtree(root / "clusters")


def link_among_clusters(root: Path) -> None:
    (root / "clusters/x.yaml").symlink_to("/etc/passwd")


def link_among_policies(root: Path) -> None:
    (root / "policies/rules/x").symlink_to("/etc/passwd")


def malformed_cluster(root: Path) -> None:
    (root / EU).write_text("a: [")


def malformed_settings(root: Path) -> None:
    (root / "lockstep.yaml").write_text("branch: [main]\n")


def broken_rule(root: Path) -> None:
    (root / "policies/rules/freeze/freeze.rego").write_text("package lockstep.rules.freeze\n{")


def broken_template(root: Path) -> None:
    (root / "templates/service/service.yaml.j2").write_text("{% if %}")


def broken_record(root: Path) -> None:
    (root / "ledger/prod/scoring").mkdir(parents=True)
    (root / "ledger/prod/scoring/1.json").write_text("{")


@pytest.mark.parametrize("damage", [
    nothing, no_fleet, link_among_clusters, link_among_policies, malformed_cluster,
    malformed_settings, broken_rule, broken_template, broken_record,
], ids=lambda damage: damage.__name__)  # fmt: skip
def test_no_verb_ends_with_a_code_that_it_does_not_declare(
    tmp_path: Path, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "fleet"
    Fleet.create(root)
    damage(root)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message=damage")
    for name, verb in reference.verbs():
        if name in WITHOUT_A_FLEET:
            continue
        code, said = invoke([*name.split(), *ASKED.get(name, ()), "--root", str(root)])
        assert "Traceback" not in said
        assert code in (*ANY_VERB, *verb.exit_codes), name
        git(root, "reset", "--quiet", "--hard")
        git(root, "clean", "--quiet", "--force", "-d")
