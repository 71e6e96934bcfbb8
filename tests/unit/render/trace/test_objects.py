"""Single values of manifests, each found at the place in a spec or template that it comes from."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.document import to_json_pointer, value_at
from lockstep.render.trace.objects import trace_object
from lockstep.render.trace.origin_lookup import OriginLookup
from lockstep.render.trace.trace import Trace, Tracer
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, tree_of
from tests.unit.render.specs import in_tenant
from tests.unit.render.tracing import (
    TEXTS,
    all_trees,
    documents,
    files,
    subjects,
    traces,
    with_defaults,
    with_everything,
)


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
        ("VirtualService", "", "/spec/hosts/2", "c0.yaml", "/metadata/name"),
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


@pytest.mark.parametrize(
    ("pointer", "written"),
    [("/spec/hosts/1", "/spec/hosts/0"), ("/spec/gateways/0", "/spec/gateways/0")],
)
def test_an_entry_of_a_list_is_found_where_it_was_written(pointer: str, written: str) -> None:
    trace, _ = trace_of(with_everything(), "VirtualService", "fraud-eu", pointer)
    assert place(trace) == ("c0.yaml", written)


def test_several_values_that_make_one_are_all_shown() -> None:
    pointer = "/spec/http/2/route/0/weight"
    trace, tree = trace_of(with_everything(), "VirtualService", "fraud-eu", pointer)
    assert place(trace)[1] == "/spec/variants/0/weight"
    (other,) = trace.related
    line = tree[other.file].decode().split("\n")[other.line - 1]
    assert (line.strip(), other.note) == (
        "weight: 10",
        "spec.variants[1].weight is involved too",
    )


def test_a_default_is_found_in_the_family_and_names_the_cluster_that_inherits_it() -> None:
    one, files = with_defaults()
    pointer = f"{CONTAINER}/ports/0/containerPort"
    trace, tree = trace_of(one, "Deployment", "fraud-eu-v41", pointer, files=files)
    assert place(trace) == ("family.yaml", "/spec/defaults/serving/port")
    finding = trace.finding("", "", "")
    assert tree[finding.file].decode().split("\n")[finding.line - 1].strip() == "port: 9000"
    assert [(r.file, r.note) for r in finding.related] == [
        ("clusters/prod/fraud/c0.yaml", "uses this default")
    ]
    own, _ = trace_of(one, "Deployment", "fraud-eu-v41", "/spec/replicas", files=files)
    assert place(own) == ("c0.yaml", "/spec/serving/replicas")


def test_a_value_that_is_not_written_is_found_where_it_would_be() -> None:
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
    assert trace.fix == f"fix line {finding.line} of {path}"


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


def test_objects_of_one_name_are_distinguished_by_kind() -> None:
    trace, _ = trace_of(cluster(), "Service", "fraud-eu", "/spec/type")
    assert place(trace) == ("service.yaml.j2", "")


@pytest.mark.parametrize(
    "pointer",
    ["/spec/serving/none", "/spec/replicas/deeper/0", "no pointer", "/" * 3000, "/spec/~", "//0",
     "/spec/template/spec/containers/7/image", "/spec/template/spec/containers/" + "9" * 9000],
)  # fmt: skip
def test_a_pointer_that_leads_nowhere_is_not_an_error(pointer: str) -> None:
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
    file = dict(files(fleet, subject))["virtualservice"]
    tracer = Tracer("virtualservice", file, TEXTS, OriginLookup(environment, family, one))
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
def test_an_object_that_no_component_writes_is_the_whole_spec(kind: str, name: str) -> None:
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


def test_an_object_of_a_tenant_is_found_in_the_file_of_the_environment() -> None:
    environment, _ = rendering.only_family(fleet_of(in_tenant(cluster())))
    templates = rendering.templates()
    for pointer, written in [
        ("/spec/destinations/0/namespace", "/spec/tenants/0/namespaces/0"),
        ("/spec/sourceRepos/0", "/spec/argocd/repoURL"),
        ("/metadata/name", "/metadata/name"),
        ("/spec/clusterResourceWhitelist/0/kind", ""),
    ]:
        trace = trace_object(None, None, environment, templates, "AppProject", "prod-risk", pointer)
        assert trace.finding("", "", "").pointer == written


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
