"""The Deployment of each version: its pods, what they serve, and what they may use."""

from functools import partial

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.names import label_value, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected, Guarded, IfAny, Within
from lockstep.render.targets.kubernetes.metadata import (
    FAMILY,
    NAME,
    expected_metadata,
    expected_selector,
    metadata,
    metadata_origins,
    selector,
    selector_origins,
)
from lockstep.render.targets.kubernetes.pod import expected_pod
from lockstep.render.targets.origins import Origins, OriginTree, in_lock, in_spec, in_variants
from lockstep.render.view import ClusterView, Running

MODEL_VARIABLES = ("MODEL_URI", "MODEL_DIGEST", "MODEL_VERSION")
"""The variables that say to a pod which model it serves."""

_AZURE_POD_LABEL = "azure.workload.identity/use"
"""Azure gives its token only to pods that ask for it."""

_KIND = ObjectKind("apps/v1", "Deployment")

_INJECT = "sidecar.istio.io/inject"
"""The label that asks for a sidecar: without one, no route, no weight and no metric would count."""

_POD_ANNOTATIONS = {
    # No container of the pod starts before it can reach the network, and no request is lost when it
    # stops: the sidecar is an init container that Kubernetes stops last.
    "proxy.istio.io/config": '{"holdApplicationUntilProxyStarts": true}',
    "sidecar.istio.io/nativeSidecar": "true",
}

# A change of pods that serve takes none away before a new one is ready, and ends some time.
_EXPECTED_UPDATE: dict[str, Expected] = {
    "strategy": {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    },
    "minReadySeconds": Within(0, 600),
    "progressDeadlineSeconds": Within(60, 7200),
    "revisionHistoryLimit": Within(0, 100),
}


def read_zones(fields: Fields) -> dict[str, Json]:
    """``zones`` of a serving, where the spec has them. Raises Unrenderable."""
    here = ("spec", "serving", "zones")
    return {"zones": fields.integer(*here)} if fields.has(*here) else {}


def _files(view: ClusterView) -> Files:
    """One for each version: warm ones too, with all replicas, to get the traffic at once."""
    for version in view.running:
        context = _context(view, version)
        name = f"deployment-{version.slug}.yaml"
        yield ManifestFile(name, context, _expected(context), partial(_origins, version))


def _context(view: ClusterView, version: Running) -> Context:
    source, digest = version.identity["source"], version.identity["digest"]
    env = zip(MODEL_VARIABLES, (source, digest, version.version), strict=True)
    return {
        **metadata(view, version),
        "selector": sorted(selector(view, version).items()),
        "pod_labels": sorted(_pod_labels(view, version).items()),
        "pod_annotations": sorted(_POD_ANNOTATIONS.items()),
        "service_account": object_name(view.name),
        "image": view.serving["image"],
        "port": view.serving["port"],
        "health": view.serving["health"],
        "replicas": version.floor.pods,
        "zones": view.serving.get("zones"),
        "requests": sorted(view.serving["requests"].items()),
        "limits": sorted(view.serving["limits"].items()),
        "env": [(name, _literal(value)) for name, value in env],
        # The cluster's ExternalSecret writes a Secret of its own name.
        "secret": object_name(view.name),
        # A tuple each, so that the origin of a secret is found by its name (see origin_at).
        "secrets": [(name,) for name in sorted(view.access.get("secrets", {}))],
    }


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_metadata(context, wave=-1),
        "spec": {
            # With an autoscaler too: see the template.
            "replicas": context["replicas"],
            "selector": expected_selector(context),
            "template": {
                "metadata": {
                    "labels": Guarded(dict(context["pod_labels"])),
                    # The old name of the label.
                    "annotations": Guarded(
                        {**dict(context["pod_annotations"]), _INJECT: IfAny("true")}
                    ),
                },
                "spec": expected_pod(context),
            },
            **_EXPECTED_UPDATE,
        },
    }


def expected_target(context: Context) -> Expected:
    """What an autoscaler must name: the Deployment of its own version, which has its name."""
    return {"apiVersion": _KIND.api_version, "kind": _KIND.kind, "name": context["name"]}


def _origins(version: Running) -> Origins:
    serving = ("image", "port", "health", "zones")
    return {
        **metadata_origins(version),
        "selector": selector_origins(version),
        "pod_labels": _pod_label_origins(version),
        "service_account": NAME,
        **{name: in_spec("serving", name) for name in serving},
        **{name: in_spec("serving", "resources", name) for name in ("requests", "limits")},
        "replicas": in_spec("serving", *version.floor.field),
        "env": {
            "MODEL_URI": in_lock(version.version, "source"),
            "MODEL_DIGEST": in_lock(version.version, "digest"),
            "MODEL_VERSION": in_variants(version.version, "version"),
        },
        "secret": NAME,
        "secrets": in_spec("access", "secrets"),
    }


def _pod_labels(view: ClusterView, version: Running) -> dict[str, str]:
    """Only what never changes while a version serves: a new label restarts every pod."""
    identity = view.access.get("identity")
    azure = {_AZURE_POD_LABEL: "true"} if identity and identity["provider"] == "azure" else {}
    return {
        # Not the labels of metadata: the tenant, for one, can change while a version serves.
        **selector(view, version),
        "app.kubernetes.io/name": label_value(view.family),
        "app.kubernetes.io/version": label_value(version.version),
        "lockstep.dev/family": label_value(view.family),
        _INJECT: "true",
        **azure,
    }


def _pod_label_origins(version: Running) -> dict[str, OriginTree]:
    return {
        **selector_origins(version),
        "app.kubernetes.io/name": FAMILY,
        "app.kubernetes.io/version": in_variants(version.version, "version"),
        "lockstep.dev/family": FAMILY,
        _AZURE_POD_LABEL: in_spec("access", "identity", "provider"),
    }


def _literal(text: str | None) -> str:
    """Text that Kubernetes passes on as it is: it expands ``$(NAME)`` in a container's env.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return (text or "").replace("$", "$$")


COMPONENT = Component("deployment", _KIND, _files)
