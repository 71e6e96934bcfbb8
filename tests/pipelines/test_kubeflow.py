"""The pipeline for Kubeflow: compiled and loaded by a real kfp, and run to the pushed branch."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.pipelines.environments import programs
from tests.pipelines.fleet import (
    ENVIRONMENT,
    FAMILY,
    PROGRAMS,
    ROOT,
    ROWS,
    PipelineFleet,
    assert_same_as_by_hand,
    reason_of,
)
from tests.pipelines.kubeflow_runner import KubeflowRunner
from tests.pipelines.stand_ins import SAID, stand_in_lockstep
from tests.unit.json_server import Reply, json_server

EXAMPLES = ROOT / "examples" / "pipelines" / "kubeflow"
COMPILED = EXAMPLES / "pipeline.yaml"
TOKEN = "a-token-of-the-forge"
HOSTILE = """it's "new"; $(touch taken) `touch taken` $(HOME) $HOME ${IFS} {"a": 1} \\n --x"""
_LOAD = """\
import json, pathlib, sys
from kfp import components
loaded = components.load_component_from_text(pathlib.Path(sys.argv[1]).read_text())
inputs = {name: str(each.type) for name, each in loaded.component_spec.inputs.items()}
print(json.dumps({"name": loaded.name, "inputs": inputs}))
"""


