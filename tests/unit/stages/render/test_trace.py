"""A finding about a rendered object is shown where its author wrote the value, or the template."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.document import Pointer, to_json_pointer, value_at
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster, Environment, Family, Fleet
from lockstep.stages.render import Templates, render_cluster, render_fleet
from lockstep.stages.render.authors import Authors
from lockstep.stages.render.fields import Unrenderable
from lockstep.stages.render.inputs import view_cluster, view_environment
from lockstep.stages.render.manifests import CLUSTER_COMPONENTS, ENVIRONMENT_COMPONENTS
from lockstep.stages.render.marks import mark
from lockstep.stages.render.parse import parse_manifest
from lockstep.stages.render.trace import Part, Trace, Tracer
from lockstep.stages.render.trace_object import trace_object
from tests.unit.stages.render import rendering
from tests.unit.stages.render.rendering import cluster, fleet_of, tree_of

GOLDEN = rendering.REPOSITORY / "tests" / "golden"
TEXTS = rendering.templates().texts
NEW_VERSION = "9.9"
Leaf = tuple[str, Pointer]
"""A file of a folder and the pointer of a value in it."""


def leaves(value: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from leaves(item, (*pointer, key))
    else:
        yield pointer, value


def with_everything() -> dict[str, Any]:
    """A cluster that uses every field and every condition of the templates."""
    variants = [
        {"name": "stable", "version": "41", "weight": 60},
        {"name": "arm", "version": "41", "weight": 10, "experiment": True},
        {"name": "candidate", "version": "42", "weight": 30},
    ]
    traffic = {
        "bucketHeader": "x-user",
        "timeout": "2s",
        "retries": {"attempts": 2, "perTryTimeout": "1s"},
        "circuitBreaker": {"consecutiveErrors": 7, "ejectFor": "45s"},
    }
    whole = cluster(variants=variants, traffic=traffic, failover="us-east-1")
    whole["spec"]["serving"]["health"] = "/healthy"
    return whole


@cache
def all_trees() -> tuple[rendering.Tree, ...]:
    """The golden fleet, and one cluster with everything."""
    golden = {
        path.relative_to(GOLDEN).as_posix(): path.read_bytes()
        for path in sorted((GOLDEN / "clusters").rglob("*.yaml"))
    }
    return golden, tree_of(with_everything())


class Subject(NamedTuple):
    """A folder that is rendered: of a cluster, or of an environment."""

    tree: int
    environment: str
    family: str = ""
    cluster: str = ""


def subjects() -> list[Subject]:
    found = []
    for number, tree in enumerate(all_trees()):
        fleet = fleet_of(tree)
        found += [Subject(number, name) for name in fleet.environments]
        found += [Subject(number, c.environment, c.family, c.path) for c in fleet.clusters()]
    return found


def documents(fleet: Fleet, subject: Subject) -> tuple[Cluster | None, Family | None, Environment]:
    environment = fleet.environments[subject.environment]
    if not subject.family:
        return None, None, environment
    family = environment.families[subject.family]
    return next(c for c in family.clusters if c.path == subject.cluster), family, environment


def parts(fleet: Fleet, subject: Subject) -> dict[str, Part]:
    """The files of a folder by name; without those of a spec that cannot be rendered."""
    one, family, environment = documents(fleet, subject)
    try:
        if one is None or family is None:
            whole = view_environment(environment)
            return {
                name: Part.of(component, whole, name, context)
                for component in ENVIRONMENT_COMPONENTS
                for name, context in component.parts(whole)
            }
        view = view_cluster(one, family, environment)
    except Unrenderable:
        return {}
    return {
        name: Part.of(component, view, name, context)
        for component in CLUSTER_COMPONENTS
        for name, context in component.parts(view)
    }


def manifests(fleet: Fleet, subject: Subject) -> dict[str, Any]:
    return {
        name: parse_manifest(TEXTS.write(part.component, part.context))
        for name, part in parts(fleet, subject).items()
    }


def values(fleet: Fleet, subject: Subject) -> dict[Leaf, Any]:
    """Every value of every manifest of a folder; items of lists by name, for they can move."""
    return {
        (name, named(manifest, pointer)): value
        for name, manifest in manifests(fleet, subject).items()
        for pointer, value in leaves(manifest)
    }


def named(manifest: Any, pointer: Pointer) -> Pointer:
    found = []
    for length, part in enumerate(pointer, 1):
        item = value_at(manifest, pointer[:length])
        subset = value_at(item, ("destination", "subset"))
        found.append(value_at(item, ("name",)) or subset or part if type(part) is int else part)
    return tuple(found)


@cache
def traces(subject: Subject) -> dict[Leaf, Trace]:
    fleet = fleet_of(all_trees()[subject.tree])
    one, family, environment = documents(fleet, subject)
    authors = Authors(environment, family, one)
    written = parts(fleet, subject)
    tracers = {name: Tracer(part, TEXTS, authors) for name, part in written.items()}
    return {
        (name, named(manifest, pointer)): tracers[name].at(pointer)
        for name, manifest in manifests(fleet, subject).items()
        for pointer, _ in leaves(manifest)
    }


def replaced(tree: rendering.Tree, path: str, pointer: Pointer, value: Any) -> rendering.Tree:
    """The tree with one value written elsewise; None removes it."""
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
    """What the folder holds after the value at a pointer of a file became another one."""
    tree = all_trees()[subject.tree]
    document = yaml.safe_load(tree[path])
    old = value_at(document, pointer)
    news: list[Any] = [old + 7 if isinstance(old, int) else f"{old or ''}x"]
    same = [pointer]
    if pointer[-1] == "failover":
        news.append(None)  # brings a circuit breaker, whatever it names
    if pointer[-1] == "region":
        environment = yaml.safe_load(tree[f"clusters/{subject.environment}/environment.yaml"])
        names = [region["name"] for region in environment["spec"]["regions"]]
        news = [name for name in [*names, "moon-1"] if name != old][:1]
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
    if pointer[-1] == "weight":  # that of a single destination is always 100
        for each in of_the_same_version(document, pointer):
            tree = replaced(tree, path, each, 0)
        yield values(fleet_of(tree), subject)


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
        part.component
        for subject in subjects()
        for part in parts(fleet_of(all_trees()[subject.tree]), subject).values()
    }
    assert tried == {c.name for c in CLUSTER_COMPONENTS} | {c.name for c in ENVIRONMENT_COMPONENTS}


@pytest.mark.parametrize("subject", subjects(), ids=str)
def test_the_value_at_the_place_is_what_changes_the_manifest(subject: Subject) -> None:
    """The one property that matters: whoever changes what a finding points at changes it."""
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


def shown(trace: Trace) -> set[tuple[str, int, int]]:
    finding = trace.finding("", "", "")
    places = {(other.file, other.line, other.column) for other in trace.related}
    return places | {(finding.file, finding.line, finding.column)}


@pytest.mark.parametrize("subject", subjects(), ids=str)
def test_whatever_changes_a_manifest_is_shown_for_what_it_changes(subject: Subject) -> None:
    """So a value without an origin, which is traced to the template, is one that nobody wrote."""
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
def test_what_nobody_wrote_is_shown_in_the_template(subject: Subject) -> None:
    lines = {path: text.split("\n") for path, text in TEXTS.sources.values()}
    values_of = values(fleet_of(all_trees()[subject.tree]), subject)
    for leaf, trace in traces(subject).items():
        where = trace.template
        assert where is not None
        text = lines[where.file][where.line - 1][where.column - 1 :]
        if trace.place is None:
            plain = str(values_of[leaf]).lower() if values_of[leaf] is not None else ""
            found = text.lower().strip('"')
            assert found.startswith(("{{", plain or "drop")) or values_of[leaf] in ({}, []), leaf
        else:
            assert text.startswith("{{")


@pytest.mark.parametrize("subject", subjects(), ids=str)
def test_the_marks_change_no_byte(subject: Subject) -> None:
    for part in parts(fleet_of(all_trees()[subject.tree]), subject).values():
        path, source = TEXTS.sources[part.component]
        assert mark(path, source, part.context).text == TEXTS.write(part.component, part.context)


def trace_of(
    spec: dict[str, Any], kind: str, name: str, pointer: str, **more: Any
) -> tuple[Trace, rendering.Tree]:
    tree = {**tree_of(spec), **more.get("files", {})}
    environment, family = rendering.only_family(fleet_of(tree))
    templates = more.get("templates") or rendering.templates()
    one = family.clusters[0]
    return trace_object(one, family, environment, templates, kind, name, pointer), tree


def place(trace: Trace) -> tuple[str, str]:
    finding = trace.finding("", "", "")
    return finding.file.rsplit("/", 1)[-1], finding.pointer


CONTAINER = "/spec/template/spec/containers/0"


@pytest.mark.parametrize(
    ("kind", "name", "pointer", "file", "written"),
    [
        ("Deployment", "-v41", "/spec/replicas", "c0.yaml", "/spec/serving/replicas"),
        ("Deployment", "-v41", f"{CONTAINER}/image", "c0.yaml", "/spec/serving/image"),
        ("Deployment", "-v41", f"{CONTAINER}/resources/limits/cpu", "c0.yaml",
         "/spec/serving/resources/limits/cpu"),
        ("Deployment", "-v42", f"{CONTAINER}/env/1/value", "42.yaml", "/spec/identity/digest"),
        ("Deployment", "-v42", f"{CONTAINER}/env/2/value", "c0.yaml", "/spec/variants/2/version"),
        ("Deployment", "-v41", "/metadata/labels/lockstep.dev~1tenant", "family.yaml",
         "/metadata/tenant"),
        ("Deployment", "-v41", "/metadata/namespace", "c0.yaml", "/spec/namespace"),
        ("VirtualService", "", "/spec/hosts/0", "c0.yaml", "/spec/host"),
        ("VirtualService", "", "/spec/hosts/1", "c0.yaml", "/metadata/name"),
        ("VirtualService", "", "/spec/http/2/route/1/weight", "c0.yaml",
         "/spec/variants/2/weight"),
        ("VirtualService", "", "/spec/http/0/match/0/headers/x-user/regex", "c0.yaml",
         "/spec/variants/0/weight"),
        ("VirtualService", "", "/spec/http/1/retries/attempts", "c0.yaml",
         "/spec/traffic/retries/attempts"),
        ("DestinationRule", "", "/spec/trafficPolicy/outlierDetection/baseEjectionTime",
         "c0.yaml", "/spec/traffic/circuitBreaker/ejectFor"),
        ("Application", "", "/spec/destination/name", "environment.yaml",
         "/spec/regions/0/destination"),
        ("Application", "", "/spec/source/repoURL", "environment.yaml", "/spec/argocd/repoURL"),
    ],
)  # fmt: skip
def test_a_value_is_found_where_it_was_written(
    kind: str, name: str, pointer: str, file: str, written: str
) -> None:
    prefix = "prod-" if kind == "Application" else ""
    trace, tree = trace_of(with_everything(), kind, f"{prefix}fraud-eu{name}", pointer)
    assert place(trace) == (file, written)
    finding = trace.finding("", "", "")
    line = tree[finding.file].decode().split("\n")[finding.line - 1]
    last = written.rsplit("/", 1)[1]
    assert line.strip().startswith((f"{last}:", f"- {last}:"))
    assert line[finding.column - 2] == " "


def test_several_values_that_make_one_are_all_shown() -> None:
    pointer = "/spec/http/2/route/0/weight"
    trace, tree = trace_of(with_everything(), "VirtualService", "fraud-eu", pointer)
    assert place(trace)[1] == "/spec/variants/0/weight"
    (other,) = trace.related
    line = tree[other.file].decode().split("\n")[other.line - 1]
    assert (line.strip(), other.note) == (
        "weight: 10",
        "spec.variants[1].weight has to do with it too",
    )


def with_defaults() -> tuple[dict[str, Any], rendering.Tree]:
    """A cluster that takes its serving from the family, but for the replicas."""
    one = cluster()
    family: dict[str, Any] = deepcopy(rendering.FAMILY)
    family["spec"]["defaults"] = {"serving": {**one["spec"]["serving"], "port": 9000}}
    one["spec"]["serving"] = {"replicas": 5}
    return one, {"clusters/prod/fraud/family.yaml": rendering.dump(family)}


def test_a_default_is_found_in_the_family_and_names_the_cluster_that_takes_it() -> None:
    one, files = with_defaults()
    pointer = f"{CONTAINER}/ports/0/containerPort"
    trace, tree = trace_of(one, "Deployment", "fraud-eu-v41", pointer, files=files)
    assert place(trace) == ("family.yaml", "/spec/defaults/serving/port")
    finding = trace.finding("", "", "")
    assert tree[finding.file].decode().split("\n")[finding.line - 1].strip() == "port: 9000"
    assert [(r.file, r.note) for r in finding.related] == [
        ("clusters/prod/fraud/c0.yaml", "takes this default")
    ]
    own, _ = trace_of(one, "Deployment", "fraud-eu-v41", "/spec/replicas", files=files)
    assert place(own) == ("c0.yaml", "/spec/serving/replicas")


def test_a_value_that_nobody_wrote_is_found_where_it_would_stand() -> None:
    pointer = f"{CONTAINER}/readinessProbe/httpGet/path"
    trace, tree = trace_of(cluster(), "Deployment", "fraud-eu-v41", pointer)
    finding = trace.finding("", "", "")
    assert finding.pointer == "/spec/serving/health"
    assert tree[finding.file].decode().split("\n")[finding.line - 2].strip() == "serving:"


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("/spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem",
         "readOnlyRootFilesystem: true"),
        ("/spec/template/spec/securityContext", "securityContext:"),
        ("/spec/template/spec/containers/0/securityContext/capabilities/drop", "drop: [ALL]"),
        ("/spec/template/spec/containers/0/env/0/name", "- name: {{ key | quote }}"),
        ("/spec/template/spec/volumes/0/emptyDir", "emptyDir: {}"),
        ("/metadata/labels", "labels:"),
        ("/spec/template/spec/hostNetwork", "spec:"),
        ("", "apiVersion: apps/v1"),
        ("/kind", "kind: Deployment"),
    ],
)  # fmt: skip
def test_what_the_template_says_is_found_at_its_line(pointer: str, line: str) -> None:
    trace, _ = trace_of(cluster(), "Deployment", "fraud-eu-v41", pointer)
    finding = trace.finding("", "", "")
    path, source = TEXTS.sources["deployment"]
    assert (finding.file, finding.pointer) == (path, "")
    assert source.split("\n")[finding.line - 1].strip() == line
    assert trace.cure == f"mend line {finding.line} of {path}"


def test_a_mapping_whose_values_are_one_thing_of_the_spec_is_found_there() -> None:
    pointer = f"{CONTAINER}/resources"
    trace, _ = trace_of(cluster(), "Deployment", "fraud-eu-v41", pointer)
    assert place(trace) == ("c0.yaml", "/spec/serving/resources")
    trace, _ = trace_of(cluster(), "Deployment", "fraud-eu-v41", f"{pointer}/limits")
    assert place(trace) == ("c0.yaml", "/spec/serving/resources/limits")


@pytest.mark.parametrize(
    ("kind", "pointer", "line"),
    [
        ("VirtualService", "/spec/http/2/route/0/destination", "- destination:"),
        (
            "DestinationRule",
            "/spec/trafficPolicy/loadBalancer/localityLbSetting/failover/0",
            "- from: {{ policy.region | quote }}",
        ),
    ],
)
def test_a_mapping_of_values_that_share_nothing_is_found_in_the_template(
    kind: str, pointer: str, line: str
) -> None:
    trace, _ = trace_of(with_everything(), kind, "fraud-eu", pointer)
    finding = trace.finding("", "", "")
    _, source = TEXTS.sources[kind.lower()]
    assert finding.pointer == ""
    assert source.split("\n")[finding.line - 1].strip() == line


def test_what_a_lock_says_names_the_variant_that_chose_the_version() -> None:
    pointer = f"{CONTAINER}/env/1/value"
    trace, tree = trace_of(with_everything(), "Deployment", "fraud-eu-v42", pointer)
    (other,) = trace.related
    assert tree[other.file].decode().split("\n")[other.line - 1].strip() == "version: '42'"


def test_objects_of_one_name_are_told_apart_by_kind() -> None:
    trace, _ = trace_of(cluster(), "Service", "fraud-eu", "/spec/type")
    assert place(trace) == ("service.yaml.j2", "")


@pytest.mark.parametrize(
    "pointer",
    ["/spec/serving/none", "/spec/replicas/deeper/0", "no pointer", "/" * 3000, "/spec/~", "//0",
     "/spec/template/spec/containers/7/image", "/spec/template/spec/containers/" + "9" * 9000],
)  # fmt: skip
def test_a_pointer_that_leads_nowhere_is_no_error(pointer: str) -> None:
    trace, tree = trace_of(cluster(), "Deployment", "fraud-eu-v41", pointer)
    finding = trace.finding("", "", "")
    assert finding.file in {**tree, **rendering.resources()}
    nearest = "/spec/serving/replicas" if pointer.startswith("/spec/replicas") else ""
    assert finding.pointer == nearest


@given(st.lists(st.sampled_from(["spec", "metadata", "http", "route", "labels"]) | st.integers()))
def test_no_pointer_at_all_makes_it_fail(pointer: list[str | int]) -> None:
    subject = next(s for s in subjects() if s.tree == 1 and s.cluster)
    fleet = fleet_of(all_trees()[1])
    one, family, environment = documents(fleet, subject)
    tracer = Tracer(
        parts(fleet, subject)["virtualservice.yaml"], TEXTS, Authors(environment, family, one)
    )
    assert tracer.at(tuple(pointer)).finding("", "", "").line >= 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Deployment", "fraud-eu-v40"),
        ("Secret", "fraud-eu"),
        ("Deployment", "fraud-eu"),
        ("", ""),
        ("a", "b"),
    ],
)
def test_an_object_that_nobody_writes_is_the_whole_spec(kind: str, name: str) -> None:
    trace, _ = trace_of(cluster(), kind, name, "/spec")
    assert place(trace) == ("c0.yaml", "/spec")


def test_a_cluster_that_cannot_be_rendered_is_the_whole_spec() -> None:
    trace, _ = trace_of(cluster(host=None), "VirtualService", "fraud-eu", "/spec/hosts/0")
    assert place(trace) == ("c0.yaml", "/spec")


def test_an_object_of_the_environment_is_found_in_its_file() -> None:
    environment, _ = rendering.only_family(fleet_of(tree_of(cluster())))
    templates = rendering.templates()
    for pointer, written in [
        ("/spec/source/repoURL", "/spec/argocd/repoURL"),
        ("/metadata/name", "/metadata/name"),
        ("/spec/source/directory/recurse", ""),
    ]:
        trace = trace_object(
            None, None, environment, templates, "Application", "lockstep-prod", pointer
        )
        assert trace.finding("", "", "").pointer == written


def changed(component: str, old: str, new: str) -> Templates:
    tree = rendering.resources()
    path = f"templates/{component}/{component}.yaml.j2"
    assert old.encode() in tree[path]
    return Templates(
        {**tree, path: tree[path].replace(old.encode(), new.encode(), 1)}, read_kubernetes_schema
    )


def findings_of(spec: dict[str, Any], templates: Templates) -> tuple[Finding, ...]:
    environment, family = rendering.only_family(fleet_of(tree_of(spec)))
    return render_cluster(family.clusters[0], family, environment, templates).findings


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("{# All", "{# All\n   of #}{# the", "protocol: no"),
        ("spec:\n", "{% if name %}\nspec:\n{% endif %}\n", "protocol: no"),
        ("{% endfor %}", "{%- endfor %}", "{{ key | quote }}: {{ value | quote }}"),
    ],
)
def test_a_line_that_is_no_yaml_is_found_in_the_template(old: str, new: str, text: str) -> None:
    tree = rendering.resources()
    path = "templates/service/service.yaml.j2"
    source = tree[path].decode().replace("protocol: TCP", "protocol: no").replace(old, new, 1)
    templates = Templates({**tree, path: source.encode()}, read_kubernetes_schema)
    found = [f for f in findings_of(cluster(), templates) if f.rule == "render.yaml"]
    assert [source.split("\n")[f.line - 1].strip() for f in found] == [text]
    assert {f.file for f in found} == {path}


def test_a_value_that_makes_no_yaml_is_found_in_the_spec() -> None:
    one = cluster()
    one["spec"]["serving"]["resources"]["limits"] = {"cpu": "1", "nan": "2"}
    (finding,) = findings_of(one, rendering.templates())
    assert (finding.rule, finding.file) == ("render.yaml", "clusters/prod/fraud/c0.yaml")
    assert finding.pointer == "/spec/serving/resources/limits/nan"
    assert "templates/deployment/deployment.yaml.j2" in finding.fix


def test_a_line_that_the_template_spoils_is_not_blamed_on_its_key() -> None:
    old = "limits %}\n              {{ key | quote }}: {{"
    templates = changed("deployment", old, old.replace(": {{", ": no {{"))
    (finding,) = findings_of(cluster(), templates)
    path, source = templates.texts.sources["deployment"]
    assert (finding.rule, finding.file) == ("render.yaml", path)
    assert "}}: no {{" in source.split("\n")[finding.line - 1]


def test_a_kind_without_schema_is_found_at_the_kind() -> None:
    templates = changed("service", "kind: Service", "kind: Servant")
    (finding,) = findings_of(cluster(), templates)
    path, source = templates.texts.sources["service"]
    assert finding.file == path
    assert source.split("\n")[finding.line - 1] == "kind: Servant"


def test_a_key_that_stands_twice_is_found_at_the_second() -> None:
    templates = changed("service", "type: ClusterIP", "type: a\n  type: b")
    (finding,) = findings_of(cluster(), templates)
    path, source = templates.texts.sources["service"]
    assert (finding.rule, finding.file) == ("render.yaml", path)
    assert source.split("\n")[finding.line - 1].strip() == "type: b"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [("  replicas:", "  replica:", 3), ("          resources:", "          resourcez:", 11)],
)
def test_a_field_that_the_schema_does_not_know_is_the_templates(
    old: str, new: str, column: int
) -> None:
    templates = changed("deployment", old, new)
    (unknown,) = findings_of(cluster(), templates)
    path, source = templates.texts.sources["deployment"]
    line = source.split(new)[0].count("\n") + 1
    assert (unknown.file, unknown.line, unknown.column) == (path, line, column)
    assert unknown.fix == f"mend line {line} of {path}"
    assert repr(new.strip(" :")) in unknown.message


def test_a_misspelt_field_that_is_required_is_found_once_with_what_was_meant() -> None:
    templates = changed("deployment", "      containers:", "      containerz:")
    (finding,) = findings_of(cluster(), templates)
    source = templates.texts.sources["deployment"][1]
    assert source.split("\n")[finding.line - 1] == "      containerz:"
    assert finding.message.endswith("('containerz' was unexpected); did you mean 'containers'?")


def fleet_findings(templates: Templates) -> list[Finding]:
    """What is found in two clusters of two versions each."""
    one = cluster(variants=[
        {"name": "stable", "version": "41", "weight": 90},
        {"name": "candidate", "version": "42", "weight": 10},
    ])  # fmt: skip
    other = deepcopy(one)
    other["metadata"]["name"] = "fraud-us"
    other["spec"]["host"] = "fraud-us.models.example.com"
    return render_fleet(fleet_of(tree_of(one, other)), templates)[1]


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        ("revisionHistoryLimit: 2", "revisionHistoryLimit: x", "render.manifest", '"x" is not of'),
        ("revisionHistoryLimit: 2", "revisionHistoryLimit: 2.5", "render.yaml", ": 2.5'"),
        ("image: {{ image", "image: {{ port | quote }}{{ image", "render.yaml", '"x""x"'),
        ("image: {{ image", "image: {{ missing", "render.template", "'missing' is undefined"),
        ("{{ value | quote }}", "{{ value | quote }} #\x1b", "render.yaml", "no plain YAML"),
        ("kind: Deployment", "kind: Deploy", "render.manifest", "no schema for apps/v1 Deploy"),
        (" value: {{ value", " value: {{ port", "render.manifest", "env/*"),
        ("revisionHistoryLimit: 2", "revisionHistoryLimit: {{ name.upper() | quote }}",
         "render.manifest", "this value is not of types"),
    ],
)  # fmt: skip
def test_one_mistake_of_a_template_is_one_finding_for_all_that_it_writes(
    old: str, new: str, rule: str, message: str
) -> None:
    templates = changed("deployment", old, new)
    path, source = templates.texts.sources["deployment"]
    (finding,) = fleet_findings(templates)
    assert (finding.file, finding.rule) == (path, rule)
    assert finding.line == source.split(new)[0].count("\n") + 1
    assert message in finding.message


def test_a_value_of_a_wrong_type_is_the_templates_and_the_value_is_named() -> None:
    templates = changed("deployment", "automountServiceAccountToken: false",
                        "automountServiceAccountToken: {{ image | quote }}")  # fmt: skip
    (finding,) = fleet_findings(templates)
    assert finding.file == "templates/deployment/deployment.yaml.j2"
    assert {(r.file, r.note) for r in finding.related} == {
        (f"clusters/prod/fraud/c{n}.yaml", "spec.serving.image is what it writes") for n in (0, 1)
    }


@pytest.mark.parametrize(
    ("component", "old", "line"),
    [
        ("destinationrule", "  host: {{ host | quote }}\n", "spec:"),
        ("virtualservice", "        attempts: {{ retries.attempts | quote }}\n", "      retries:"),
    ],
)
def test_a_field_that_the_template_does_not_write_is_the_templates(
    component: str, old: str, line: str
) -> None:
    one = cluster(traffic={"retries": {"attempts": 2, "perTryTimeout": "1s"}})
    templates = changed(component, old, "")
    path, source = templates.texts.sources[component]
    findings = findings_of(one, templates)
    assert {(f.file, source.split("\n")[f.line - 1]) for f in findings} == {(path, line)}
    assert len(findings) == 1


def test_what_a_template_computes_is_shown_with_the_cluster_that_it_was_for() -> None:
    templates = changed("deployment", "revisionHistoryLimit: 2",
                        "revisionHistoryLimit: {{ name.upper() | quote }}")  # fmt: skip
    (finding,) = fleet_findings(templates)
    notes = {r.note for r in finding.related if r.file == "clusters/prod/fraud/c1.yaml"}
    assert notes == {f'here it writes "FRAUD-US-V{version}"' for version in (41, 42)}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "/metadata/name: an object without a name"),
        ("  name: A_b\n", '/metadata/name: "A_b" is no name that Kubernetes takes'),
        ("  name: {{ (namespace ~ '/') | quote }}\n", "is no name that Kubernetes takes"),
        ("  name: {{ ('n' ~ name * 99) | quote }}\n", "this value is no name that Kubernetes"),
    ],
)
def test_an_object_has_a_name_that_kubernetes_takes(name: str, says: str) -> None:
    templates = changed("service", "  name: {{ name | quote }}\n", name)
    findings = fleet_findings(templates)
    assert findings and {f.rule for f in findings} == {"render.manifest"}
    assert all(says in f.message for f in findings)


def test_an_object_without_metadata_is_the_templates_mistake() -> None:
    path = "templates/service/service.yaml.j2"
    tree = rendering.resources()
    text = tree[path].decode()
    tree[path] = (text[: text.index("metadata:")] + text[text.index("spec:") :]).encode()
    (finding,) = fleet_findings(Templates(tree, read_kubernetes_schema))
    assert (finding.file, finding.line) == (path, 2)


def test_an_empty_template_is_to_blame_and_no_spec() -> None:
    tree = rendering.resources()
    tree["templates/service/service.yaml.j2"] = b""
    (finding,) = fleet_findings(Templates(tree, read_kubernetes_schema))
    assert (finding.file, finding.line) == ("templates/service/service.yaml.j2", 1)


def test_a_refused_default_is_one_finding_for_all_clusters_that_take_it() -> None:
    one, files = with_defaults()
    other = deepcopy(one)
    other["metadata"]["name"] = "fraud-us"
    other["spec"]["host"] = "fraud-us.models.example.com"
    family = yaml.safe_load(files["clusters/prod/fraud/family.yaml"])
    family["spec"]["defaults"]["traffic"] = {"timeout": "soon"}
    tree = {**tree_of(one, other), "clusters/prod/fraud/family.yaml": rendering.dump(family)}
    _, findings = render_fleet(fleet_of(tree), rendering.templates())
    mine = [f for f in findings if f.rule == "render.manifest"]
    assert {f.pointer for f in mine} == {"/spec/defaults/traffic/timeout"}
    for finding in mine:
        assert [r.file.rsplit("/", 1)[1] for r in finding.related] == ["c0.yaml", "c1.yaml"]


BROKEN: list[Callable[[str], str]] = [
    lambda text: text + "{{ name.missing | quote }}\n",
    lambda text: text + "x: {{ name }}\n",
    lambda text: text + "x: \0" + '{"line": 900, "column": 2}' + "\0y\n",
    lambda text: text + "x: \0[[\0y\n",
    lambda text: text + "{% set x %}{{ name | quote }}{% endset %}x: {{ x | quote }}\nz: no\n",
    lambda text: text + "{% macro m() %}a\n{{ name | quote }}{% endmacro %}x: {{ m() | quote }}\n",
    lambda text: text + "x: no\n" + "  - - -" * 400,
    lambda text: text + "y:\n  " + "- " * 400 + "x\n",
    lambda text: text + "# \u2028x: y\n",
    lambda text: "{# only a comment #}",
    lambda text: text.replace("\n", "\r\n") + "x: no\r\n",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_template_that_is_broken_in_any_way_is_found_somewhere(
    broken: Callable[[str], str],
) -> None:
    tree = rendering.resources()
    path = "templates/service/service.yaml.j2"
    tree[path] = broken(tree[path].decode()).encode()
    findings = findings_of(cluster(), Templates(tree, read_kubernetes_schema))
    assert findings
    for finding in findings:
        lines = {**tree, **tree_of(cluster())}[finding.file].decode().split("\n")
        assert 1 <= finding.line <= len(lines)


def test_every_place_exists() -> None:
    for subject in subjects():
        tree = {**all_trees()[subject.tree], **rendering.resources()}
        for trace in traces(subject).values():
            finding = trace.finding("", "", "")
            here = finding.file, finding.line, finding.column
            for file, line, column in [
                here,
                *((r.file, r.line, r.column) for r in finding.related),
            ]:
                assert column <= len(tree[file].decode().split("\n")[line - 1])
            if trace.place and trace.place.pointer in trace.place.document.spans:
                value = yaml.safe_load(tree[finding.file])
                assert value_at(value, trace.place.pointer) is not None
                assert finding.pointer == to_json_pointer(trace.place.pointer)
