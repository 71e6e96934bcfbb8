"""The workflows of a fleet at GitHub, run by act against a bare repository on this machine."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lockstep.edges import clock
from lockstep.model.times import format_time
from tests.acceptance.act_runner import Actions, Ended, open_actions
from tests.acceptance.gitea_server import Gitea, gitea, needs_gitea
from tests.acceptance.rollouts import EU, US, add_staging, verify_in_staging
from tests.acceptance.world import ADDRESS, FAMILY, SETTINGS, World, copy_world, git

__all__ = ["gitea"]  # the fixture

HOME = "clusters/prod/environment.yaml"


@pytest.fixture
def actions(world: World, tmp_path: Path) -> Actions:
    folder = tmp_path / "actions"
    folder.mkdir()
    return open_actions(world, folder)


@pytest.fixture
def proposed(actions: Actions) -> Actions:
    """Version 2 was proposed an hour ago and merged: its first step is due."""
    actions.world.merge_proposal(at=minutes_ago(60))
    return actions


@pytest.fixture
def verified(actions: Actions) -> Actions:
    """Version 2 is verified in staging, which comes before prod."""
    add_staging(actions.world)
    verify_in_staging(actions.world, "2", "08", "10", "12", "14", "16")
    return actions


def minutes_ago(minutes: int) -> str:
    """A time before now, by the clock of the machine, as that of the workflows is."""
    return format_time(clock.now(None) - timedelta(minutes=minutes))


def pull_request(actions: Actions, change: Callable[[str], str]) -> tuple[Ended, str]:
    """Check a pull request that changes a cluster and renders: the run, and its head commit."""
    world = actions.world
    world.git("switch", "--quiet", "--create", "change")
    file = world.clone / EU
    file.write_text(change(file.read_text()))
    world.lockstep("render")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message", "Change a cluster")
    head = world.git("rev-parse", "HEAD")
    event = {
        "number": 7,
        "pull_request": {
            "number": 7, "head": {"ref": "change", "sha": head}, "base": {"ref": "main"},
        },
    }  # fmt: skip
    return actions.run("check", "pull_request", event), head


def subjects(world: World) -> list[str]:
    """The subjects of the published commits, the newest first."""
    return git(world.origin, "log", "--format=%s", "main").splitlines()


def published(world: World, path: str) -> str:
    """A file at the tip of the followed branch."""
    return git(world.origin, "show", f"main:{path}")


@pytest.fixture
def at_gitea(
    gitea: Gitea, template: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Actions:
    """A fleet whose repository and pull requests are at a real Gitea."""
    owner, bot = gitea.create_user("workflows-owner"), gitea.create_user("workflows-bot")
    repository = gitea.create_repository(owner, "fleet")
    gitea.collaborate(repository, bot)
    world = copy_world(template, tmp_path / "world")
    for name, value in gitea.git_environment(owner).items():
        monkeypatch.setenv(name, value)
    world.git("remote", "set-url", "origin", gitea.clone_url(repository))
    settings = SETTINGS.replace(ADDRESS, gitea.clone_url(repository))
    settings += f"forge: {{kind: gitea, api: {gitea.url}/api/v1}}\n"
    (world.clone / "lockstep.yaml").write_text(settings)
    (tmp_path / "actions").mkdir()
    return open_actions(world, tmp_path / "actions", bot.token)


@needs_gitea
def test_a_bad_pull_request_is_blocked_by_the_program_of_the_base(
    at_gitea: Actions, gitea: Gitea
) -> None:
    actions = at_gitea
    script = actions.world.clone / "install-lockstep.py"
    script.write_text("import sys\nsys.exit('this is of the pull request')\n")
    ended, head = pull_request(actions, lambda text: text.replace("weight: 100", "weight: 90"))
    assert ended.code == 1 and ended.exit_codes == [11], ended.text
    assert "this is of the pull request" not in ended.text
    assert any(f"file={EU},line=12" in each and "add up to 100" in each
               for each in ended.annotations), ended.annotations  # fmt: skip
    assert "Lockstep blocks this change" in ended.text  # the summary

    # What follows has rights, and begins from the default branch.
    actions.world.git("push", "--quiet", "origin", "change")
    repository = "/repos/workflows-owner/fleet"
    gitea.wait_for_push("workflows-owner/fleet")
    opened = gitea.api("POST", f"{repository}/pulls", title="bad", head="change", base="main")
    actions.world.git("switch", "--quiet", "main")
    done = {"id": 1, "event": "pull_request", "conclusion": "failure", "head_sha": head}
    for name in ("comment", "approval"):
        ended = actions.run(name, "workflow_run", {"workflow_run": done})
        assert ended.code == 0, ended.text
    (comment,) = gitea.api("GET", f"{repository}/issues/{opened['number']}/comments")
    assert "Lockstep blocks this change" in comment["body"] and "add up to 100" in comment["body"]
    (status,) = gitea.api("GET", f"{repository}/commits/{head}/statuses")
    assert (status["context"], status["status"]) == ("lockstep/approval", "success")


def test_a_good_pull_request_passes_and_again_in_the_merge_queue(actions: Actions) -> None:
    ended, _ = pull_request(
        actions, lambda text: text.replace("  variants:", "  serving: {replicas: 5}\n  variants:")
    )
    assert ended.code == 0, ended.text
    assert not [each for each in ended.annotations if each.startswith("::error")]
    base = actions.world.git("rev-parse", "main")
    queued = actions.run("check", "merge_group", {"merge_group": {"base_sha": base}})
    assert queued.code == 0 and "no errors" in queued.log, queued.text
    assert "Run Main review" not in queued.text


def test_the_page_of_the_fleet_is_written_and_not_published_unasked(actions: Actions) -> None:
    ended = actions.run("site", "push", {})
    assert ended.code == 0 and "2 pages written" in ended.log, ended.text
    assert "deploy-pages" not in ended.text
    # A malformed file is on the page, and no reason to have none.
    (actions.world.clone / EU).write_text("a: [")
    actions.world.git("commit", "--quiet", "--all", "--message", "Break a cluster")
    actions.world.git("push", "--quiet", "origin", "main")
    ended = actions.run("site", "schedule", {})
    assert ended.code == 0 and "2 pages written" in ended.log, ended.text


def test_two_advances_at_once_make_one_commit(proposed: Actions) -> None:
    world = proposed.world
    before = subjects(world)
    runs = [
        proposed.start("advance", "workflow_dispatch", {}, root)
        for root in (world.clone, world.another_clone())
    ]
    ended = [run.end() for run in runs]
    assert [each.code for each in ended] == [0, 0], "\n".join(each.text for each in ended)
    new = subjects(world)[: -len(before)]
    assert len(new) == 1 and "version 2" in new[0], new
    assert 'version: "2", weight: 10' in published(world, US)
    # Nothing is due now: only the first job runs, and a step that bakes is green.
    third = proposed.run("advance", "workflow_dispatch", {})
    assert third.code == 0 and "advance/forward" not in third.text, third.text
    assert len(subjects(world)) == len(before) + 1


def test_a_run_that_rolls_back_is_red(proposed: Actions) -> None:
    world = proposed.world
    assert world.lockstep("advance", FAMILY, at=minutes_ago(50))[0] == 0
    world.measure("2", 0.1, at=minutes_ago(10))
    before = subjects(world)
    ended = proposed.run("advance", "workflow_dispatch", {})
    assert ended.code == 1 and ended.exit_codes == [12], ended.text
    assert "advance/forward" not in ended.text
    assert len(subjects(world)) == len(before) + 1
    assert 'version: "2"' not in published(world, US)


def test_an_alert_rolls_back_while_an_advance_runs(proposed: Actions) -> None:
    world = proposed.world
    assert proposed.run("advance", "workflow_dispatch", {}).code == 0
    before = subjects(world)
    reason = f"alert: $(touch {world.folder}/pwned) `id` \"; exit 0 #'"
    payload = {"family": FAMILY, "version": 2, "reason": reason}
    event: dict[str, Any] = {"action": "lockstep-revert", "client_payload": payload}
    runs = [
        proposed.start("advance", "workflow_dispatch", {}),
        proposed.start("revert", "repository_dispatch", event, world.another_clone()),
    ]
    ended = [run.end() for run in runs]
    assert ended[1].code == 0, ended[1].text
    new = subjects(world)[: -len(before)]
    assert len(new) == 1, new
    assert 'version: "2"' not in published(world, US) + published(world, EU)
    assert 'version: "2"' in published(world, f"clusters/{FAMILY}/quarantine.yaml")
    assert reason in git(world.origin, "log", "-1", "--format=%b", "main")
    assert not (world.folder / "pwned").exists()
    # Run again it says who was first, and publishes nothing.
    again = proposed.run("revert", "repository_dispatch", event)
    assert again.code == 0 and "nothing to do" in again.log, again.text
    assert len(subjects(world)) == len(before) + 1


ENVIRONMENTS = {"LOCKSTEP_PROMOTE_TO": '["prod"]'}


def test_a_schedule_promotes_what_is_due_as_the_policy_of_each_environment_says(
    verified: Actions,
) -> None:
    world = verified.world
    before = subjects(world)
    # Nothing is listed, so nothing runs; and an environment without a policy is left out.
    idle = verified.run("promote", "schedule", {})
    assert idle.code == 0 and "Run Main" not in idle.text, idle.text
    ended = verified.run("promote", "schedule", {}, ENVIRONMENTS)
    assert ended.code == 0 and "has no promotion policy" in ended.log, ended.text
    assert subjects(world) == before and not proposals(world)

    # A version that still bakes is no reason for a red run.
    world.edit(HOME, "spec:\n", "spec:\n  promotion: {bake: 8760h}\n")
    ended = verified.run("promote", "schedule", {}, ENVIRONMENTS)
    assert ended.code == 0 and "prod/scoring" in ended.log, ended.text
    assert "and prod asks for 8760h: until" in ended.log, ended.text
    assert not proposals(world)

    # People merge it, and a run that finds the branch makes no second one.
    world.edit(HOME, "{bake: 8760h}", "{bake: 1h}")
    for _ in range(2):
        ended = verified.run("promote", "schedule", {}, ENVIRONMENTS)
        assert ended.code == 0, ended.text
        assert len(proposals(world)) == 1
    assert 'version: "2"' not in published(world, US)

    world.git("push", "--quiet", "origin", "--delete", *proposals(world))
    world.edit(HOME, "{bake: 1h}", "{bake: 1h, automatic: [scoring]}")
    ended = verified.run("promote", "schedule", {}, ENVIRONMENTS)
    assert ended.code == 0 and not proposals(world), ended.text
    assert 'version: "2", weight: 0' in published(world, US)


def test_a_person_promotes_one_family_and_no_input_is_run(verified: Actions) -> None:
    world = verified.world
    hostile = f"$(touch {world.folder}/pwned) `id` \"; exit 0 #'"
    for inputs in (
        {"to": "prod", "family": hostile},
        {"to": "prod", "family": "--all"},
        {"to": "prod", "version": hostile},
        {"to": hostile, "family": "scoring"},
        {"to": 'prod", "staging', "family": "scoring"},
    ):
        ended = verified.run("promote", "workflow_dispatch", {"inputs": inputs})
        assert ended.code == 1 and ended.exit_codes == [2], ended.text
    assert not (world.folder / "pwned").exists() and not proposals(world)

    ended = verified.run(
        "promote", "workflow_dispatch", {"inputs": {"to": "prod", "family": "scoring"}}
    )
    assert ended.code == 0, ended.text
    (branch,) = proposals(world)
    assert branch.startswith("lockstep/prod/scoring/2-")


def proposals(world: World) -> list[str]:
    """The branches that Lockstep has pushed for prod, and that wait to be merged."""
    listed = git(
        world.origin, "for-each-ref", "--format=%(refname:short)", "refs/heads/lockstep/prod"
    )
    return listed.split()
