"""Whatever a fleet is called, its names are constants in what tools run, and no code."""

import ast

import pytest
import yaml

from lockstep.edges.resources import scaffold_templates
from lockstep.scaffold.pipelines import pipeline_files
from lockstep.scaffold.requests import PipelineRequest

HOSTILE = 'it\'s "quoted" {{ x }} <[ y ]> <% z %> {% a %} -- $(id) `id`\n# b: [c, \\d'


@pytest.mark.parametrize(
    ("tool", "file"),
    [
        ("airflow", "train_and_propose.py"), ("prefect", "train_and_propose.py"),
        ("kubeflow", "pipeline.py"),
    ],
)  # fmt: skip
def test_hostile_values_stay_values(tool: str, file: str) -> None:
    request = PipelineRequest(
        (tool,), HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, HOSTILE, HOSTILE
    )
    files = pipeline_files(request, scaffold_templates())
    text = files[f"pipelines/{tool}/{file}"].decode()
    constants = {
        node.targets[0].id: node.value.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    assert {constants[name] for name in ("REPOSITORY", "ENVIRONMENT", "FAMILY", "MODEL")} == {
        HOSTILE
    }


def test_hostile_values_stay_values_of_argo() -> None:
    request = PipelineRequest(
        ("argo-workflows",),
        HOSTILE,
        HOSTILE,
        HOSTILE,
        (HOSTILE,),
        HOSTILE,
        HOSTILE,
        HOSTILE,
        HOSTILE,
    )
    files = pipeline_files(request, scaffold_templates())
    found = {}
    for name in ("propose", "train", "advance", "check"):
        document = yaml.safe_load(files[f"pipelines/argo-workflows/{name}.yaml"])
        spec = document["spec"].get("workflowSpec", document["spec"])
        for each in spec.get("arguments", {}).get("parameters", ()):
            found[each["name"]] = each.get("value")
        for template in spec["templates"]:
            found |= {v["name"]: v["value"] for v in template.get("script", {}).get("env", ())}
    names = {
        "family",
        "environment",
        "model",
        "revision",
        "REPOSITORY",
        "GIT_AUTHOR_EMAIL",
        "BRANCH",
    }
    assert {found[name] for name in names} == {HOSTILE}
