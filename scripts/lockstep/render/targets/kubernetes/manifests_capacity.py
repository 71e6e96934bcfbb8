"""The contexts of what surrounds a Deployment: budgets, autoscalers, identity and secrets."""

from collections.abc import Iterator

from lockstep.render.context import Context, Parts, metadata, selector
from lockstep.render.names import object_name
from lockstep.render.view import ClusterView, Running

MODEL_VARIABLES = ("MODEL_URI", "MODEL_DIGEST", "MODEL_VERSION")
"""The variables that tell a pod which model it serves."""

IDENTITY_ANNOTATIONS = {
    "aws": "eks.amazonaws.com/role-arn",
    "gcp": "iam.gke.io/gcp-service-account",
    "azure": "azure.workload.identity/client-id",
}
"""By cloud, the annotation of a ServiceAccount that names an identity of the cloud.

https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
"""

AZURE_POD_LABEL = "azure.workload.identity/use"
"""Azure gives its token only to pods that ask for it."""

_WINDOW = "2m"


def identity_annotations(view: ClusterView) -> dict[str, str]:
    """The annotations of the ServiceAccount that give the pods their identity at the cloud."""
    identity = view.access.get("identity")
    return {IDENTITY_ANNOTATIONS[identity["provider"]]: identity["principal"]} if identity else {}


def identity_labels(view: ClusterView) -> dict[str, str]:
    """The labels that pods need for their identity; part of no selector."""
    identity = view.access.get("identity")
    return {AZURE_POD_LABEL: "true"} if identity and identity["provider"] == "azure" else {}


def fixed_replicas(view: ClusterView) -> int | None:
    """The replicas of each Deployment; None where an autoscaler sets them."""
    return None if {"hpa", "keda"} & view.serving.keys() else view.serving["replicas"]


def external_secret(view: ClusterView) -> Parts:
    """One for the cluster. The store of the first secret is that of all that name no other."""
    secrets = sorted(view.access.get("secrets", {}).items())
    if not secrets:
        return
    store = secrets[0][1]["store"]
    written = [
        (name, ref["path"], ref["key"], None if ref["store"] == store else ref["store"])
        for name, ref in secrets
    ]
    yield "externalsecret.yaml", {**metadata(view), "store": store, "secrets": written}


def budgets(view: ClusterView) -> Parts:
    """One for each version that runs: warm ones too, which may get the traffic at any time."""
    if (budget := view.serving.get("disruption")) is not None:
        for version, context in _versions(view):
            context |= {
                "min_available": budget.get("minAvailable"),
                "max_unavailable": budget.get("maxUnavailable"),
                "selector": sorted(selector(view, version).items()),
            }
            yield f"poddisruptionbudget-{version.slug}.yaml", context


def autoscalers(view: ClusterView) -> Parts:
    """One for each version, by CPU; never fewer pods than ``replicas``."""
    if (scaler := view.serving.get("hpa")) is not None:
        for version, context in _versions(view):
            context |= {
                "replicas": view.serving["replicas"],
                "max_replicas": scaler["maxReplicas"],
                "cpu": scaler["cpu"],
            }
            yield f"horizontalpodautoscaler-{version.slug}.yaml", context


def scaled_objects(view: ClusterView) -> Parts:
    """One for each version, by requests; never fewer pods than ``replicas``."""
    if (scaler := view.serving.get("keda")) is not None:
        for version, context in _versions(view):
            context |= {
                "replicas": view.serving["replicas"],
                "max_replicas": scaler["maxReplicas"],
                "server": view.prometheus,
                "query": _requests(view, version),
                "threshold": str(scaler["requestsPerSecond"]),
            }
            yield f"scaledobject-{version.slug}.yaml", context


def _requests(view: ClusterView, version: Running) -> str:
    """PromQL for the requests a second that the pods of one version get, as they count them.

    Nothing is escaped: both names have to be DNS labels, or no manifest is written at all.
    https://istio.io/latest/docs/reference/config/metrics/
    """
    workload = object_name(view.name, version.slug)
    labels = (
        f'reporter="destination",destination_workload="{workload}",'
        f'destination_workload_namespace="{view.namespace}"'
    )
    return f"sum(rate(istio_requests_total{{{labels}}}[{_WINDOW}]))"


def _versions(view: ClusterView) -> Iterator[tuple[Running, Context]]:
    for version in view.running:
        yield version, metadata(view, version)
