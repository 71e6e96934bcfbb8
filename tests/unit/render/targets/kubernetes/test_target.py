"""What holds for all components: templates, sync waves, and where findings are."""

from typing import Any

import pytest

from lockstep.render.provenance import FILE_NAME, parse_provenance
from lockstep.render.targets.kubernetes.target import KUBERNETES
from tests.unit.render import rendering
from tests.unit.render.rendering import cluster, fleet_of, render_one
from tests.unit.render.specs import (
    BREAKER,
    HPA,
    KEDA,
    OPTIONAL,
    TOKEN,
    access,
    known,
    render_watched,
    serving,
    watched,
)
from tests.unit.whole_fleets import render_fleet

PLAIN = [
    "PROVENANCE", "application.yaml", "deployment-v41.yaml", "destinationrule-v41.yaml",
    "service.yaml", "serviceaccount.yaml", "virtualservice.yaml",
]  # fmt: skip


def test_every_component_has_its_folder_of_templates() -> None:
    folders = {path.split("/")[1] for path in rendering.resources() if path.startswith("templates")}
    assert folders == KUBERNETES.templates().keys()
    assert set(KUBERNETES.templates().values()) <= rendering.resources().keys()


@pytest.mark.parametrize("component", KUBERNETES.templates())
def test_every_component_is_a_module_that_is_named_as_its_templates(component: str) -> None:
    package = rendering.REPOSITORY / "scripts/lockstep/render/targets/kubernetes"
    assert "\nCOMPONENT = " in (package / f"{component}.py").read_text()


@pytest.mark.parametrize(
    ("file", "wave"),
    [
        ("serviceaccount.yaml", "-2"),
        ("service.yaml", "-1"),
        ("deployment-v41.yaml", "-1"),
        ("destinationrule.yaml", "0"),
        ("destinationrule-v41.yaml", "0"),
        ("virtualservice.yaml", "1"),
    ],
)
def test_objects_are_synced_in_waves(file: str, wave: str) -> None:
    manifest = render_one(cluster(traffic=BREAKER)).manifests[file]
    assert manifest["metadata"]["annotations"] == {"argocd.argoproj.io/sync-wave": wave}


@pytest.mark.parametrize(
    ("spec", "file", "wave"),
    [
        (access(secrets={"TOKEN": TOKEN}), "externalsecret.yaml", "-2"),
        (serving(disruption={"minAvailable": 1}), "poddisruptionbudget-v41.yaml", "-1"),
    ],
)
def test_it_is_synced_with_or_before_the_deployment(
    spec: dict[str, Any], file: str, wave: str
) -> None:
    metadata = render_watched(spec).manifests[file]["metadata"]
    assert metadata["annotations"] == {"argocd.argoproj.io/sync-wave": wave}
    assert metadata["labels"]["lockstep.dev/tenant"] == "risk"


@pytest.mark.parametrize(
    ("spec", "file"),
    [
        (serving(hpa=HPA), "horizontalpodautoscaler-v41.yaml"),
        (serving(keda=KEDA), "scaledobject-v41.yaml"),
    ],
)
def test_an_autoscaler_that_is_degraded_stops_no_traffic(spec: dict[str, Any], file: str) -> None:
    # Argo CD ends a sync at a Degraded object, and applies no later wave.
    manifests = render_watched(spec).manifests
    wave = "argocd.argoproj.io/sync-wave"
    scaler, routes = (
        int(manifests[name]["metadata"]["annotations"][wave])
        for name in (file, "virtualservice.yaml")
    )
    assert scaler > routes


def test_a_spec_without_optional_fields_has_no_optional_objects() -> None:
    folder = render_one(cluster())
    assert known(folder.files) == PLAIN
    assert b"topology.kubernetes.io/zone" not in folder.files["deployment-v41.yaml"]
    used = parse_provenance(folder.files[FILE_NAME]).templates
    assert not used.keys() & OPTIONAL


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        (serving(keda={**KEDA, "requestsPerSecond": 0}), "/spec/serving/keda/requestsPerSecond"),
        (serving(keda={**KEDA, "maxReplicas": 2**40}), "/spec/serving/keda/maxReplicas"),
        (access(secrets={"A": {**TOKEN, "store": "No Store"}}), "/spec/access/secrets/A/store"),
        (access(secrets={"A B": TOKEN}), "/spec/access/secrets/A B"),
    ],
)
def test_what_kubernetes_would_refuse_is_found_at_the_value(
    spec: dict[str, Any], pointer: str
) -> None:
    _, findings = render_fleet(fleet_of(watched(spec)), rendering.templates())
    assert ("render.manifest", pointer) in {(f.rule, f.pointer) for f in findings}
