"""Each change of a field that people can write is applied in place by the real API.

The fleet with every option is changed field by field. Each object that stays is put into the API as
it was, and changed there by a dry run of the three-way apply that Argo CD makes by default.
"""

import copy
import json
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import pytest

from lockstep.differences.fields import field_differences
from lockstep.model.errors import LockstepError
from lockstep.spec.assemble import assemble
from lockstep.spec.schema.load import compile_fast, read_schemas
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.load import Documents
from tests.e2e.field_changes import ObjectChange, field_changes, object_changes
from tests.golden.test_golden import HERE, tree_of
from tests.lab import Lab
from tests.lab.kubeconfig import IN_CLUSTER
from tests.lab.specs import without_promotions
from tests.unit.fleets import validate_fleet
from tests.unit.render import rendering
from tests.unit.whole_fleets import render_fleet

NAMESPACE = "field-changes"
SCHEMAS = tree_of(rendering.REPOSITORY / "policies" / "schemas", rendering.REPOSITORY)
# What the API gives an object of its own.
ASSIGNED = {"clusterIP", "clusterIPs"}


@pytest.fixture(scope="module")
def changes() -> list[ObjectChange]:
    """Every kind of change of an object that stays."""
    specs = tree_of(HERE / "clusters", HERE)
    # Each family is rendered with its own environment alone.
    tree = {path: without_promotions(data.decode()).encode() for path, data in specs.items()}
    schemas, documents, templates = Schemas(SCHEMAS), Documents(), rendering.templates()
    validator = cache(compile_fast(read_schemas(SCHEMAS)))

    def fits(value: Any) -> bool:
        kind = value.get("kind")
        return kind in schemas.kinds and validator(schemas.file_of(kind)).is_valid(value)

    def render(files: dict[str, bytes]) -> dict[str, bytes] | None:
        fleet, unreadable = assemble(files, documents)
        if unreadable or validate_fleet(fleet, schemas):
            return None
        rendered, findings = render_fleet(fleet, templates)
        return None if findings else rendered

    found, valid = object_changes(tree, field_changes(tree, fits), render)
    changed = {change.field for change in valid}
    assert {"spec.defaults.serving.ports", "spec.serving.hpa", "spec.hosts"} <= changed
    assert len(valid) > 100
    return found


@pytest.fixture(scope="module")
def namespace(lab: Lab) -> Iterator[str]:
    lab.kubectl("create", "namespace", NAMESPACE, context=IN_CLUSTER)
    yield NAMESPACE
    lab.kubectl("delete", "namespace", NAMESPACE, context=IN_CLUSTER)


def put(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    """The object under another name, so that one of each state is there; without any pods."""
    changed = copy.deepcopy(manifest)
    changed["metadata"] |= {"name": name, "namespace": NAMESPACE}
    changed["metadata"].pop("finalizers", None)
    if changed["kind"] == "Deployment":
        changed["spec"]["paused"] = True
    return changed


def apply(lab: Lab, objects: list[dict[str, Any]], *how: str) -> dict[str, dict[str, Any]]:
    """What the API makes of objects, by name; raises LockstepError where it refuses one."""
    text = lab.kubectl(
        "apply", "--filename=-", "--output=json", *how,
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
        context=IN_CLUSTER,
    )  # fmt: skip
    found = json.loads(text)
    # kubectl makes no list of one.
    return {each["metadata"]["name"]: each for each in found.get("items", [found])}


def test_each_change_of_a_field_arrives_in_place(
    lab: Lab, namespace: str, changes: list[ObjectChange]
) -> None:
    """As it would be if the object were made anew: no merge leaves anything of the old one."""
    kinds = {change.before["kind"] for change in changes}
    assert {"Deployment", "Service", "VirtualService", "ScaledObject", "Application"} <= kinds
    dry = partial(apply, lab)
    apply(lab, [put(each.before, f"m{n}") for n, each in enumerate(changes)])
    after = [each.after for each in changes]
    changed = dry([put(each, f"m{n}") for n, each in enumerate(after)], "--dry-run=server")
    made = dry([put(each, f"n{n}") for n, each in enumerate(after)], "--dry-run=server")
    for n, change in enumerate(changes):
        left = [
            found.path
            for found in field_differences(made[f"n{n}"].get("spec"), changed[f"m{n}"].get("spec"))
            if found.pointer[0] not in ASSIGNED
        ]
        assert not left, f"{change.before['kind']}: {change.why}: {left}"


@pytest.mark.parametrize(
    ("kind", "pointer", "value"),
    [
        ("Deployment", ("spec", "selector", "matchLabels"), {"lockstep.dev/version": "other"}),
        ("Service", ("spec", "ipFamilies"), ["IPv6"]),
    ],
)
def test_what_the_api_refuses_is_what_a_check_knows(
    lab: Lab, namespace: str, changes: list[ObjectChange], kind: str, pointer: Any, value: Any
) -> None:
    """The fields of the finding render.immutable; see tests/unit/check/test_unappliable.py."""
    before = put(next(each.before for each in changes if each.before["kind"] == kind), "refused")
    if kind == "Service":
        before["spec"]["ipFamilies"] = ["IPv4"]
    apply(lab, [before])
    after = copy.deepcopy(before)
    where = after
    for part in pointer[:-1]:
        where = where[part]
    where[pointer[-1]] = value
    if kind == "Deployment":
        after["spec"]["template"]["metadata"]["labels"] |= value
    with pytest.raises(LockstepError, match=r"immutable|may not change|is invalid"):
        apply(lab, [after], "--dry-run=server")
