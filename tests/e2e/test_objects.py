"""Every object that Lockstep renders is one that the API takes, unknown fields and all.

Dry runs of the server: its schemas, those of the CustomResourceDefinitions, defaulting and
admission, which no copy of the schemas has. Nothing is created but namespaces.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lockstep.model.errors import LockstepError
from tests.lab import Lab
from tests.lab.kubeconfig import IN_CLUSTER

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = REPOSITORY / "rendered"
EVERY_OPTION = REPOSITORY / "tests" / "golden" / "rendered"
SERVER_SIDE = ("--server-side", "--dry-run=server", "--validate=strict")
# What Argo CD does by default: a three-way merge of what it applied before, git and live.
CLIENT_SIDE = ("--dry-run=server", "--validate=strict")


def objects_of(folder: Path) -> list[Any]:
    """Every object below a folder, in order of paths."""
    paths = sorted(folder.rglob("*.yaml"))
    return [each for path in paths for each in yaml.safe_load_all(path.read_text())]


def named(each: Any) -> str:
    """What kubectl calls an object: kind and name."""
    group = each["apiVersion"].rpartition("/")[0]
    kind = each["kind"].lower() + (f".{group}" if group else "")
    return f"{kind}/{each['metadata']['name']}"


def namespaces_of(objects: list[Any]) -> list[str]:
    inside = [each["metadata"] for each in objects if each["kind"] != "Namespace"]
    return sorted({meta["namespace"] for meta in inside})


@pytest.fixture(scope="module", autouse=True)
def _namespaces(lab: Lab) -> Iterator[None]:
    """The namespaces of both fleets, which Argo CD would make; those that it made are left."""
    there = lab.kubectl("get", "namespaces", "--output=name", context=IN_CLUSTER).split()
    wanted = namespaces_of(objects_of(REFERENCE) + objects_of(EVERY_OPTION))
    new = [name for name in wanted if f"namespace/{name}" not in there]
    for name in new:
        lab.kubectl("create", "namespace", name, context=IN_CLUSTER)
    yield
    if new:
        lab.kubectl("delete", "namespaces", *new, context=IN_CLUSTER)


def apply(lab: Lab, objects: list[Any], *how: str) -> list[str]:
    """What kubectl says when it applies objects: a line for each, and its warnings."""
    text = yaml.safe_dump_all(objects)
    return lab.kubectl("apply", "--filename=-", *how, input=text, context=IN_CLUSTER).splitlines()


@pytest.mark.parametrize("how", [SERVER_SIDE, CLIENT_SIDE], ids=["server-side", "client-side"])
@pytest.mark.parametrize("folder", [REFERENCE, EVERY_OPTION], ids=["reference", "every option"])
def test_the_api_takes_every_object(lab: Lab, folder: Path, how: tuple[str, ...]) -> None:
    objects = objects_of(folder)
    assert len(objects) > 100
    done = [line.partition(" ")[0] for line in apply(lab, objects, *how) if "dry run" in line]
    assert sorted(done) == sorted(map(named, objects))


def test_the_api_refuses_a_field_that_it_does_not_know_in_each_kind(lab: Lab) -> None:
    kinds = {each["kind"]: each for each in objects_of(EVERY_OPTION)}
    assert len(kinds) > 10
    for each in kinds.values():
        each.get("spec", each)["mistake"] = True
    with pytest.raises(LockstepError) as refused:
        apply(lab, list(kinds.values()), *SERVER_SIDE)
    text = str(refused.value)
    missed = [kind for kind in kinds if f"Kind={kind}): " not in text]
    assert missed == [] and text.count("mistake: field not declared") == len(kinds)
