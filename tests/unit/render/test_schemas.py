"""Manifests are held against Kubernetes' strict schemas and closed ones of our own."""

import json
import os
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.document import value_at
from lockstep.render import render_cluster, render_tenants
from lockstep.render.schemas import OWN_SCHEMAS, ManifestSchemas
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster
from tests.unit.render.specs import BREAKER, QUOTA, SLO, TENANT, WATCHED, known

VERSIONS = [f"1.{minor}" for minor in range(29, 38)]


@pytest.fixture(scope="module")
def schemas() -> ManifestSchemas:
    return ManifestSchemas(rendering.resources(), read_kubernetes_schema)


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    serving = cluster()["spec"]["serving"] | {
        "zones": 3,
        "disruption": {"maxUnavailable": 1},
        "hpa": {"maxReplicas": 9, "cpu": 70},
        "keda": {"maxReplicas": 9, "requestsPerSecond": 50},
    }
    secret = {"path": "ml/fraud", "key": "token"}
    access = {
        "identity": {"provider": "azure", "principal": "somebody"},
        "secrets": {"A": {"store": "vault", **secret}, "B": {"store": "other", **secret}},
    }
    spec = cluster(
        hosts=["fraud.example.com"],
        gateways=["istio-ingress/models"],
        traffic={"timeout": "2s", **BREAKER},
        serving=serving,
        access=access,
        observability={"slo": SLO, "onCall": {"secret": "pagerduty", "key": "routing-key"}},
    )
    only, family, environment = rendering.family_in_memory(spec)
    known = {
        "currency": "EUR",
        **environment.document.value["spec"],
        "prometheus": "http://prometheus:9090",
        "tenants": [{**TENANT, "quotas": [QUOTA]}],
        "podSecurity": "restricted",
        "network": {"authorization": "enforce", "gatewayNamespaces": ["istio-ingress"]},
        "observability": WATCHED,
    }
    value = {**environment.document.value, "spec": known}
    watched = replace(environment, document=replace(environment.document, value=value))
    folder = render_cluster(only, family, watched, rendering.templates())
    tenant, place, _ = render_tenants(watched, rendering.templates())
    assert not folder.findings + tenant.findings + place.findings
    return {**place.manifests, **folder.manifests, **tenant.manifests}


def problems(schemas: ManifestSchemas, manifest: Any, version: str = "1.37") -> list[str]:
    return [problem.describe() for problem in schemas.problems(manifest, version)]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_we_render_is_valid_in_every_kubernetes_version(
    schemas: ManifestSchemas, manifests: dict[str, Any], version: str
) -> None:
    assert schemas.knows(version)
    for manifest in manifests.values():
        assert problems(schemas, manifest, version) == []


@pytest.mark.parametrize("version", ["", "1.9", "9.99", "latest", "../1.37", "1.37.0", "1.37\n"])
def test_other_versions_are_not_known(schemas: ManifestSchemas, version: str) -> None:
    assert not schemas.knows(version)


