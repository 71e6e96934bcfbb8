"""Runs Argo's workflows on this machine: each script by the shell that it names, in folders.

It puts parameters in as Argo does (in the JSON of a template), and then variables as Kubernetes
does. Of Argo's expressions it knows those that the templates use, and refuses all others.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Template = dict[str, Any]
Scope = dict[str, str]

_TAG = re.compile(r"\{\{(.*?)\}\}")
_REPLACE = re.compile(r"""=replace\((inputs\.parameters[^,]+), "\$", "\$\$"\)""")
_JSONPATH = re.compile(r"""=jsonpath\(([a-z.]+), '\$\.([a-z_]+)'\)""")
_COMPARED = re.compile(r'([a-zA-Z.]+) == "([^"]*)"')
_VARIABLE = re.compile(r"\$\$|\$\(([^)]*)\)")


@dataclass
class Node:
    """How a step has ended: its exit code, standard output, all that it said, and its tries."""

    code: int
    result: str = ""
    said: str = ""
    tries: int = 1


@dataclass
class ArgoRunner:
    """The workflows of a folder, and what their pods are given.

    ``mounts`` are the folders of volumes by name: they stand for Secrets. ``variables`` take the
    place of those that the templates have as examples, or are added, such as ``PATH``.
    """

    folder: Path
    scratch: Path
    variables: Mapping[str, str]
    mounts: Mapping[str, Path] = field(default_factory=dict)
    nodes: list[tuple[str, Node]] = field(default_factory=list)
    """All pods that have ended: the template, and how."""

    def run(self, name: str, **parameters: str) -> Node:
        """Run a workflow from its template or CronWorkflow; parameters are its arguments."""
        found = next(d for d in documents(self.folder) if d["metadata"]["name"] == name)
        spec = found["spec"].get("workflowSpec", found["spec"])
        given = parameters_of(spec.get("arguments", {})) | parameters
        entry = {key.replace("_", "-"): value for key, value in given.items()}
        return self._template(spec, spec["entrypoint"], entry)

    def _template(self, spec: Template, name: str, arguments: Scope) -> Node:
        template = next(each for each in spec["templates"] if each["name"] == name)
        defaults = parameters_of(template.get("inputs", {}))
        declared = {each["name"] for each in template.get("inputs", {}).get("parameters", ())}
        values = defaults | {k: v for k, v in arguments.items() if k in declared}
        assert set(values) == declared, f"{name}: {declared - set(values)} without a value"
        scope = {f"inputs.parameters.{key}": value for key, value in values.items()}
        scope |= {"workflow.name": "run", "workflow.uid": "0b8e"}
        if "script" in template:
            return self._retried(substituted(template, scope))
        if "dag" in template:
            groups = [[task] for task in template["dag"]["tasks"]]
            return self._groups(spec, groups, "tasks", scope)
        return self._groups(spec, template["steps"], "steps", scope)

    def _groups(self, spec: Template, groups: Any, prefix: str, scope: Scope) -> Node:
        last = Node(0)
        for group in groups:
            for step in group:
                for node in self._expanded(spec, step, scope):
                    scope[f"{prefix}.{step['name']}.exitCode"] = str(node.code)
                    scope[f"{prefix}.{step['name']}.outputs.result"] = node.result
                    self._exit_hook(spec, step, scope)
                    last = node
                    if node.code and not step.get("continueOn", {}).get("failed"):
                        return node
        return last

    def _expanded(self, spec: Template, step: Template, scope: Scope) -> Iterator[Node]:
        sequence = substituted(step.get("withSequence", {}), scope)
        items = range(int(sequence["start"]), int(sequence["end"]) + 1) if sequence else [""]
        for item in items:
            plain = {k: v for k, v in step.items() if k not in ("withSequence", "hooks")}
            yield self._step(spec, substituted(plain, scope | {"item": str(item)}))

    def _step(self, spec: Template, step: Template) -> Node:
        name = step.get("template")
        if reference := step.get("templateRef"):
            (spec,) = (
                d["spec"] for d in documents(self.folder)
                if d["metadata"]["name"] == reference["name"] and d["kind"] == "WorkflowTemplate"
            )  # fmt: skip
            name = reference["template"]
        assert name
        return self._template(spec, name, parameters_of(step.get("arguments", {})))

    def _exit_hook(self, spec: Template, step: Template, scope: Scope) -> None:
        hook = step.get("hooks", {}).get("exit")
        if hook and holds(hook["expression"], scope):
            self._step(spec, substituted(hook, scope))

    def _retried(self, template: Template) -> Node:
        strategy = template.get("retryStrategy", {"limit": "0"})
        tries = 0
        while True:
            node = self._pod(template)
            tries += 1
            ended = {"lastRetry.exitCode": str(node.code), "lastRetry.status": "Failed"}
            again = (
                holds(strategy["expression"], ended) if "expression" in strategy
                else strategy.get("retryPolicy") != "OnError"
            )  # fmt: skip
            if node.code == 0 or tries > int(strategy["limit"]) or not again:
                node.tries = tries
                self.nodes.append((template["name"], node))
                return node

    def _pod(self, template: Template) -> Node:
        """Run a script in new folders, with its artifacts as their keys say."""
        script = template["script"]
        pod = self.scratch / f"pod-{len(list(self.scratch.glob('pod-*')))}"
        mounted = {
            each["mountPath"]: self.mounts.get(each["name"], pod / each["name"])
            for each in script.get("volumeMounts", ())
        }
        for path in mounted.values():
            path.mkdir(parents=True, exist_ok=True)
        for each in template.get("inputs", {}).get("artifacts", ()):
            mounted[each["path"]] = pod / each["name"]
            shutil.copytree(self.scratch / "bucket" / each["s3"]["key"], pod / each["name"])
        node = self._shell(script, mounted, pod)
        for each in template.get("outputs", {}).get("artifacts", ()):
            key = self.scratch / "bucket" / each["s3"]["key"]
            made = Path(inside(each["path"], mounted))
            if made.exists():
                key.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(made, key)
            elif not node.code:  # Argo fails a step whose artifact is not there
                return Node(64, said=f"{node.said}\nno {each['path']}")
        return node

    def _shell(self, script: Template, mounted: Mapping[str, Path], pod: Path) -> Node:
        pod.mkdir(exist_ok=True)
        source = pod / "source"
        source.write_text(script["source"])
        variables = expanded(script["env"])
        variables = {name: inside(value, mounted) for name, value in variables.items()}
        known = {k: v for k, v in self.variables.items() if k in variables or k == "PATH"}
        kept = {k: v for k, v in self.variables.items() if k.startswith(("GIT_CONFIG_", "MLFLOW_"))}
        done = subprocess.run(
            [*script["command"], str(source)],
            cwd=inside(script.get("workingDir", str(pod)), mounted),
            env={**variables, **kept, **known, "LANG": "C.UTF-8"},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=600,
        )  # fmt: skip
        # Argo leaves out one line break at the end.
        return Node(done.returncode, done.stdout.removesuffix("\n"), done.stdout + done.stderr)


def documents(folder: Path) -> list[Template]:
    """All documents of the YAML files of a folder."""
    return [d for path in sorted(folder.glob("*.yaml")) for d in yaml.safe_load_all(path.open())]


def parameters_of(arguments: Template) -> Scope:
    """The parameters that have a value."""
    given = arguments.get("parameters", ())
    return {each["name"]: each["value"] for each in given if "value" in each}


def substituted(template: Any, scope: Scope) -> Any:
    """A template with the values of a scope, put into its JSON as Argo does."""
    return json.loads(_TAG.sub(lambda tag: json.dumps(value_of(tag[1], scope))[1:-1],
                               json.dumps(template, ensure_ascii=False)))  # fmt: skip


def value_of(tag: str, scope: Scope) -> str:
    """What a tag stands for; raises KeyError for what is not known, as Argo fails."""
    expression: str = json.loads(f'"{tag}"')
    if found := _REPLACE.fullmatch(expression):
        name = re.sub(r'\["(.*)"\]', r".\1", found[1])
        return scope[name].replace("$", "$$")
    if found := _JSONPATH.fullmatch(expression):
        return str(json.loads(scope[found[1]])[found[2]])
    return scope[expression]


def holds(expression: str, scope: Scope) -> bool:
    """Whether an expression of comparisons with texts, joined by ``||``, is true."""
    parts = [_COMPARED.fullmatch(each) for each in expression.split(" || ")]
    assert all(parts), f"not an expression that is known here: {expression}"
    return any(part is not None and scope.get(part[1]) == part[2] for part in parts)


def expanded(variables: list[dict[str, str]]) -> dict[str, str]:
    """The variables of a container as Kubernetes makes them: $(NAME) is one before, $$ is $."""
    made: dict[str, str] = {}
    for each in variables:
        made[each["name"]] = _VARIABLE.sub(
            lambda found: "$" if found[0] == "$$" else made.get(found[1], found[0]), each["value"]
        )
    return made


def inside(path: str, mounted: Mapping[str, Path]) -> str:
    """Where a path of a container is on this machine; other texts as they are."""
    for place, folder in mounted.items():
        if path == place or path.startswith(f"{place}/"):
            return f"{folder}{path[len(place) :]}"
    return path


def base_variables() -> dict[str, str]:
    """What programs need of this machine."""
    return {"PATH": os.environ["PATH"]}
