"""A finding about a rendered object is shown where the value was written, or in the template."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from lockstep.model.document import Pointer, value_at
from lockstep.model.fleet import Fleet
from lockstep.render.targets.kubernetes.target import KUBERNETES
from lockstep.render.trace.template_marks import render_marked
from lockstep.render.trace.trace import Trace
from tests.unit.render import rendering
from tests.unit.render.rendering import fleet_of
from tests.unit.render.tracing import (
    TEXTS,
    Leaf,
    Subject,
    all_trees,
    documents,
    files,
    leaves,
    manifests,
    named,
    subjects,
    traces,
)

NEW_VERSION = "9.9"
GATEWAYS = {"gateways", "optionalGateways"}


def values(fleet: Fleet, subject: Subject) -> dict[Leaf, Any]:
    """Every value of every manifest of a folder; items of lists by name, for they can move."""
    return {
        (name, named(manifest, pointer)): value
        for name, manifest in manifests(fleet, subject).items()
        for pointer, value in leaves(manifest)
    }


def replaced(tree: rendering.Tree, path: str, pointer: Pointer, value: Any) -> rendering.Tree:
    """The tree with another value at a pointer; None removes it."""
    document = yaml.safe_load(tree[path])
    here: Any = document
    for part in pointer[:-1]:
        here = here[part] if type(part) is int else here.setdefault(part, {})
    if value is None:
        del here[pointer[-1]]
    else:
        here[pointer[-1]] = value
    return {**tree, path: rendering.dump(document)}


def renamed(tree: rendering.Tree, old: str, new: str) -> rendering.Tree:
    return {path.replace(f"/{old}/", f"/{new}/"): data for path, data in tree.items()}


def changes(subject: Subject, path: str, pointer: Pointer) -> Iterator[dict[Leaf, Any]]:
    """What the folder holds after the value at a pointer of a file was changed."""
    tree = all_trees()[subject.tree]
    document = yaml.safe_load(tree[path])
    old = value_at(document, pointer)
    news: list[Any] = [old + 7 if isinstance(old, int) else f"{old or ''}x"]
    same = [pointer]
    if pointer[-1] == "region":
        environment = yaml.safe_load(tree[f"clusters/{subject.environment}/environment.yaml"])
        names = [region["name"] for region in environment["spec"]["regions"]]
        news = [name for name in [*names, "moon-1"] if name != old][:1]
    gateway = isinstance(old, str) and GATEWAYS & {*pointer}
    if gateway:  # only their namespace is everywhere that they are
        news = [f"x{old}"]
    if pointer[-1] == "endpoint":  # a policy has only the namespace in it
        news = [old.replace(".svc", "x.svc")]
    if "quotas" in pointer and pointer[-1] in ("cpu", "memory"):
        news = [f"1{old}"]
    if pointer[-1] == "version":
        news = [NEW_VERSION]
        tree = locked(tree, f"clusters/{subject.environment}/{subject.family}", NEW_VERSION)
        same = of_the_same_version(document, pointer)
    for new in news:
        after, changed = subject, tree
        for each in same:
            changed = replaced(changed, path, each, new)
        if pointer == ("metadata", "name") and path != subject.cluster:
            changed = renamed(changed, old, new)
            number, *names = subject
            after = Subject(number, *(str(name).replace(old, new) for name in names))
        yield values(fleet_of(changed), after)
    if (
        pointer[:2] == ("spec", "variants") and pointer[-1] == "weight"
    ):  # that of a single destination is always 100
        for each in of_the_same_version(document, pointer):
            tree = replaced(tree, path, each, 0)
        yield values(fleet_of(tree), subject)

    if gateway:
        for each in of_the_same_namespace(document, pointer):
            tree = replaced(tree, path, each, news[0])
        yield values(fleet_of(tree), subject)


def of_the_same_namespace(document: Any, pointer: Pointer) -> list[Pointer]:
    """A gateway, and the others of its cluster or region that are in the same namespace."""
    namespace = value_at(document, pointer).partition("/")[0]
    return [
        (*pointer[:-2], kind, index)
        for kind in sorted(GATEWAYS)
        for index, each in enumerate(value_at(document, (*pointer[:-2], kind), ()))
        if each.partition("/")[0] == namespace
    ]


def of_the_same_version(document: Any, pointer: Pointer) -> list[Pointer]:
    """A field of a variant, and that field of the others that have the same version."""
    variants = value_at(document, pointer[:-2])
    version = variants[pointer[-2]]["version"]
    return [
        (*pointer[:-2], index, pointer[-1])
        for index, variant in enumerate(variants)
        if variant["version"] == version
    ]


def locked(tree: rendering.Tree, folder: str, version: str) -> rendering.Tree:
    lock = rendering.lock(version, digest="sha256:" + "9" * 64, source="models:/m-9")
    return {**tree, f"{folder}/locks/{version}.yaml": rendering.dump(lock)}


def test_every_component_is_tried_here() -> None:
    tried = {
        component
        for subject in subjects()
        for component, _ in files(fleet_of(all_trees()[subject.tree]), subject)
    }
    assert tried == KUBERNETES.templates().keys()


@pytest.mark.parametrize("subject", subjects(), ids=str)
def test_the_value_at_the_place_is_what_changes_the_manifest(subject: Subject) -> None:
    """The one property that matters: a change of what a finding points at changes the manifest."""
    before = values(fleet_of(all_trees()[subject.tree]), subject)
    after: dict[tuple[str, Pointer], list[dict[Leaf, Any]]] = {}
    for leaf, trace in traces(subject).items():
        if trace.place is None:
            continue
        key = trace.place.document.path, trace.place.pointer
        if key not in after:
            after[key] = list(changes(subject, *key))
        assert any(each.get(leaf) != before[leaf] for each in after[key]), (leaf, key)
    assert len(after) >= (5 if not subject.cluster else 12)


def written_values(subject: Subject) -> Iterator[tuple[str, Pointer]]:
    """Every value that people wrote for a folder, but for roles: those only order the buckets."""
    fleet = fleet_of(all_trees()[subject.tree])
    one, family, environment = documents(fleet, subject)
    for pointer in [
        ("metadata", "name"),
        *(("spec", "argocd", n) for n in environment.spec["argocd"]),
    ]:
        yield environment.document.path, pointer
    if one is None or family is None:
        for pointer in written_of_tenants(environment.spec):
            yield environment.document.path, pointer
        return
    for index in range(len(environment.spec["regions"])):
        yield environment.document.path, ("spec", "regions", index, "destination")
    yield family.document.path, ("metadata", "name")
    yield family.document.path, ("metadata", "tenant")
    for lock in family.locks.values():
        for name in ("digest", "source"):
            yield lock.path, ("spec", "identity", name)
    yield one.path, ("metadata", "name")
    for pointer, value in leaves(one.effective["spec"], ("spec",)):
        if not isinstance(value, bool) and pointer[-1] != "name":
            document, inner = one.origin(pointer)
            yield document.path, inner


def written_of_tenants(spec: Any) -> Iterator[Pointer]:
    """What an environment says of its tenants, and of the network of all of them."""
    for index, tenant in enumerate(spec.get("tenants", ())):
        here = ("spec", "tenants", index)
        yield (*here, "name")
        for part in ("namespaces", "callers"):
            yield from ((*here, part, number) for number, _ in enumerate(tenant.get(part, ())))
        for pointer, _ in leaves(tenant.get("quotas", []), (*here, "quotas")):
            if pointer[-1] not in ("region", "namespace", "quotas"):
                yield pointer
    for name, part in spec.get("network", {}).items():
        if name not in ("authorization", "featureWriters"):
            yield from (pointer for pointer, _ in leaves(part, ("spec", "network", name)))
    yield from (("spec", name) for name in ("podSecurity", "kubernetesVersion") if name in spec)


def shown(trace: Trace) -> set[tuple[str, int, int]]:
    finding = trace.finding("", "", "")
    places = {(other.file, other.line, other.column) for other in trace.related}
    return places | {(finding.file, finding.line, finding.column)}


@pytest.mark.parametrize("subject", subjects(), ids=str)
def test_each_value_that_changes_a_manifest_is_shown_for_what_it_changes(subject: Subject) -> None:
    """So a value that is traced to the template for want of an origin was not written by people."""
    fleet = fleet_of(all_trees()[subject.tree])
    before = values(fleet, subject)
    one, family, environment = documents(fleet, subject)
    known = [environment.document]
    if one and family:
        known += [family.document, one.document, *family.locks.values()]
    by_path = {document.path: document for document in known}
    for path, pointer in written_values(subject):
        here = by_path[path].locate(pointer)
        after = next(changes(subject, path, pointer))
        kept = {name for name, _ in after}
        for leaf, value in before.items():
            if leaf[0] in kept and leaf in after and after[leaf] != value:
                assert here in shown(traces(subject)[leaf]), (leaf, path, pointer)


@pytest.mark.parametrize("subject", subjects(), ids=str)
def test_what_people_did_not_write_is_shown_in_the_template(subject: Subject) -> None:
    lines = {path: text.split("\n") for path, text in TEXTS.sources.values()}
    values_of = values(fleet_of(all_trees()[subject.tree]), subject)
    for leaf, trace in traces(subject).items():
        where = trace.template
        assert where is not None
        text = lines[where.file][where.line - 1][where.column - 1 :]
        if trace.place is None:
            plain = str(values_of[leaf]).lower() if values_of[leaf] is not None else ""
            found = text.lower().strip('"')
            assert found.startswith(("{{", plain or "drop")) or values_of[leaf] in ({}, [], ""), (
                leaf
            )
        else:
            assert text.startswith("{{")


@pytest.mark.parametrize("subject", subjects(), ids=str)
def test_the_marks_change_no_byte(subject: Subject) -> None:
    for component, file in files(fleet_of(all_trees()[subject.tree]), subject):
        path, source = TEXTS.sources[component]
        text = render_marked(path, source, file.context).text
        assert text == TEXTS.write(component, file.context)
