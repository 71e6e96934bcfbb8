"""Gates that wait for people: tags that they sign, with real git and ssh-keygen."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.rollouts import HEAD, advance, publish, rewrite
from tests.acceptance.world import FAMILY, World
from tests.unit.ssh_keys import make_key, public_key, sign_tag

LEAD, DEPUTY, STRANGER = "lead@example.com", "deputy@example.com", "stranger@example.com"
GATE = "  gates:\n    - {name: go, source: approval, role: release-managers}\n"
APPROVERS = "policies/data/approvers.yaml"
# Before the time at which a test advances, as for a person who approves a moment earlier.
SIGNED_AT = "2026-03-01T08:30:00Z"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


@pytest.fixture
def gated(world: World, keys: Path) -> World:
    """A rollout at its first step, whose next step waits for a release manager."""
    list_approvers(world, [(LEAD, make_key(keys, LEAD), ""), (DEPUTY, make_key(keys, DEPUTY), "")])
    make_key(keys, STRANGER)
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", GATE))
    world.must("check")
    world.merge_proposal()
    code, said = advance(world, "08")
    assert code == 0, said
    return world


def list_approvers(world: World, approvers: list[tuple[str, str, str]]) -> None:
    entries = "".join(f"        - {{name: {n}, key: {k}{more}}}\n" for n, k, more in approvers)
    text = f"thresholds:\n  approvers:\n    roles:\n      release-managers:\n{entries}"
    (world.clone / APPROVERS).write_text(text)
    publish(world, "list who approves")


def decision_of(world: World, hour: str = "10") -> str:
    """The hexadecimal digits of the id that advance asks to approve."""
    code, said = world.lockstep("advance", FAMILY, "--dry-run", at=f"2026-03-01T{hour}:00:00Z")
    assert code == 12, said
    found = re.search(r"tag -s -m \S.*? (lockstep/approve/[0-9a-f]{64}) ", said)
    assert found, said
    return found[1].rpartition("/")[2]


def approve(world: World, keys: Path, who: str, name: str, at: str = SIGNED_AT) -> None:
    """Sign a tag as a person does, and push it."""
    sign(world, keys, who, name, at)
    world.git("push", "--quiet", "origin", f"refs/tags/{name}")


def sign(world: World, keys: Path, who: str, name: str, at: str = SIGNED_AT) -> None:
    sign_tag(keys, who, name, at, repository=world.clone, commit="origin/main")


def waits(world: World, hour: str = "10") -> str:
    before = len(world.records())
    code, said = advance(world, hour)
    assert code == 12, said
    world.git("pull", "--quiet")
    assert len(world.records()) == before
    return said


def evidence(world: World) -> list[Any]:
    items: list[Any] = world.records()[-1]["spec"]["evidence"]
    return [item for item in items if item["gate"]["name"] == "go"]


def test_a_step_waits_until_its_decision_is_approved_by_the_command_that_is_printed(
    gated: World, keys: Path
) -> None:
    said = waits(gated)
    assert "0 of 1 approvals for the role release-managers" in said
    command = re.search(r"to approve: (git .*)", said)
    assert command
    keyed = command[1].replace("$HOME/.ssh/id_ed25519.pub", f"{keys / LEAD}.pub")
    subprocess.run(
        ["/bin/sh", "-c", keyed], cwd=gated.clone, check=True,
        env={**os.environ, "GIT_COMMITTER_DATE": SIGNED_AT},
    )  # fmt: skip
    code, said = gated.lockstep("advance", FAMILY, "--dry-run", at="2026-03-01T10:00:00Z")
    assert code == 0 and "NOT MADE, as this is a dry run: decision sha256:" in said
    tag = gated.git("tag", "--list", "lockstep/approve/*")
    assert tag.rpartition("/")[2] in said
    assert len(gated.records()) == 3
    code, said = advance(gated, "10")
    assert code == 0, said
    record = gated.records()[-1]["spec"]
    assert record["id"] == "sha256:" + tag.rpartition("/")[2]
    (approval,) = evidence(gated)[0]["answer"]["approvals"]
    assert approval["approver"]["name"] == LEAD
    assert approval["tag"].encode() == raw_tag(gated, tag)
    # The next decision has another id.
    assert "0 of 1 approvals" in waits(gated, "14")
    assert gated.lockstep("audit", FAMILY, "--verify", "--replay")[0] == 0


def test_a_missing_approval_is_not_clean_once_the_step_has_baked(gated: World) -> None:
    def code(minute: str) -> int:
        at = f"2026-03-01T{minute}:00Z"
        return gated.lockstep("advance", FAMILY, "--waiting-is-clean", at=at)[0]

    assert code("08:30") == 0
    assert code("10:00") == 12


def raw_tag(world: World, name: str) -> bytes:
    done = subprocess.run(
        ["git", "cat-file", "tag", name], cwd=world.clone, check=True, capture_output=True
    )
    return done.stdout


def test_dry_run_publishes_nothing_where_nothing_is_missing(world: World) -> None:
    world.merge_proposal()
    head = world.git("ls-remote", "origin")
    said = world.must("advance", FAMILY, "--dry-run", at="2026-03-01T08:00:00Z")
    assert "it would be: prod/scoring: version 2 moves to wave 1 step 1" in said
    found = world.must(
        "advance", FAMILY, "--dry-run", "--format", "json", at="2026-03-01T08:00:00Z"
    )
    (result,) = json.loads(found)["items"]
    assert result["outcome"] == "dry-run" and result["decisions"][0]["action"] == "advance"
    assert world.git("ls-remote", "origin") == head and world.is_clean()


@pytest.mark.parametrize(
    ("who", "name", "says"),
    [
        (STRANGER, "{}", "its key is not listed for the role"),
        (LEAD, "{}0", ""),
        (LEAD, "{}.", ""),
    ],
)
def test_a_tag_of_a_stranger_or_under_another_name_does_not_count(
    gated: World, keys: Path, who: str, name: str, says: str
) -> None:
    tag = "lockstep/approve/" + name.format(decision_of(gated))
    if name == "{}.":
        tag += "Other"
    approve(gated, keys, who, tag)
    assert says in waits(gated)


def push_renamed(world: World, keys: Path, signed: str, pushed: str) -> None:
    folder = "refs/tags/lockstep/approve"
    sign(world, keys, LEAD, f"lockstep/approve/{signed}")
    world.git("push", "--quiet", "origin", f"{folder}/{signed}:{folder}/{pushed}")


def test_a_renamed_tag_does_not_count(gated: World, keys: Path) -> None:
    decision = decision_of(gated)
    push_renamed(gated, keys, "0" * 64, decision)
    assert "the name that was signed is not that of an approval of this decision" in waits(gated)
    # Not even among the names that approve the same decision.
    push_renamed(gated, keys, f"{decision}.a", f"{decision}.b")
    assert "it was renamed: another name was signed" in waits(gated)


def test_a_tag_that_nobody_signed_does_not_count(gated: World, keys: Path) -> None:
    name = f"lockstep/approve/{decision_of(gated)}"
    gated.git("tag", "-a", "-m", "approve", name)
    gated.git("tag", f"{name}.light")
    gated.git("push", "--quiet", "origin", f"refs/tags/{name}", f"refs/tags/{name}.light")
    said = waits(gated)
    assert f"the tag {name} does not count: it has no SSH signature" in said
    assert f"the tag {name}.light does not count: it is a lightweight tag" in said
    # The next name that is free is printed, and what others pushed blocks nobody.
    assert f" {name}.2 " in said
    approve(gated, keys, LEAD, f"{name}.2")
    code, said = advance(gated, "10")
    assert code == 0, said


def test_a_signature_of_something_else_does_not_count(gated: World, keys: Path) -> None:
    name = f"lockstep/approve/{decision_of(gated)}"
    sign(gated, keys, LEAD, name)
    changed = raw_tag(gated, name).replace(b"\n\napprove", b"\n\nApprove")
    made = subprocess.run(
        ["git", "hash-object", "-t", "tag", "-w", "--stdin"],
        cwd=gated.clone, input=changed, capture_output=True, check=True,
    )  # fmt: skip
    gated.git("push", "--quiet", "origin", f"{made.stdout.decode().strip()}:refs/tags/{name}")
    assert "ssh-keygen: " in waits(gated)


@pytest.mark.parametrize(
    ("valid", "says"),
    [
        (', validBefore: "2026-03-01T09:00:00Z"', "was valid until 2026-03-01T09:00:00Z"),
        (', validAfter: "2026-03-01T10:00:01Z"', "is valid from 2026-03-01T10:00:01Z on"),
    ],
)
def test_a_key_counts_while_it_is_valid_whatever_the_tag_says(
    gated: World, keys: Path, valid: str, says: str
) -> None:
    key = public_key(keys, LEAD)
    list_approvers(gated, [(LEAD, key, valid)])
    approve(gated, keys, LEAD, f"lockstep/approve/{decision_of(gated)}")
    assert says in waits(gated)


def test_a_tag_from_the_future_does_not_count(gated: World, keys: Path) -> None:
    name = f"lockstep/approve/{decision_of(gated)}"
    approve(gated, keys, LEAD, name, at="2026-03-01T10:30:00Z")
    assert "which is in the future" in waits(gated)


def test_the_approvers_are_those_of_the_followed_tip(gated: World, keys: Path) -> None:
    key = public_key(keys, STRANGER)
    entry = f"      release-managers: [{{name: {STRANGER}, key: {key}}}]\n"
    text = f"thresholds:\n  approvers:\n    roles:\n{entry}"
    (gated.clone / APPROVERS).write_text(text)  # not published
    approve(gated, keys, STRANGER, f"lockstep/approve/{decision_of(gated)}")
    code, said = advance(gated, "10")
    assert code == 12 and "its key is not listed for the role" in said


def test_two_approvals_are_those_of_two_people(world: World, keys: Path) -> None:
    gate = GATE.replace("managers}", "managers, count: 2, when: propose}")
    approvers = [(who, make_key(keys, who), "") for who in (LEAD, DEPUTY)]
    list_approvers(world, approvers)
    rewrite(world, HEAD, lambda text: text.replace("  gates:\n", gate))
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 12 and "0 of 2 approvals" in said
    found = re.search(r"lockstep/approve/[0-9a-f]{64}", said)
    assert found
    approve(world, keys, LEAD, found[0], "2026-03-01T07:30:00Z")
    approve(world, keys, LEAD, f"{found[0]}.again", "2026-03-01T07:30:00Z")
    code, said = world.lockstep("propose", FAMILY, "2")
    assert code == 12 and "1 of 2 approvals" in said
    approve(world, keys, DEPUTY, f"{found[0]}.deputy", "2026-03-01T07:30:00Z")
    world.must("propose", FAMILY, "2")


def test_a_rollback_waits_for_no_approval(gated: World) -> None:
    gated.measure("2", 0.6, "2026-03-01T08:30:00Z")
    code, _ = advance(gated, "09")
    assert code == 12
    gated.git("pull", "--quiet")
    assert gated.records()[-1]["spec"]["action"] == "restore"
    assert gated.lockstep("audit", FAMILY, "--verify", "--replay")[0] == 0


def test_settings_of_the_user_do_not_verify(gated: World, keys: Path, tmp_path: Path) -> None:
    program = tmp_path / "says-yes"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    for name in ("gpg.program", "gpg.ssh.program"):
        gated.git("config", name, str(program))
    gated.git("config", "gpg.ssh.allowedSignersFile", str(tmp_path / "nobody"))
    name = f"lockstep/approve/{decision_of(gated)}"
    subprocess.run(
        ["git", "-c", "gpg.format=ssh", "-c", "gpg.ssh.program=ssh-keygen",
         "-c", f"user.signingKey={keys / STRANGER}.pub", "tag", "-s", "-m", "approve", name],
        cwd=gated.clone, check=True, env={**os.environ, "GIT_COMMITTER_DATE": SIGNED_AT},
    )  # fmt: skip
    gated.git("push", "--quiet", "origin", f"refs/tags/{name}")
    assert "its key is not listed for the role" in waits(gated)
