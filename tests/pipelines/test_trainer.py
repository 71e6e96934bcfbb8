"""The trainer of the pipelines: what it logs passes the rules of production, and is proposed."""

import ast
import json
import sys

import pytest

from lockstep.cli import invoke
from lockstep.edges.resources import scaffold_templates
from lockstep.scaffold.pipelines import TRAINER, pipeline_files
from lockstep.scaffold.requests import PIPELINES, PipelineRequest
from tests.pipelines.fleet import (
    FAMILY,
    MODEL,
    REGIONS,
    ROWS,
    PipelineFleet,
    assert_same_as_by_hand,
)

HOSTILE = 'it\'s "quoted" {{ x }} <[ y ]> <% z %> {% a %} -- -rf $(id) `id`\n# b: [c, \\d'


def test_each_command_prints_what_the_next_one_needs_and_the_version_is_proposed(
    pipeline_fleet: PipelineFleet,
) -> None:
    fleet = pipeline_fleet
    logged = fleet.train("train", "--model", MODEL, "--rows", str(ROWS), "--seed", "3")
    assert set(logged) == {"run", "model_id"} and logged["model_id"].startswith("m-")
    model = ("--model-id", logged["model_id"])
    measured = fleet.train("evaluate", *model, "--rows", str(ROWS))["regions"]
    assert set(measured) == set(REGIONS)
    assert all(0 <= each["fpr"] < 0.1 and each["samples"] > 0 for each in measured.values())
    first = fleet.train("register", "--model", MODEL, *model)
    # A task that is tried again registers no second version.
    assert first == {"version": "2"} == fleet.train("register", "--model", MODEL, *model)
    fleet.must("lockstep", "propose", FAMILY, "2", "--reason", "trained again", cwd=fleet.clone)
    branch = assert_same_as_by_hand(fleet, "2")
    lock = fleet.git("show", f"origin/{branch}:clusters/prod/{FAMILY}/locks/2.yaml")
    for tag in ("engine: scikit-learn", 'workers: "1"', 'seed: "3"', "version: "):
        assert f"train.{tag}" in lock


BARE = """\
import mlflow
from sklearn.linear_model import LogisticRegression
with mlflow.start_run():
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    logged = mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"])
made = mlflow.register_model(logged.model_uri, "fraud", tags={"train.engine": "ray"})
print(made.version)
"""


def test_a_dry_run_says_at_once_what_a_version_lacks_that_was_only_registered(
    pipeline_fleet: PipelineFleet,
) -> None:
    fleet = pipeline_fleet
    version = fleet.must(sys.executable, "-c", BARE).splitlines()[-1]
    done = fleet.run("lockstep", "propose", FAMILY, version, "--dry-run", "--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == report["exitCode"] == 11
    assert {each["rule"] for each in report["findings"]} == {
        "policy.lineage-known", "policy.reproducible-training", "policy.signature-known",
    }  # fmt: skip
    (item,) = report["items"]
    (missing,) = item["missing"]
    assert missing["exitCode"] == 11 and not item["notChecked"]
    later = [each["log"] for each in item["laterGates"]]
    assert len(later) == len(REGIONS)
    for region, log in zip(sorted(REGIONS), sorted(later), strict=True):
        assert "log auc and auc_samples for the logged model m-" in log
        assert f"on the dataset holdout-{region}" in log
    assert fleet.proposals() == {}


def test_hostile_values_stay_values() -> None:
    request = PipelineRequest(
        PIPELINES, HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, HOSTILE, HOSTILE
    )
    text = pipeline_files(request, scaffold_templates())[TRAINER].decode()
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert constants["MODEL"] == constants["OWNER"] == constants["DATASET"] == HOSTILE
    assert constants["REGIONS"] == [HOSTILE]


def test_init_adds_pipelines_to_a_fleet_and_changes_nothing_else(
    pipeline_fleet: PipelineFleet,
) -> None:
    fleet = pipeline_fleet
    (fleet.pipelines / "train.py").unlink()
    code, said = invoke(["init", str(fleet.clone), "--pipeline", "airflow"])
    assert code == 0 and "pipelines/train.py" in said
    assert fleet.git("status", "--porcelain") == ""
    code, said = invoke(["init", str(fleet.clone), "--pipeline", "airflow", "--format", "json"])
    assert code == 0 and json.loads(said)["items"] == []


def test_init_replaces_no_file_that_people_have_changed(pipeline_fleet: PipelineFleet) -> None:
    fleet, trainer = pipeline_fleet, pipeline_fleet.pipelines / "train.py"
    trainer.write_text("ours")
    code, said = invoke(["init", str(fleet.clone), "--pipeline", "prefect"])
    assert code == 2 and "with other content, so nothing was written: pipelines/train.py" in said
    code, said = invoke(["init", str(fleet.clone), "--pipeline", "prefect", "--keep"])
    assert code == 0 and trainer.read_text() == "ours"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--pipeline", "jenkins"], "'airflow'"),
        (["--pipeline", "airflow", "--family", "nobody"], "there is no family 'nobody'"),
        (["--pipeline", "airflow", "--image", "x"], "--image is for a new fleet"),
    ],
)
def test_what_init_refuses(
    pipeline_template: PipelineFleet, arguments: list[str], says: str
) -> None:
    code, said = invoke(["init", str(pipeline_template.clone), *arguments])
    assert code == 2 and says in said


def test_one_of_several_families_has_to_be_named() -> None:
    code, said = invoke(["init", ".", "--pipeline", "airflow"])
    assert code == 2 and "give --family: one of prod/credit-scoring" in said


def test_the_trainer_needs_no_lockstep(pipeline_template: PipelineFleet) -> None:
    text = (pipeline_template.pipelines / "train.py").read_text()
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else
                     [each.name for each in node.names])
    }  # fmt: skip
    assert imported - sys.stdlib_module_names == {"mlflow", "numpy", "pandas", "sklearn"}