def every_mapping(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        inner = [p for key, item in value.items() for p in every_mapping(item, (*path, key))]
        return [path, *inner]
    if isinstance(value, list):
        return [p for i, item in enumerate(value) for p in every_mapping(item, (*path, i))]
    return []


FREE = {"labels", "annotations", "matchLabels", "selector", "requests", "limits", "headers"}


def any_key_will_do(schemas: ManifestSchemas, manifest: Any, path: tuple[str | int, ...]) -> bool:
    """Whether all keys of a mapping can be others, as those of the data of a ConfigMap."""
    other = deepcopy(manifest)
    place = value_at(other, path)
    items = {f"unheardOf{key}": value for key, value in place.items()}
    place.clear()
    place.update(items)
    return bool(items) and not problems(schemas, other)


def test_an_unknown_field_is_refused_wherever_it_is(
    schemas: ManifestSchemas, manifests: dict[str, Any]
) -> None:
    tried = 0
    for name, manifest in manifests.items():
        for path in every_mapping(manifest):
            if path and path[-1] in FREE:
                continue
            if not known([name]) and any_key_will_do(schemas, manifest, path):
                continue
            broken = deepcopy(manifest)
            value_at(broken, path)["unheardOf"] = "x"
            assert problems(schemas, broken), path
            tried += 1
    assert tried > 50


def test_a_problem_names_the_place(schemas: ManifestSchemas, manifests: dict[str, Any]) -> None:
    broken = deepcopy(manifests["deployment-v41.yaml"])
    broken["spec"]["replicas"] = "three"
    (problem,) = problems(schemas, broken)
    assert problem.startswith("/spec/replicas: ")
    (found,) = schemas.problems(broken, "1.37")
    assert found.pointer == ("spec", "replicas")


def test_an_unknown_field_is_found_at_the_field(
    schemas: ManifestSchemas, manifests: dict[str, Any]
) -> None:
    broken = deepcopy(manifests["deployment-v41.yaml"])
    broken["spec"]["strategy"]["kind"] = "Recreate"
    (found,) = schemas.problems(broken, "1.37")
    assert found.pointer == ("spec", "strategy", "kind")


@pytest.mark.parametrize(
    "manifest",
    [
        {}, {"kind": "Service"}, {"apiVersion": "v1"}, {"apiVersion": 1, "kind": "Service"},
        {"apiVersion": "v1", "kind": "Nothing"}, {"apiVersion": "a/b/c", "kind": "../x"},
        {"apiVersion": "networking.istio.io/v1alpha3", "kind": "VirtualService"},
        {"apiVersion": "example.com/v1", "kind": "VirtualService"},
    ],
)  # fmt: skip
def test_a_manifest_of_no_known_kind_is_refused(schemas: ManifestSchemas, manifest: Any) -> None:
    assert len(problems(schemas, manifest)) == 1


def test_a_kind_cannot_borrow_the_schema_of_another_group(
    schemas: ManifestSchemas, manifests: dict[str, Any]
) -> None:
    broken = {**manifests["virtualservice.yaml"], "apiVersion": "networking.example.com/v1"}
    assert problems(schemas, broken)


@pytest.mark.parametrize(
    "weights", [[0], [99], [50, 0], [0, 100]], ids=lambda weights: "-".join(map(str, weights))
)
def test_a_destination_without_traffic_is_refused(
    schemas: ManifestSchemas, manifests: dict[str, Any], weights: list[int]
) -> None:
    broken = deepcopy(manifests["virtualservice.yaml"])
    (route,) = broken["spec"]["http"]
    (destination,) = route["route"]
    route["route"] = [{**destination, "weight": weight} for weight in weights]
    assert problems(schemas, broken)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\xff",
        b'{"type": "nothing"}',
        b'{"$ref": "#/$defs/missing"}',
        b'{"$ref": "file:///etc/hostname"}',
        b'{"$ref": "https://example.com/schema.json"}',
        b"[" * 100_000,
    ],
)
def test_a_schema_that_cannot_be_used_is_a_finding_and_reads_nothing_else(data: bytes) -> None:
    path = f"{OWN_SCHEMAS}thing-example-v1.json"
    (finding,) = ManifestSchemas({path: data}, read_kubernetes_schema).findings
    assert (finding.rule, finding.file) == ("render.schema", path)


KINDS = (
    "DestinationRule",
    "VirtualService",
    "Application",
    "AppProject",
    "AuthorizationPolicy",
    "ScaledObject",
    "ExternalSecret",
    "PodMonitor",
    "PrometheusRule",
    "AlertmanagerConfig",
    "Instrumentation",
    "DatadogMonitor",
)
CRDS = (
    "api__", "argo-cd__", "keda__", "external-secrets__",
    "prometheus-operator__", "opentelemetry-operator__", "datadog-operator__",
)  # fmt: skip


class CrdLoader(yaml.CSafeLoader):
    """Reads a plain ``=``, for which PyYAML knows a type and no value."""


CrdLoader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def test_a_schema_cannot_bring_in_another_file(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"type": "object"}')
    schema = json.dumps({"$ref": other.as_uri()}).encode()
    path = f"{OWN_SCHEMAS}thing-example-v1.json"
    assert ManifestSchemas({path: schema}, read_kubernetes_schema).findings


def crd_schemas(folder: Path) -> dict[str, Any]:
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        if not path.name.startswith(CRDS):
            continue
        for document in yaml.load_all(path.read_bytes(), CrdLoader):
            spec = (document or {}).get("spec", {})
            for version in spec.get("versions", []):
                key = f"{spec['group']}/{version['name']} {spec['names']['kind']}"
                found[key] = version["schema"]["openAPIV3Schema"]
    return found


