"""Writes ``examples/pipelines``: what ``lockstep init --pipeline`` writes for the reference fleet.

python -m tests.pipelines.examples
"""

from pathlib import Path

from lockstep.edges.files import read_tree, write_changes
from lockstep.scaffold.requests import PIPELINES
from lockstep.transactions.pipelines import files_of_pipelines

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
FAMILY = "prod/fraud-detection"
COMPILED = "pipelines/kubeflow/pipeline.yaml"
"""What kfp makes of an example (see test_kubeflow.py), and no template."""


def wanted() -> dict[str, bytes]:
    """The files below ``examples/`` by their paths there."""
    return files_of_pipelines(ROOT, PIPELINES, FAMILY, None)


def found() -> dict[str, bytes]:
    """The files that are there."""
    return {
        path: data
        for path, data in read_tree(EXAMPLES, ("pipelines",)).items()
        if "/__pycache__/" not in path and path != COMPILED
    }


def write() -> None:
    """Write them, and remove those that no template makes any more."""
    stale = dict.fromkeys(found().keys() - wanted().keys())
    write_changes(EXAMPLES, {**stale, **wanted()})


if __name__ == "__main__":
    write()
