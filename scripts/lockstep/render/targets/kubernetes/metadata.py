"""What several components share: metadata, labels, selectors, names and their origins."""

from collections.abc import Mapping

from lockstep.render.names import family_name, label_value, object_name, versioned_name
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import Expected, Guarded
from lockstep.render.targets.origins import (
    OriginTree,
    in_cluster,
    in_environment,
    in_family,
    in_spec,
    in_variants,
)
from lockstep.render.view import ClusterView, FamilyView, Running

# The default of Kubernetes; a spec cannot name another one.
CLUSTER_DOMAIN = "cluster.local"

NAME = in_cluster("metadata", "name")
NAMESPACE = in_spec("namespace")
FAMILY = in_family("metadata", "name")
ENVIRONMENT = in_environment("metadata", "name")
TENANT = in_family("metadata", "tenant")
OPERATOR = in_environment("spec", "observability", "labels")
"""The origin of the labels by which the Prometheus Operator selects its objects."""
SERVICE = NAME + NAMESPACE
"""The origin of ``service_host``."""


def metadata(view: ClusterView, version: Running | None = None) -> Context:
    """Name, namespace and labels of an object of a cluster, or of one of its versions."""
    labels = {
        "app.kubernetes.io/name": label_value(view.family),
        # The name of the Application too, which Argo CD may write here by itself.
        "app.kubernetes.io/instance": label_value(view.name),
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
        # By version and not by role: a version that becomes stable is not restarted.
        name = versioned_name(view.name, version.slug)
    # Sorted, so that a change of the order above changes no bytes.
    return {"name": name, "namespace": view.namespace, "labels": sorted(labels.items())}


def with_labels(context: Context, labels: Mapping[str, str]) -> Context:
    """A context of ``metadata`` with further labels of its object."""
    return {**context, "labels": sorted({**dict(context["labels"]), **labels}.items())}


def metadata_origins(
    version: Running | None = None, further: Mapping[str, OriginTree] | None = None
) -> dict[str, OriginTree]:
    """The origins of what ``metadata`` gives, for a cluster or one of its versions.

    ``further`` are those of labels that ``with_labels`` added.
    """
    labels = {
        "app.kubernetes.io/name": FAMILY,
        "app.kubernetes.io/part-of": FAMILY,
        "lockstep.dev/environment": ENVIRONMENT,
        "app.kubernetes.io/instance": NAME,
        "lockstep.dev/tenant": TENANT,
        "lockstep.dev/family": FAMILY,
        "lockstep.dev/cluster": NAME,
    }
    name = NAME
    if version:
        chosen = in_variants(version.version, "version")
        labels |= {"app.kubernetes.io/version": chosen, "lockstep.dev/version": chosen}
        name = NAME + chosen
    return {"name": name, "namespace": NAMESPACE, "labels": {**labels, **(further or {})}}


def family_metadata(view: FamilyView) -> Context:
    """Name, namespace and labels of an object of a whole family, where that is watched."""
    labels = {
        "app.kubernetes.io/name": label_value(view.name),
        "app.kubernetes.io/component": "observability",
        "app.kubernetes.io/managed-by": "lockstep",
        "app.kubernetes.io/part-of": label_value(view.name),
        "lockstep.dev/environment": label_value(view.environment),
        "lockstep.dev/tenant": label_value(view.tenant),
        "lockstep.dev/family": label_value(view.name),
    }
    name = family_name(view.environment, view.name)
    return {"name": name, "namespace": view.namespace, "labels": sorted(labels.items())}


def family_metadata_origins(
    further: Mapping[str, OriginTree] | None = None,
) -> dict[str, OriginTree]:
    """The origins of what ``family_metadata`` gives; ``further`` as in ``metadata_origins``."""
    labels = {
        "app.kubernetes.io/name": FAMILY,
        "app.kubernetes.io/part-of": FAMILY,
        "lockstep.dev/environment": ENVIRONMENT,
        "lockstep.dev/tenant": TENANT,
        "lockstep.dev/family": FAMILY,
    }
    namespace = in_environment("spec", "observability", "namespace")
    every = {**labels, **(further or {})}
    return {"name": ENVIRONMENT + FAMILY, "namespace": namespace, "labels": every}


def expected_metadata(
    context: Context, wave: int | None = None, annotations: Mapping[str, str] | None = None
) -> dict[str, Expected]:
    """What must hold of an object's metadata, of the ``context`` that ``metadata`` began.

    Nothing else may be there: another object that owns this one takes it along when it goes, and a
    finalizer keeps it.

    ``wave`` is its sync wave: Argo CD applies the lower ones first. ``annotations`` are further
    ones that Lockstep decides.
    """
    decided = dict(annotations or {})
    if wave is not None:
        decided["argocd.argoproj.io/sync-wave"] = str(wave)
    return {
        "name": context["name"],
        "namespace": context["namespace"],
        "labels": Guarded(dict(context["labels"])),
        "annotations": Guarded(decided),
    }


def expected_selector(context: Context) -> Expected:
    """What must hold of a selector: the pods of the ``context``, all of them and no others."""
    return {"matchLabels": dict(context["selector"])}


def selector(view: ClusterView, version: Running) -> dict[str, str]:
    """The labels that select the pods of one version.

    Two and no more, because Kubernetes never lets a Deployment's selector change.
    """
    return {
        "lockstep.dev/cluster": label_value(view.name),
        "lockstep.dev/version": label_value(version.version),
    }


def selector_origins(version: Running) -> dict[str, OriginTree]:
    """The origins of what ``selector`` gives."""
    return {
        "lockstep.dev/cluster": NAME,
        "lockstep.dev/version": in_variants(version.version, "version"),
    }


def service_host(view: ClusterView) -> str:
    """The full name of the cluster's Service inside Kubernetes."""
    return f"{object_name(view.name)}.{view.namespace}.svc.{CLUSTER_DOMAIN}"