@pytest.fixture(scope="module")
def crds() -> dict[str, Any]:
    default = rendering.REPOSITORY.parent / "shared" / "crds"
    folder = Path(os.environ.get("LOCKSTEP_CRDS", default))
    if not folder.is_dir():
        pytest.skip(f"LOCKSTEP_CRDS: there are no custom resource definitions in {folder}")
    return crd_schemas(folder)


def closed(schema: Any) -> Any:
    """A structural schema as JSON Schema that refuses what the API server would drop."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: {name: closed(item) for name, item in value.items()}
        if key == "properties"
        else closed(value)
        for key, value in schema.items()
        if not key.startswith("x-") and key not in ("nullable", "format", "description")
    }
    if "properties" in result and "type" in result:
        result.setdefault("additionalProperties", False)
    return result


def our_schemas() -> dict[str, Any]:
    bodies = [
        json.loads(data)
        for path, data in rendering.resources().items()
        if path.startswith(OWN_SCHEMAS)
    ]
    return {
        f"{b['properties']['apiVersion']['const']} {b['properties']['kind']['const']}": b
        for b in bodies
    }


def test_every_kind_of_our_own_has_a_schema() -> None:
    assert sorted(key.split()[1] for key in our_schemas()) == sorted(KINDS)


def test_what_we_accept_the_definitions_accept(
    crds: dict[str, Any], manifests: dict[str, Any]
) -> None:
    checked = 0
    for manifest in manifests.values():
        key = f"{manifest['apiVersion']} {manifest['kind']}"
        if key in our_schemas():
            spec = closed(crds[key])["properties"]["spec"]
            jsonschema.Draft202012Validator(spec).validate(manifest["spec"])
            checked += 1
    assert checked == 15


def resolved(schema: Any, root: Any) -> Any:
    if "$ref" in schema:
        return resolved(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    return schema


def unknown_fields(ours: Any, theirs: Any, root: Any, path: str = "") -> list[str]:
    """The places of our schema that the definition does not have, or has with another type."""
    ours = resolved(ours, root)
    wrong: list[str] = []
    if theirs.get("x-kubernetes-preserve-unknown-fields"):
        return wrong
    if "type" in ours and ours["type"] != theirs.get("type"):
        wrong.append(f"{path}: {ours['type']} is {theirs.get('type')}")
    for name, inner in ours.get("properties", {}).items():
        known = theirs.get("properties", {}).get(name, theirs.get("additionalProperties"))
        if known is None:
            wrong.append(f"{path}/{name}")
        else:
            wrong += unknown_fields(inner, known, root, f"{path}/{name}")
    for form in ours.get("oneOf", []):
        wrong += unknown_fields(form, theirs, root, path)
    for keyword in ("items", "additionalProperties"):
        inner = ours.get(keyword)
        if isinstance(inner, dict):
            wrong += unknown_fields(inner, theirs.get(keyword, {}), root, f"{path}/{keyword}")
    return wrong


def test_our_schemas_have_no_field_that_the_definitions_lack(crds: dict[str, Any]) -> None:
    for key, ours in our_schemas().items():
        spec = ours["properties"]["spec"]
        assert unknown_fields(spec, crds[key]["properties"]["spec"], ours) == []


def test_our_schemas_require_what_the_definitions_require(crds: dict[str, Any]) -> None:
    for key, ours in our_schemas().items():
        theirs = crds[key]["properties"]["spec"]
        assert set(theirs.get("required", [])) <= set(ours["properties"]["spec"]["required"])


def test_a_schema_of_the_base_that_cannot_be_used_says_where_to_correct_it() -> None:
    right, path = rendering.resources(), f"{OWN_SCHEMAS}virtualservice-networking-v1.json"
    broken = {**right, path: b"{"}
    (found,) = ManifestSchemas(right, read_kubernetes_schema, broken).findings
    assert found.file == path and "on the base branch" in found.fix
    (found,) = ManifestSchemas({**right, path: b"["}, read_kubernetes_schema, broken).findings
    assert found.file == path and "on the base branch" not in found.fix
