"""Changes of a fleet as reviewers see them, each made in a world as people and programs make it."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.rollouts import DAY, EU, HEAD, rewrite, roll
from tests.acceptance.world import FAMILY, World

AT = f"{DAY}10:00:00Z"
"""When the changes are reviewed."""


def break_it(world: World) -> None:
    """A weight that does not add up, and an image by tag."""
    world.git("checkout", "--quiet", "-b", "change")
    edit(world, EU, lambda text: text.replace("weight: 100", "weight: 90"))
    edit(
        world, HEAD, lambda text: re.sub("image: (.*)@sha256:[0-9a-f]+", r"image: \1:latest", text)
    )
    commit(world)


def propose(world: World) -> None:
    """A new version as the candidate."""
    world.git("checkout", "--quiet", "-b", "change", world.propose("2"))


def change_image(world: World) -> None:
    """Another image of the server, under traffic."""
    world.git("checkout", "--quiet", "-b", "change")
    other = f"@sha256:{'9' * 64}"
    edit(world, HEAD, lambda text: re.sub("(image: .*)@sha256:[0-9a-f]+", rf"\1{other}", text))
    world.must("render")
    commit(world)


APPROVERS = """\
thresholds:
  approvers:
    pullRequests: [release-managers]
    roles:
      release-managers:
        - name: release-lead@example.com
          key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
          logins: {github: release-lead}
"""


def adopt(world: World) -> None:
    """Version 2 in every region at once, adopted in the same pull request."""
    rewrite(world, "policies/data/approvers.yaml", lambda _: APPROVERS)
    world.git("checkout", "--quiet", "-b", "change")
    world.must("lock", FAMILY, "2")
    for path in (EU, EU.replace("eu-west-1", "us-east-1")):
        edit(world, path, lambda text: text.replace('version: "1"', 'version: "2"'))
    world.must("render")
    commit(world)
    world.git("push", "--quiet", "origin", "change")
    world.must("adopt", FAMILY, "--reason", "urgent", "--branch", "change", at=AT)
    world.git("fetch", "--quiet")
    world.git("reset", "--quiet", "--hard", "origin/change")


def revert(world: World) -> None:
    """The rollback of a canary, on a branch because the followed one is protected."""
    roll(world, "08")
    world.must("revert", FAMILY, "--reason", "false positives", "--branch", "undo", at=AT)
    world.git("fetch", "--quiet")
    world.git("checkout", "--quiet", "-b", "change", "origin/undo")


CHANGES: dict[str, Callable[[World], None]] = {
    "bad": break_it,
    "proposal": propose,
    "image": change_image,
    "adopt": adopt,
    "revert": revert,
}
"""The changes by name: the comment of each is in ``reviews/<name>.md``."""


def edit(world: World, path: str, change: Callable[[str], str]) -> None:
    """Change a file of the clone; it must become another one."""
    file = world.clone / path
    before = file.read_text()
    file.write_text(change(before))
    assert file.read_text() != before, path


def commit(world: World) -> None:
    """Commit everything in the clone, and publish nothing."""
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "a change")


def check(world: World, report: Path) -> int:
    """Check the change as a pull request's run does; the exit code."""
    code, _ = world.lockstep("check", "--base", "origin/main", "--report", f"json={report}", at=AT)
    return code


def review(world: World, *arguments: str) -> tuple[int, str]:
    """Check and review the change of the clone."""
    report = world.folder / "check.json"
    check(world, report)
    return world.lockstep(
        "review", "--base", "origin/main", "--checked", str(report), "--now", AT, *arguments
    )
