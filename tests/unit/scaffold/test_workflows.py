"""The workflows for GitHub Actions: here they are a fleet's, and what no linter asks of them."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.edges.resources import scaffold_templates
from lockstep.scaffold.workflows import GITHUB, github_path, github_workflows

REPOSITORY = Path(__file__).resolve().parents[3]
STATUS = "lockstep check"
MOVING = ("propose", "advance", "hold", "resume", "revert")


def texts(*, own: bool) -> dict[str, str]:
    """The text of each workflow by its name."""
    found = github_workflows("main", scaffold_templates(), own=own)
    return {name: found[github_path(name)].decode() for name in GITHUB}


FLEET = texts(own=False)


def jobs(name: str) -> dict[str, Any]:
    """The jobs of a fleet's workflow."""
    found: dict[str, Any] = yaml.safe_load(FLEET[name])["jobs"]
    return found


def triggers(name: str) -> dict[str, Any]:
    """What starts a fleet's workflow; YAML 1.1 reads the key as true."""
    found: dict[Any, Any] = yaml.safe_load(FLEET[name])
    return dict(found[True])


def test_the_workflows_of_this_repository_are_those_of_a_fleet() -> None:
    for name, text in texts(own=True).items():
        assert (REPOSITORY / github_path(name)).read_text() == text, (
            f"{name} differs from scaffold/templates/github/{name}.yml.j2"
        )


@pytest.mark.parametrize("name", GITHUB)
def test_each_job_has_least_rights_and_a_time_limit_and_no_expression_in_a_script(
    name: str,
) -> None:
    assert yaml.safe_load(FLEET[name])["permissions"] == {}
    for job in jobs(name).values():
        assert "permissions" in job and 0 < job["timeout-minutes"] <= 60
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", GITHUB)
def test_a_secret_is_for_the_step_that_needs_it_in_an_environment(name: str) -> None:
    for job in jobs(name).values():
        outside = {key: value for key, value in job.items() if key != "steps"}
        assert "secrets." not in str(outside)
        assert "secrets." not in str(job["steps"]) or job["environment"] in (
            "lockstep", "production",
        )  # fmt: skip


def test_what_runs_on_pull_requests_has_no_secret_and_cannot_push() -> None:
    for name in ("check", "reviewed", "comment", "approval"):
        assert "contents: write" not in FLEET[name]
        assert name == "approval" or "secrets." not in FLEET[name]


def test_the_status_of_approvals_is_set_by_the_app_which_nobody_else_can_be() -> None:
    """A status from any source is one that whoever may push can set."""
    for job in jobs("approval").values():
        assert job["environment"] == "lockstep"
        (app,) = (step for step in job["steps"] if step.get("id") == "app")
        rights = {k: v for k, v in app["with"].items() if k.startswith("permission-")}
        assert rights == {
            "permission-contents": "read", "permission-pull-requests": "read",
            "permission-statuses": "write",
        }  # fmt: skip
        tokens = [v for step in job["steps"] for k, v in step.get("env", {}).items()
                  if k in ("LOCKSTEP_FORGE_TOKEN", "GH_TOKEN")]  # fmt: skip
        assert tokens == ["${{ steps.app.outputs.token || github.token }}"]


def test_a_required_check_runs_for_every_pull_request_and_in_the_merge_queue() -> None:
    started = triggers("check")
    assert {"pull_request", "merge_group", "push", "schedule"} == set(started)
    assert started["pull_request"] is None and started["merge_group"] is None
    assert [job["name"] for job in jobs("check").values()] == [STATUS]


def test_no_run_that_moves_a_family_is_cancelled_by_another() -> None:
    for name in MOVING:
        document = yaml.safe_load(FLEET[name])
        groups = [document.get("concurrency"), *(j.get("concurrency") for j in jobs(name).values())]
        assert all(group["cancel-in-progress"] is False for group in groups if group)


def test_no_rollback_waits_for_the_reviewer_of_a_step_forward() -> None:
    assert "concurrency" not in yaml.safe_load(FLEET["advance"])
    rollbacks, forward = jobs("advance")["rollbacks"], jobs("advance")["forward"]
    assert rollbacks["concurrency"]["group"] != forward["concurrency"]["group"]
    assert (rollbacks["environment"], forward["environment"]) == ("lockstep", "production")
    assert "needs" not in rollbacks and forward["needs"] == "rollbacks"


def test_what_a_person_or_an_alert_gives_is_an_argument_and_never_an_option() -> None:
    for name in ("propose", "hold", "resume", "revert"):
        (script,) = (step["run"] for step in jobs(name)[name]["steps"] if step.get("name") == name)
        assert re.search(r' -- "\$FAMILY"( |$)', script), script


def test_the_page_of_a_fleet_is_published_only_where_the_repository_says_so() -> None:
    """The pages of a private repository can be public, so a new fleet publishes none."""
    write, publish = jobs("site")["write"], jobs("site")["publish"]
    assert write["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert publish["needs"] == "write" and publish["if"] == "${{ vars.LOCKSTEP_PAGES == 'true' }}"
    # What may publish runs no code of the repository.
    assert [set(step) - {"id"} for step in publish["steps"]] == [{"uses"}]
    assert "schedule" in triggers("site")


def test_the_branch_stays_a_yaml_scalar() -> None:
    found = github_workflows('"a: b"', scaffold_templates(), own=False)
    document = yaml.safe_load(found[github_path("check")])
    assert document[True]["push"]["branches"] == ["a: b"]


@pytest.mark.parametrize("name", [*MOVING, "approval", "audit", "site"])
def test_git_gets_the_token_of_a_step_for_the_forge_alone(name: str) -> None:
    job = next(iter(jobs(name).values()))
    server = "https://github.com"
    settings = {key: str(value).replace("${{ github.server_url }}", server)
                for key, value in job["env"].items() if key.startswith("GIT_CONFIG_")}  # fmt: skip
    token = {"LOCKSTEP_FORGE_TOKEN": "of-the-step", "GIT_TERMINAL_PROMPT": "0"}

    def ask(host: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["git", "credential", "fill"], env={**os.environ, **settings, **token}, text=True,
            input=f"protocol=https\nhost={host}\n\n", capture_output=True, check=False,
        )  # fmt: skip

    assert "username=x-access-token\npassword=of-the-step\n" in ask("github.com").stdout
    elsewhere = ask("github.com.example.com")
    assert elsewhere.returncode != 0 and "of-the-step" not in elsewhere.stdout
