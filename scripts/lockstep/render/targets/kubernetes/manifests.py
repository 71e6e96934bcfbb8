"""The components that are rendered: each has a folder in ``templates/`` and one entry here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lockstep.render.context import (
    Parts,
    git_source,
    literal,
    metadata,
    pod_labels,
    selector,
)
from lockstep.render.names import label_value, object_name
from lockstep.render.targets.kubernetes import capacity_origins
from lockstep.render.targets.kubernetes import component_origins as origins
from lockstep.render.targets.kubernetes import manifests_capacity as capacity
from lockstep.render.targets.kubernetes.traffic import destination_rules, virtual_service
from lockstep.render.trace.origins import Origins, no_origins
from lockstep.render.view import ClusterView, EnvironmentView

View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class Component(Generic[View]):
    """A component: its template is ``templates/<name>/<name>.yaml.j2``.

    ``parts`` gives, for a cluster or an environment, the name and context of each of its files.

    ``origins`` gives, for the same view and the name of one file, where the values of its context
    were written, so that a finding about the rendered object points at the line to change. It is
    called only when there is a finding. It has the shape of the context, and ends early where it
    can: an ``Origin`` stands for all that is below it. From ``render_origins``::

        return {
            **metadata_origins(version),                     # what metadata(view, version) gives
            "replicas": in_spec("serving", "replicas"),
            "retries": in_spec("traffic", "retries"),        # retries.attempts too
            "requests": in_spec("serving", "resources", "requests"),  # a list of pairs, by key
            "weight": in_variants(version, "weight"),        # of the variants of this version
            "host": in_cluster("metadata", "name") + in_spec("namespace"),   # the first is shown
            "hosts": (in_spec("host"), None),                # by index
            "routes": {"weighted": (None, in_spec("x"))},    # tuples, by their first item
        }

    A value without an origin is traced to its line of the template. A template writes each value
    as it stands in the context (``{{ name | quote }}``): what it made itself has no origin.
    ``tests/unit/stages/render/test_trace.py`` finds what is missing.
    """

    name: str
    parts: Callable[[View], Parts]
    origins: Callable[[View, str], Origins] = no_origins

    @property
    def template(self) -> str:
        """The path of its template in the repository."""
        return f"templates/{self.name}/{self.name}.yaml.j2"


def cluster_folder(environment: str, cluster: str) -> str:
    """Where a cluster's manifests stand: ``rendered/<environment>/clusters/<cluster>``."""
    return f"rendered/{environment}/clusters/{cluster}"


def environment_folder(environment: str) -> str:
    """Where the manifests stand that belong to a whole environment."""
    return f"rendered/{environment}/environment"


def _service_account(view: ClusterView) -> Parts:
    annotations = sorted(capacity.identity_annotations(view).items())
    yield "serviceaccount.yaml", {**metadata(view), "annotations": annotations}


def _service(view: ClusterView) -> Parts:
    yield "service.yaml", {**metadata(view), "cluster": label_value(view.name)}


def _deployments(view: ClusterView) -> Parts:
    """One for each version: warm ones too, with all replicas, to take the traffic at once."""
    for version in view.running:
        env = zip(
            capacity.MODEL_VARIABLES,
            (version.identity["source"], version.identity["digest"], version.version),
            strict=True,
        )
        yield (
            f"deployment-{version.slug}.yaml",
            {
                **metadata(view, version),
                "selector": sorted(selector(view, version).items()),
                "pod_labels": sorted(
                    (pod_labels(view, version) | capacity.identity_labels(view)).items()
                ),
                "service_account": object_name(view.name),
                "image": view.serving["image"],
                "port": view.serving["port"],
                "health": view.serving["health"],
                "replicas": capacity.fixed_replicas(view),
                "zones": view.serving.get("zones"),
                "requests": sorted(view.serving["requests"].items()),
                "limits": sorted(view.serving["limits"].items()),
                "env": [(name, literal(value)) for name, value in env],
                "secret": object_name(view.name),
                "secrets": [(name,) for name in sorted(view.access.get("secrets", {}))],
            },
        )


def _application(view: ClusterView) -> Parts:
    folder = cluster_folder(view.environment, view.name)
    yield (
        "application.yaml",
        {
            **metadata(view),
            **git_source(view),
            "name": object_name(view.environment, view.name),
            "namespace": view.argocd.namespace,
            "path": folder,
            "watched": f"/{folder}",
            "destination": view.destination,
            "destination_namespace": view.namespace,
        },
    )


def _applications(view: EnvironmentView) -> Parts:
    labels = {
        "app.kubernetes.io/managed-by": "lockstep",
        "lockstep.dev/environment": label_value(view.environment),
    }
    folder = cluster_folder(view.environment, "").rstrip("/")
    yield (
        "applications.yaml",
        {
            **git_source(view),
            "name": object_name("lockstep", view.environment),
            "namespace": view.argocd.namespace,
            "labels": sorted(labels.items()),
            "path": folder,
            "watched": f"/{folder}",
        },
    )


CLUSTER_COMPONENTS: tuple[Component[ClusterView], ...] = (
    Component("serviceaccount", _service_account, origins.service_account),
    Component("externalsecret", capacity.external_secret, capacity_origins.external_secret),
    Component("service", _service, origins.service),
    Component("deployment", _deployments, origins.deployment),
    Component("poddisruptionbudget", capacity.budgets, capacity_origins.budget),
    Component("horizontalpodautoscaler", capacity.autoscalers, capacity_origins.autoscaler),
    Component("scaledobject", capacity.scaled_objects, capacity_origins.scaled_object),
    Component("destinationrule", destination_rules, origins.destination_rule),
    Component("virtualservice", virtual_service, origins.virtual_service),
    Component("application", _application, origins.application),
)

ENVIRONMENT_COMPONENTS: tuple[Component[EnvironmentView], ...] = (
    Component("applications", _applications, origins.applications),
)


def template_paths() -> dict[str, str]:
    """The path of each component's template."""
    paths = {component.name: component.template for component in CLUSTER_COMPONENTS}
    return paths | {component.name: component.template for component in ENVIRONMENT_COMPONENTS}