def kfp(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the Python that has kfp."""
    return subprocess.run(
        [programs("kubeflow") / "python", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": os.devnull},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip


def test_the_compiled_pipeline_is_what_kfp_makes_of_the_example(tmp_path: Path) -> None:
    made = tmp_path / "pipeline.yaml"
    done = kfp(EXAMPLES / "pipeline.py", made)
    assert done.returncode == 0, done.stderr
    how = ".venvs/kubeflow/bin/python examples/pipelines/kubeflow/pipeline.py " + str(
        COMPILED.relative_to(ROOT)
    )
    assert COMPILED.read_text() == made.read_text(), f"run {how}"


def test_kfp_loads_the_compiled_pipeline() -> None:
    done = kfp("-c", _LOAD, COMPILED)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert loaded["name"] == "train-and-propose"
    assert loaded["inputs"] == {
        "rows": "Integer", "seed": "Integer", "reason": "String", "model": "String",
        "environment": "String", "family": "String",
    }  # fmt: skip


def test_kfp_refuses_a_pipeline_that_names_no_such_task(tmp_path: Path) -> None:
    source = (EXAMPLES / "pipeline.py").read_text()
    assert 'outputs["version"]' in source
    for name in ("propose.sh", "trainer.sh"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text())
    broken = tmp_path / "pipeline.py"
    broken.write_text(source.replace('outputs["version"]', 'outputs["verison"]'))
    done = kfp(broken, tmp_path / "pipeline.yaml")
    assert done.returncode != 0 and "verison" in done.stderr


def test_credentials_are_files_users_are_not_root_and_nothing_is_cached() -> None:
    spec, platform = yaml.safe_load_all(COMPILED.read_text())
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    secrets = {
        name: [each["secretName"] for each in executor["secretAsVolume"]]
        for name, executor in executors.items()
    }
    trainer = {f"exec-{name}": ["mlflow-trainer"] for name in ("train", "evaluate", "register")}
    assert secrets == {**trainer, "exec-propose": ["lockstep"]}
    assert all("secretAsEnv" not in each for each in executors.values())
    assert all(each["securityContext"]["runAsNonRoot"] for each in executors.values())
    for task in spec["root"]["dag"]["tasks"].values():
        assert not task["cachingOptions"] and "retryPolicy" not in task
    for executor in spec["deploymentSpec"]["executors"].values():
        # Argo, which runs the pods, would replace the first, and Kubernetes the second.
        assert not any("{{" in each or "$$" in each for each in executor["container"]["command"])


@pytest.fixture(scope="module")
def compiled(pipeline_template: PipelineFleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pipeline of the fleet, compiled."""
    made = tmp_path_factory.mktemp("kubeflow") / "pipeline.yaml"
    done = kfp(pipeline_template.pipelines / "kubeflow" / "pipeline.py", made)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def kubeflow(compiled: Path, pipeline_fleet: PipelineFleet, tmp_path: Path) -> KubeflowRunner:
    """The compiled pipeline of the fleet, with a Secret that has a token."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "LOCKSTEP_FORGE_TOKEN").write_text(TOKEN)
    environment = pipeline_fleet.environment
    first, _, rest = environment["PATH"].partition(os.pathsep)
    variables = {
        **environment, "PATH": os.pathsep.join([first, str(PROGRAMS), rest]),
        "TRAINER": str(pipeline_fleet.pipelines / "train.py"),
        "CREDENTIALS": str(secret), "WAITS": "0 0 0 0",
    }  # fmt: skip
    return KubeflowRunner(compiled, tmp_path, variables)


def test_the_pipeline_ends_in_the_branch_of_the_verb_by_hand(
    kubeflow: KubeflowRunner, pipeline_fleet: PipelineFleet
) -> None:
    ended = kubeflow.run(rows=ROWS, seed=7.0, reason=HOSTILE)
    assert ended.code == 0, "\n".join(each.said for each in kubeflow.tasks.values())
    assert list(kubeflow.tasks) == ["train", "evaluate", "register", "propose"]
    branch = assert_same_as_by_hand(pipeline_fleet, "2")
    assert json.loads(ended.outputs["proposal"])["items"][0]["branch"] == branch
    # A hostile reason has stayed a value.
    ((_, commit),) = pipeline_fleet.proposals().items()
    assert reason_of(pipeline_fleet, pipeline_fleet.another_clone("again"), commit) == HOSTILE
    assert not list(kubeflow.scratch.rglob("taken")) and TOKEN not in ended.said


@pytest.mark.parametrize(
    ("codes", "code", "tries"),
    [("0", 0, 1), ("1,1,0", 0, 3), ("1", 1, 5), ("1,11", 11, 2)]
    + [(str(code), code, 1) for code in (2, 3, 10, 11, 12, 13)],
)
def test_only_what_could_not_run_is_tried_again_and_only_a_contradiction_is_notified(
    kubeflow: KubeflowRunner, codes: str, code: int, tries: int
) -> None:
    program = stand_in_lockstep(kubeflow.scratch / "stand-in")
    Path(f"{program}.codes").write_text("\n".join(codes.split(",")))
    path = os.pathsep.join([str(program.parent), kubeflow.variables["PATH"]])
    kubeflow.variables = {**kubeflow.variables, "PATH": path}
    with json_server(lambda _: Reply({})) as chat:
        Path(kubeflow.variables["CREDENTIALS"], "NOTIFY_URL").write_text(f"{chat.url}/hook\n")
        ended = kubeflow.run_task(
            "propose", environment=ENVIRONMENT, family=FAMILY, version="7", reason="new"
        )
    assert ended.code == code and SAID in ended.said
    assert len(Path(f"{program}.calls").read_text().splitlines()) == tries
    assert ("proposal" in ended.outputs) == (code == 0)
    texts = [json.loads(each.body)["text"] for each in chat.asked]
    assert len(texts) == (code == 13)
    assert all(f"contradicts what was recorded of {ENVIRONMENT}/{FAMILY}" in t for t in texts)


def test_a_contradiction_that_nobody_can_be_notified_of_fails_all_the_same(
    kubeflow: KubeflowRunner,
) -> None:
    program = stand_in_lockstep(kubeflow.scratch / "stand-in")
    Path(f"{program}.codes").write_text("13")
    path = os.pathsep.join([str(program.parent), kubeflow.variables["PATH"]])
    kubeflow.variables = {**kubeflow.variables, "PATH": path}
    inputs = {"environment": ENVIRONMENT, "family": FAMILY, "version": "7", "reason": "new"}
    said = kubeflow.run_task("propose", **inputs)
    assert said.code == 13 and "the Secret has no NOTIFY_URL" in said.said
    Path(kubeflow.variables["CREDENTIALS"], "NOTIFY_URL").write_text("http://127.0.0.1:9/secret")
    kubeflow.tasks.clear()
    (kubeflow.scratch / "task-0-propose").rename(kubeflow.scratch / "before")
    said = kubeflow.run_task("propose", **inputs)
    assert said.code == 13 and "nobody is notified" in said.said and "/secret" not in said.said


def test_another_hostile_parameter_is_refused(kubeflow: KubeflowRunner) -> None:
    ended = kubeflow.run_task(
        "propose", environment="--help", family="'; touch taken; '", version="--", reason="new"
    )
    assert ended.code in (2, 3, 10), ended.said
    assert not list(kubeflow.scratch.rglob("taken"))
