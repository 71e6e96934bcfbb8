"""Whatever a fleet is called, its names are constants in the DAG and the flow, and no code."""

import ast

import pytest

from lockstep.edges.resources import scaffold_templates
from lockstep.scaffold.pipelines import pipeline_files
from lockstep.scaffold.requests import PipelineRequest

HOSTILE = 'it\'s "quoted" {{ x }} <[ y ]> <% z %> {% a %} -- $(id) `id`\n# b: [c, \\d'


@pytest.mark.parametrize("tool", ["airflow", "prefect"])
def test_hostile_values_stay_values(tool: str) -> None:
    request = PipelineRequest(
        (tool,), HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, HOSTILE, HOSTILE
    )
    files = pipeline_files(request, scaffold_templates())
    text = files[f"pipelines/{tool}/train_and_propose.py"].decode()
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
