"""The workflows for Argo: linted by Argo itself, and their scripts run to the pushed branch."""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.argo_runner import ArgoRunner, Node, documents
from tests.pipelines.fleet import (
    ENVIRONMENT,
    FAMILY,
    PROGRAMS,
    ROWS,
    PipelineFleet,
    assert_same_as_by_hand,
    copy_fleet,
    reason_of,
)
from tests.pipelines.stand_ins import SAID, stand_in_lockstep
from tests.unit.json_server import JsonServer, Reply, json_server

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "pipelines" / "argo-workflows"
TOKEN = "a-token-of-the-forge"
HOSTILE = (
    """it's "new"; $(touch taken) `touch taken` $(HOME) $$(HOME) $HOME ${IFS} {"a": 1} \\n --x"""
)


def lint(*paths: Path) -> "subprocess.CompletedProcess[str]":
    argo = ROOT / "tools" / "bin" / "argo"
    if not argo.exists():
        pytest.skip("no argo here: make tools/bin/argo")
    return subprocess.run(
        [argo, "lint", "--offline", "--no-color", *paths], env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_argo_finds_nothing_wrong_with_the_examples() -> None:
    done = lint(EXAMPLES)
    assert done.returncode == 0, done.stdout + done.stderr
    names = {each["metadata"]["name"] for each in documents(EXAMPLES)}
    assert names == {
        "lockstep", "lockstep-propose", "lockstep-train", "lockstep-advance", "lockstep-check",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("propose", "entrypoint: propose", "entrypoint: prpose", "prpose"),
        ("propose", "inputs.parameters.reason}}", "inputs.parameters.raeson}}", "raeson"),
        ("propose", "retryPolicy: Always", "retrPolicy: Always", "retrPolicy"),
        ("train", "template: propose}", "template: propoze}", "propoze"),
        ("train", "depends: register", "depends: registered", "registered"),
        ("advance", "concurrencyPolicy: Forbid", "concurrencyPolicy: Forbit", "Forbit"),
        ("advance", "3-59/10 * * * *", "3-59/10 * * *", "3-59/10"),
        ("check", "{name: shard, value", "{name: part, value", "shard"),
    ],
)  # fmt: skip
def test_argo_refuses_what_is_broken(
    tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    folder = shutil.copytree(EXAMPLES, tmp_path / "broken")
    broken = folder / f"{file}.yaml"
    text = broken.read_text()
    assert old in text
    broken.write_text(text.replace(old, new))
    done = lint(folder)
    assert done.returncode == 1 and says in done.stdout, done.stdout + done.stderr


def scripts() -> Iterator[tuple[str, dict[str, Any]]]:
    for each in documents(EXAMPLES):
        spec = each["spec"].get("workflowSpec", each["spec"]) if "spec" in each else {}
        for template in spec.get("templates", ()):
            if "script" in template:
                yield f"{each['metadata']['name']}/{template['name']}", template


@pytest.mark.parametrize(("name", "template"), list(scripts()))
def test_a_pod_has_few_rights_and_no_credential_in_its_manifest(
    name: str, template: dict[str, Any]
) -> None:
    script, pod = template["script"], template["securityContext"]
    assert pod["runAsNonRoot"] and pod["runAsUser"] > 0
    assert script["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert {"cpu", "memory"} <= script["resources"]["requests"].keys()
    assert "memory" in script["resources"]["limits"]
    assert re.fullmatch(r".+@sha256:[0-9a-f]{64}", script["image"])
    assert template["activeDeadlineSeconds"] <= 14400
    # Values are variables and no text of the script, and no variable is a credential.
    assert "{{" not in script["source"]
    assert all(set(each) == {"name", "value"} for each in script["env"])
    assert "envFrom" not in script


@pytest.mark.parametrize(("name", "template"), list(scripts()))
def test_a_script_is_one_without_faults(name: str, template: dict[str, Any]) -> None:
    if template["script"]["command"] == ["python3"]:
        compile(template["script"]["source"], name, "exec")
        return
    assert template["script"]["command"] == ["sh", "-eu"]
    # 2016: the helper is expanded by git's shell; 2164: a failing cd ends the script.
    done = subprocess.run(
        [PROGRAMS / "shellcheck", "--shell=sh", "--exclude=SC2016,SC2164", "-"],
        input=template["script"]["source"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def runner(fleet: PipelineFleet, folder: Path) -> ArgoRunner:
    """Argo's workflows of a fleet, with a Secret that has a token."""
    secret = folder / "secret"
    secret.mkdir()
    (secret / "LOCKSTEP_FORGE_TOKEN").write_text(TOKEN)
    environment = fleet.environment
    first, _, rest = environment["PATH"].partition(os.pathsep)
    variables = {
        **environment,
        # The Python of the images has what the trainer and lockstep need.
        "PATH": os.pathsep.join([first, str(PROGRAMS), rest]),
        "TRAINER": str(fleet.pipelines / "train.py"),
    }
    del variables["HOME"]
    return ArgoRunner(
        fleet.pipelines / "argo-workflows", folder, variables, {"credentials": secret}
    )


@pytest.fixture
def argo(pipeline_fleet: PipelineFleet, tmp_path: Path) -> ArgoRunner:
    """Argo, for one test."""
    return runner(pipeline_fleet, tmp_path)


@pytest.fixture(scope="module")
def trained(
    pipeline_template: PipelineFleet, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PipelineFleet, ArgoRunner]:
    """A fleet and the run that has trained a version for it and proposed it, to look at."""
    folder = tmp_path_factory.mktemp("argo")
    fleet = copy_fleet(pipeline_template, folder / "pipelines")
    argo = runner(fleet, folder)
    ended = argo.run("lockstep-train", rows=str(ROWS), seed="7", reason=HOSTILE)
    assert ended.code == 0, "\n".join(node.said for _, node in argo.nodes)
    return fleet, argo


def with_stand_in(argo: ArgoRunner, codes: str) -> Path:
    """Let another program answer for lockstep, which ends with these codes, one after another."""
    program = stand_in_lockstep(argo.scratch / "stand-in")
    Path(f"{program}.codes").write_text("\n".join(codes.split(",")))
    variables = dict(argo.variables)
    argo.variables = {**variables, "PATH": f"{program.parent}{os.pathsep}{variables['PATH']}"}
    return program


def last(argo: ArgoRunner, template: str) -> Node:
    return [node for name, node in argo.nodes if name == template][-1]


def test_training_ends_in_the_branch_of_the_verb_by_hand(
    trained: tuple[PipelineFleet, ArgoRunner],
) -> None:
    fleet, argo = trained
    assert [name for name, _ in argo.nodes] == ["trainer", "trainer", "trainer", "lockstep"]
    branch = assert_same_as_by_hand(fleet, "2")
    assert json.loads(last(argo, "lockstep").result)["items"][0]["branch"] == branch


def test_a_hostile_reason_stays_a_value(trained: tuple[PipelineFleet, ArgoRunner]) -> None:
    fleet, argo = trained
    ((_, commit),) = fleet.proposals().items()
    assert reason_of(fleet, fleet.another_clone("to-read"), commit) == HOSTILE
    assert not list(argo.scratch.rglob("taken"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("family", "--help"), ("version", "$(touch taken)"), ("environment", "'; touch taken; '")],
)
def test_another_hostile_parameter_is_refused(
    argo: ArgoRunner, pipeline_fleet: PipelineFleet, name: str, value: str
) -> None:
    ended = argo.run("lockstep-propose", **{"version": "1", name: value})
    assert ended.code in (2, 3, 10), last(argo, "lockstep").said
    assert last(argo, "lockstep").tries == 1
    assert not list(argo.scratch.rglob("taken")) and not pipeline_fleet.proposals()


@pytest.fixture
def chat(argo: ArgoRunner) -> Iterator[JsonServer]:
    """What takes notifications, whose address is in the Secret."""
    with json_server(lambda _: Reply({})) as server:
        (argo.mounts["credentials"] / "NOTIFY_URL").write_text(f"{server.url}/hook\n")
        yield server


@pytest.mark.parametrize(
    ("codes", "code", "tries"),
    [("0", 0, 1), ("1,1,0", 0, 3), ("1", 1, 5), ("1,11", 11, 2)]
    + [(str(code), code, 1) for code in (2, 3, 10, 11, 12, 13)],
)
def test_only_what_could_not_run_is_tried_again_and_only_a_contradiction_is_notified(
    argo: ArgoRunner, chat: JsonServer, codes: str, code: int, tries: int
) -> None:
    with_stand_in(argo, codes)
    ended = argo.run("lockstep-propose", version="7")
    assert (ended.code, last(argo, "lockstep").tries) == (code, tries)
    assert SAID in last(argo, "lockstep").said
    texts = [json.loads(each.body)["text"] for each in chat.asked]
    assert texts == (
        [
            f"The registry contradicts what was recorded of {ENVIRONMENT}/{FAMILY}. The log of "
            "workflow run says what differs."
        ]
        if code == 13
        else []
    )


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (None, "nobody is notified: the Secret has no NOTIFY_URL"),
        ("http://127.0.0.1:9/secret-path", "the webhook does not answer"),
        ("no address", "NOTIFY_URL is no address"),
    ],
)
def test_a_notification_that_cannot_be_sent_fails_and_says_so(
    argo: ArgoRunner, address: str | None, says: str
) -> None:
    if address:
        (argo.mounts["credentials"] / "NOTIFY_URL").write_text(address)
    with_stand_in(argo, "13")
    assert argo.run("lockstep-propose", version="7").code == 13
    said = last(argo, "notify")
    assert said.code == 1 and says in said.said and "secret-path" not in said.said


def test_the_token_goes_to_the_address_of_the_fleet_alone_and_to_no_command_line(
    argo: ArgoRunner,
) -> None:
    """git asks a forge that wants a password; the forge sends it to another one the second time."""
    wants = {"WWW-Authenticate": 'Basic realm="git"'}
    with json_server(lambda _: Reply(status=401, headers=wants)) as other:

        def answers(request: Any) -> Reply:
            if "Authorization" in request.headers:
                return Reply(status=302, headers={"Location": f"{other.url}/x/info/refs"})
            return Reply(status=401, headers=wants)

        with json_server(answers) as forge:
            argo.variables = {
                **argo.variables, "REPOSITORY": f"{forge.url}/ml/fleet.git",
                "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TRACE": "1",
            }  # fmt: skip
            ended = argo.run("lockstep-propose", version="2")
    assert ended.code == 1 and last(argo, "lockstep").tries == 5
    sent = [
        each.headers["Authorization"] for each in forge.asked if "Authorization" in each.headers
    ]
    assert set(sent) == {f"Basic {base64.b64encode(f'x-access-token:{TOKEN}'.encode()).decode()}"}
    assert not [each for each in other.asked if "Authorization" in each.headers]
    assert TOKEN not in last(argo, "lockstep").said


def test_the_schedule_moves_the_rollout_that_was_merged(
    trained: tuple[PipelineFleet, ArgoRunner], tmp_path: Path
) -> None:
    fleet = copy_fleet(trained[0], tmp_path / "pipelines")
    argo = runner(fleet, tmp_path)
    ((branch, _),) = fleet.proposals().items()
    fleet.git("fetch", "--quiet", "origin", branch)
    fleet.git("push", "--quiet", "origin", "FETCH_HEAD:refs/heads/main")
    proposed = fleet.tip()
    moved = argo.run("lockstep-advance")
    assert moved.code == 0 and "main of origin" in moved.said, moved.said
    assert fleet.tip() != proposed


@pytest.mark.parametrize(("codes", "tries"), [("1", 3), ("12", 1), ("11", 1), ("0", 1)])
def test_a_run_of_the_schedule_is_tried_again_only_where_it_could_not_run(
    argo: ArgoRunner, codes: str, tries: int
) -> None:
    with_stand_in(argo, codes)
    ended = argo.run("lockstep-advance")
    assert (str(ended.code), ended.tries) == (codes, tries)


def push_branch(fleet: PipelineFleet, old: str, new: str) -> str:
    """A branch on which a family says something else, rendered where that can be done."""
    fleet.git("checkout", "--quiet", "-b", "change")
    path = fleet.clone / "clusters" / ENVIRONMENT / FAMILY / "family.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    fleet.run("lockstep", "render")
    fleet.git("commit", "--quiet", "--all", "--message=Change the family")
    fleet.git("push", "--quiet", "origin", "change")
    return "change"


def test_the_shards_of_a_clean_fleet_are_merged_to_a_clean_check(argo: ArgoRunner) -> None:
    ended = argo.run("lockstep-check", shards="2")
    assert ended.code == 0, "\n".join(node.said for _, node in argo.nodes)
    assert [name for name, _ in argo.nodes] == ["commits", "shard", "shard", "merge"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("owner:", "ownr:", 10), ("registry.example.com/", "registry.example.org/", 11)],
)
def test_the_merge_ends_with_the_code_of_one_check_over_everything(
    argo: ArgoRunner, pipeline_fleet: PipelineFleet, old: str, new: str, code: int
) -> None:
    branch = push_branch(pipeline_fleet, old, new)
    alone = pipeline_fleet.run("lockstep", "check", "--all", "--base", "origin/main")
    assert alone.returncode == code, alone.stdout
    ended = argo.run("lockstep-check", revision=branch, shards="2")
    assert ended.code == code, "\n".join(node.said for _, node in argo.nodes)
    assert {node.code for name, node in argo.nodes if name == "shard"} == {0}


def test_a_shard_that_could_not_run_is_missed_by_the_merge(argo: ArgoRunner) -> None:
    """The program that answers for lockstep cannot run the second shard, however often."""
    program = argo.scratch / "stand-in" / "lockstep"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *--shard=2/2*) exit 1 ;; esac\nexec {PROGRAMS}/lockstep "$@"\n'
    )
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{argo.variables['PATH']}"
    argo.variables = {**argo.variables, "PATH": path}
    ended = argo.run("lockstep-check", shards="2")
    assert ended.code == 1 and "shards are missing (2/2)" in ended.said
    assert [node.tries for name, node in argo.nodes if name == "shard"] == [1, 5]


@pytest.mark.parametrize("revision", ["--output=taken", "$(touch taken)"])
def test_a_revision_that_the_fleet_does_not_have_is_said(argo: ArgoRunner, revision: str) -> None:
    ended = argo.run("lockstep-check", revision=revision)
    assert ended.code == 2 and f"no branch, tag or commit {revision}" in ended.said
    assert not list(argo.scratch.rglob("taken"))
