"""What the contexts of several components share: names, labels, hosts, sources."""

from collections.abc import Iterator

from lockstep.model.document import Json
from lockstep.render.names import label_value, object_name
from lockstep.render.view import ClusterView, EnvironmentView, Running

CLUSTER_DOMAIN = "cluster.local"

Context = dict[str, Json]
"""Plain values for a template: what it would have to decide is decided in Python."""

Parts = Iterator[tuple[str, Context]]
"""The files of a component: name and context of each."""


def metadata(view: ClusterView, version: Running | None = None) -> Context:
    """Name, namespace and labels of an object of a cluster, or of one of its versions."""
    labels = {
        "app.kubernetes.io/name": label_value(view.family),
        "app.kubernetes.io/component": "model-server",
        "app.kubernetes.io/managed-by": "lockstep",
        "app.kubernetes.io/part-of": label_value(view.family),
        "lockstep.dev/environment": label_value(view.environment),
        "lockstep.dev/tenant": label_value(view.tenant),
        "lockstep.dev/family": label_value(view.family),
        "lockstep.dev/cluster": label_value(view.name),
    }
    name = object_name(view.name)
    if version:
        labels["app.kubernetes.io/version"] = label_value(version.version)
        labels["lockstep.dev/version"] = label_value(version.version)
        name = object_name(view.name, version.slug)
    return {"name": name, "namespace": view.namespace, "labels": sorted(labels.items())}


def selector(view: ClusterView, version: Running) -> dict[str, str]:
    """The labels that pick the pods of one version; Kubernetes never lets them change."""
    return {
        "lockstep.dev/cluster": label_value(view.name),
        "lockstep.dev/version": label_value(version.version),
    }


def pod_labels(view: ClusterView, version: Running) -> dict[str, str]:
    """Only what never changes while a version serves: a new label restarts every pod."""
    return {
        **selector(view, version),
        "app.kubernetes.io/name": label_value(view.family),
        "app.kubernetes.io/version": label_value(version.version),
        "lockstep.dev/family": label_value(view.family),
    }


def service_host(view: ClusterView) -> str:
    """The full name of the cluster's Service inside Kubernetes."""
    return f"{object_name(view.name)}.{view.namespace}.svc.{CLUSTER_DOMAIN}"


def git_source(view: ClusterView | EnvironmentView) -> Context:
    """The Argo CD project, and the repository and branch that it follows."""
    return {
        "project": view.argocd.project,
        "repo_url": view.argocd.repo_url,
        "revision": view.argocd.revision,
    }


def literal(text: str | None) -> str:
    """Text that Kubernetes passes on as it is: it expands ``$(NAME)`` in a container's env.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return (text or "").replace("$", "$$")
