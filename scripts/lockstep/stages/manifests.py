"""The components that are rendered: each has a folder in ``templates/`` and one entry here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lockstep.stages.render_context import (
    Parts,
    git_source,
    literal,
    metadata,
    pod_labels,
    selector,
)
from lockstep.stages.render_names import label_value, object_name
from lockstep.stages.render_traffic import destination_rules, virtual_service
from lockstep.stages.render_view import ClusterView, EnvironmentView

View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class Component(Generic[View]):
    """A component: its template is ``templates/<name>/<name>.yaml.j2``.

    ``parts`` gives, for a cluster or an environment, the name and context of each of its files.
    """

    name: str
    parts: Callable[[View], Parts]

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
    yield "serviceaccount.yaml", metadata(view)


def _service(view: ClusterView) -> Parts:
    yield "service.yaml", {**metadata(view), "cluster": label_value(view.name)}


def _deployments(view: ClusterView) -> Parts:
    """One for each version: warm ones too, with all replicas, to take the traffic at once."""
    for version in view.running:
        env = {
            "MODEL_URI": version.identity["source"],
            "MODEL_DIGEST": version.identity["digest"],
            "MODEL_VERSION": version.version,
        }
        yield (
            f"deployment-{version.slug}.yaml",
            {
                **metadata(view, version),
                "selector": sorted(selector(view, version).items()),
                "pod_labels": sorted(pod_labels(view, version).items()),
                "service_account": object_name(view.name),
                "image": view.serving["image"],
                "port": view.serving["port"],
                "health": view.serving["health"],
                "replicas": view.serving["replicas"],
                "requests": sorted(view.serving["requests"].items()),
                "limits": sorted(view.serving["limits"].items()),
                "env": [(name, literal(value)) for name, value in env.items()],
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
    Component("serviceaccount", _service_account),
    Component("service", _service),
    Component("deployment", _deployments),
    Component("destinationrule", destination_rules),
    Component("virtualservice", virtual_service),
    Component("application", _application),
)

ENVIRONMENT_COMPONENTS: tuple[Component[EnvironmentView], ...] = (
    Component("applications", _applications),
)


def template_paths() -> dict[str, str]:
    """The path of each component's template."""
    paths = {component.name: component.template for component in CLUSTER_COMPONENTS}
    return paths | {component.name: component.template for component in ENVIRONMENT_COMPONENTS}
