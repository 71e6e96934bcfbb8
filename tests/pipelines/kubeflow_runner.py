"""Runs what kfp has compiled: each container as Kubeflow's launcher starts it, on this machine."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass
class Task:
    """How a task has ended: its exit code, all that it said, and its output parameters."""

    code: int
    said: str
    outputs: dict[str, str]


@dataclass
class KubeflowRunner:
    """A compiled pipeline. ``variables`` take the place of those that it sets for examples."""

    pipeline: Path
    scratch: Path
    variables: Mapping[str, str]
    tasks: dict[str, Task] = field(default_factory=dict)

    @property
    def spec(self) -> Any:
        """The pipeline; a second document says what is Kubernetes' own."""
        return next(iter(yaml.safe_load_all(self.pipeline.read_text())))

    def run(self, **parameters: Any) -> Task:
        """Run its tasks, each after those that it depends on, until one fails; the last one."""
        root = self.spec["root"]
        declared = root["inputDefinitions"]["parameters"]
        given = {name: each.get("defaultValue") for name, each in declared.items()} | parameters
        waiting = dict(root["dag"]["tasks"])
        while waiting:
            name = next(
                name for name, task in waiting.items()
                if self.tasks.keys() >= set(task.get("dependentTasks", ()))
            )  # fmt: skip
            inputs = waiting.pop(name)["inputs"]["parameters"]
            ended = self.run_task(name, **{k: self._value(v, given) for k, v in inputs.items()})
            if ended.code:
                break
        return ended

    def run_task(self, name: str, **inputs: Any) -> Task:
        """Run the container of one task with these parameters."""
        component = self.spec["components"][f"comp-{name}"]
        executor = self.spec["deploymentSpec"]["executors"][component["executorLabel"]]
        container = executor["container"]
        folder = self.scratch / f"task-{len(self.tasks)}-{name}"
        folder.mkdir()
        outputs = {
            each: folder / "outputs" / each
            for each in component.get("outputDefinitions", {}).get("parameters", {})
        }
        placeholders = {f"{{{{$.inputs.parameters['{k}']}}}}": text(v) for k, v in inputs.items()}
        for each, path in outputs.items():
            placeholders[f"{{{{$.outputs.parameters['{each}'].output_file}}}}"] = str(path)
        argv = [filled(each, placeholders) for each in [*container["command"], *container["args"]]]
        variables = {each["name"]: each["value"] for each in container["env"]}
        done = subprocess.run(
            argv, cwd=folder, env={**variables, **self.variables, "TMPDIR": str(folder)},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=600,
        )  # fmt: skip
        made = {each: path.read_text() for each, path in outputs.items() if path.exists()}
        self.tasks[name] = Task(done.returncode, done.stdout + done.stderr, made)
        return self.tasks[name]

    def _value(self, source: Any, given: Mapping[str, Any]) -> Any:
        if "componentInputParameter" in source:
            return given[source["componentInputParameter"]]
        output = source["taskOutputParameter"]
        return self.tasks[output["producerTask"]].outputs[output["outputParameterKey"]]


def text(value: Any) -> str:
    """A parameter as the launcher writes it."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def filled(template: str, placeholders: Mapping[str, str]) -> str:
    """An argument with its placeholders replaced; here each is one placeholder or none."""
    assert "{{" not in template or template in placeholders, template
    return placeholders.get(template, template)
