"""The example fleet with edited templates, and what is found in it.

All in one process and with one policy set: ``lockstep render`` and ``lockstep check`` find the
same.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lockstep.check.compiled import policies_of
from lockstep.check.pipeline import CheckInput, run_pipeline
from lockstep.check.policy_sets import PolicySet, open_policy_set
from lockstep.model.fleet import Tree
from lockstep.policy.examples import NOW, example_fleet

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = "clusters/prod/environment.yaml"
FAMILY = "clusters/prod/scoring/family.yaml"
CLUSTER = "clusters/prod/scoring/eu-west-1.yaml"

POD = "      automountServiceAccountToken: false\n"
CONTAINERS = "      containers:\n"
INIT = "      initContainers:\n"
SECURITY = "            allowPrivilegeEscalation: false\n"
VOLUME = "          emptyDir: {}\n"
DIGEST = "sha256:" + "a" * 64
HELPER = f"""\
        - name: proxy
          image: "registry.example.com/ml/proxy@{DIGEST}"
          resources:
            requests:
              cpu: "50m"
              memory: "64Mi"
            limits:
              cpu: "50m"
              memory: "64Mi"
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
"""

WITH_AUTOSCALER = ("      zones: 3\n", "      zones: 3\n      hpa: {maxReplicas: 6, cpu: 70}\n")

Found = dict[str, set[str]]
"""The files in which each rule has found something."""

Edits = dict[str, list[tuple[str, str]]]
"""What is replaced once in each file, as (old, new)."""


def edited(tree: Tree, edits: Edits) -> Tree:
    """The tree after these edits."""
    after = dict(tree)
    for path, pairs in edits.items():
        text = after[path].decode()
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new, 1)
        after[path] = text.encode()
    return after


@dataclass(frozen=True)
class ExampleFleet:
    """The example fleet with the rules, schemas and templates that ship with Lockstep."""

    tree: Tree
    policy_sets: list[PolicySet]

    def found(self, edits: Edits) -> Found:
        """What is found after these edits."""
        after = edited(self.tree, edits)
        checked = run_pipeline(self.policy_sets, CheckInput(after, self.tree, NOW)).checked
        rules: Found = {}
        for finding in (*checked.invalid, *checked.denied):
            # The example fleet has no rendered/.
            if finding.rule != "render.missing":
                rules.setdefault(finding.rule, set()).add(finding.file)
        return rules


@contextmanager
def open_example_fleet(edits: Edits | None = None) -> Iterator[ExampleFleet]:
    """The example fleet with these edits, and an engine for its rules."""
    files = {
        path.relative_to(REPOSITORY).as_posix(): path.read_bytes()
        for folder in ("policies", "templates")
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file()
    }
    tree = edited({**files, **example_fleet(files)}, edits or {})
    with ExitStack() as stack:
        yield ExampleFleet(tree, [open_policy_set(stack, policies_of(tree))])


def template(component: str) -> str:
    """The path of the component's template."""
    return f"templates/{component}/{component}.yaml.j2"
