"""The Deployment of each version: its pods, what they serve, and what they may use."""

from functools import partial

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.names import label_value, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected, Guarded, IfAny, Within
from lockstep.render.targets.kubernetes.cost import cost_labels, cost_origins
from lockstep.render.targets.kubernetes.datadogmonitor import datadog_origins, datadog_tags
from lockstep.render.targets.kubernetes.fetch import (
    fetch_context,
    fetch_mounts,
    fetch_origins,
    fetch_seconds,
    fetch_volume_origins,
    fetch_volumes,
)
from lockstep.render.targets.kubernetes.instrumentation import (
    tracing_annotations,
    tracing_origins,
)
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    FAMILY,
    NAME,
    TENANT,
    expected_metadata,
    expected_selector,
    metadata,
    metadata_origins,
    selector,
    selector_origins,
    with_labels,
)
from lockstep.render.targets.kubernetes.pod import expected_pod
from lockstep.render.targets.kubernetes.podmonitor import metrics_annotations, metrics_origins
from lockstep.render.targets.kubernetes.probes import (
    probe_context,
    probe_origins,
    startup_origin,
    startup_seconds,
)
from lockstep.render.targets.kubernetes.runtime import (
    runtime_args,
    runtime_origins,
    runtime_variables,
)
from lockstep.render.targets.kubernetes.scheduling import scheduling_context, scheduling_origins
from lockstep.render.targets.kubernetes.termination import (
    grace_seconds,
    lifecycle,
    require_program,
    termination_origins,
)
from lockstep.render.targets.kubernetes.volumes import mounts_of, volume_origins, volumes_of
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

_ENV = ("spec", "serving", "env")
_ACCOUNTS = ("runAsUser", "runAsGroup", "fsGroup")

# To start a pod somewhere and to pull an image, in addition to the start of the server.
_SECONDS_BEFORE_START = 600

# A change of pods that serve takes none away before a new one is ready, and ends some time.
_EXPECTED_UPDATE: dict[str, Expected] = {
    "strategy": {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    },
    "minReadySeconds": Within(0, 600),
    "revisionHistoryLimit": Within(0, 100),
}


def read_container(fields: Fields) -> dict[str, Json]:
    """What a serving says about the model's container, where the spec has it.

    Raises Unrenderable.
    """
    here = ("spec", "serving")
    found: dict[str, Json] = {}
    for name in ("command", "args"):
        if fields.has(*here, name):
            found[name] = fields.plain(*here, name)
    if "command" in found:
        require_program(fields, (*here, "command"))
    if fields.has(*here, "securityContext"):
        given = [n for n in _ACCOUNTS if fields.has(*here, "securityContext", n)]
        found["runAs"] = {n: fields.integer(*here, "securityContext", n) for n in given}
    for name in fields.names(*_ENV):
        _require_free(fields, name)
        found.setdefault("env", {})[name] = fields.text(*_ENV, name)
    return found


def _require_free(fields: Fields, name: str) -> None:
    """Of two variables with one name Kubernetes uses the last."""
    owner = ""
    if name in MODEL_VARIABLES:
        owner = "says which model a pod serves"
    elif fields.has("spec", "access", "secrets", name):
        owner = "is a secret in spec.access.secrets"
    if owner:
        fields.fail(
            (*_ENV, name), "render.input", f"the variable {name} {owner}",
            "give this variable another name, or remove it",
        )  # fmt: skip


def _files(view: ClusterView) -> Files:
    """One for each version: warm ones too, with all replicas, to get the traffic at once."""
    for version in view.running:
        context = _context(view, version)
        name = f"deployment-{version.slug}.yaml"
        expected = _expected(context, view.serving)
        yield ManifestFile(name, context, expected, partial(_origins, view, version))


def _context(view: ClusterView, version: Running) -> Context:
    source, digest = version.identity["source"], version.identity["digest"]
    serving = view.serving
    env = zip(MODEL_VARIABLES, (source, digest, version.version), strict=True)
    return {
        **with_labels(metadata(view, version), datadog_tags(view, version)),
        "selector": sorted(selector(view, version).items()),
        "pod_labels": sorted(_pod_labels(view, version).items()),
        "pod_annotations": sorted(
            {
                **_POD_ANNOTATIONS,
                **tracing_annotations(view, version),
                **metrics_annotations(view),
            }.items()
        ),
        "service_account": object_name(view.name),
        "image": serving["image"],
        "port": serving["port"],
        "ports": sorted(serving.get("ports", {}).items()),
        "command": serving.get("command"),
        "args": runtime_args(serving),
        "replicas": version.floor.pods,
        "requests": sorted(serving["requests"].items()),
        "limits": sorted(serving["limits"].items()),
        "run_as": list(serving.get("runAs", {}).items()),
        **scheduling_context(serving),
        **probe_context(serving),
        "deadline": fetch_seconds(serving) + startup_seconds(serving) + _SECONDS_BEFORE_START,
        "lifecycle": lifecycle(serving),
        "grace": grace_seconds(serving),
        "volumes": [*volumes_of(serving), *fetch_volumes(serving)],
        "mounts": [*mounts_of(serving), *fetch_mounts(serving)],
        "env": [(name, _literal(value)) for name, value in env],
        # The cluster's ExternalSecret writes a Secret of its own name.
        "secret": object_name(view.name),
        # A tuple each, so that the origin of a secret is found by its name (see origin_at).
        "secrets": [(name,) for name in sorted(view.access.get("secrets", {}))],
        **fetch_context(view, version, _literal),
        # Behind both, because Kubernetes replaces $(NAME) only by variables in front.
        "variables": sorted({**serving.get("env", {}), **runtime_variables(serving)}.items()),
    }


def _expected(context: Context, serving: Json) -> dict[str, Expected]:
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
                "spec": expected_pod(context, serving),
            },
            "progressDeadlineSeconds": Within(60, max(7200, context["deadline"])),
            **_EXPECTED_UPDATE,
        },
    }


def expected_target(context: Context) -> Expected:
    """What an autoscaler must name: the Deployment of its own version, which has its name."""
    return {"apiVersion": _KIND.api_version, "kind": _KIND.kind, "name": context["name"]}


def _origins(view: ClusterView, version: Running) -> Origins:
    serving, runtime = ("image", "port", "command"), runtime_origins(view.serving)
    return {
        **metadata_origins(version, datadog_origins(version)),
        "selector": selector_origins(version),
        "pod_annotations": {**tracing_origins(version), **metrics_origins()},
        "pod_labels": _pod_label_origins(version),
        "service_account": NAME,
        **{name: in_spec("serving", name) for name in serving},
        **{name: in_spec("serving", "resources", name) for name in ("requests", "limits")},
        "replicas": in_spec("serving", *version.floor.field),
        "ports": _named_origins(view.serving, "ports"),
        "run_as": in_spec("serving", "securityContext"),
        **scheduling_origins(),
        **probe_origins(view.serving),
        "deadline": startup_origin() + in_spec("serving", "fetch", "timeout"),
        **termination_origins(),
        **{
            name: {**own, **fetch_volume_origins()[name]}
            for name, own in volume_origins(view.serving).items()
        },
        "env": {
            "MODEL_URI": in_lock(version.version, "source"),
            "MODEL_DIGEST": in_lock(version.version, "digest"),
            "MODEL_VERSION": in_variants(version.version, "version"),
        },
        "secret": NAME,
        "secrets": in_spec("access", "secrets"),
        **fetch_origins(version),
        "args": runtime["args"],
        "variables": {**_named_origins(view.serving, "env"), **runtime["variables"]},
    }


def _named_origins(serving: Json, field: str) -> dict[str, OriginTree]:
    """Of a mapping of the spec that a pod has as a list: of the value of each name."""
    return {name: (None, in_spec("serving", field, name)) for name in serving.get(field, {})}


def _pod_labels(view: ClusterView, version: Running) -> dict[str, str]:
    """By these people and network policies find pods. A new value restarts all of them."""
    identity = view.access.get("identity")
    azure = {_AZURE_POD_LABEL: "true"} if identity and identity["provider"] == "azure" else {}
    return {
        # Not all labels of metadata: only those by which pods are found.
        **selector(view, version),
        "app.kubernetes.io/name": label_value(view.family),
        "app.kubernetes.io/instance": label_value(view.name),
        "app.kubernetes.io/version": label_value(version.version),
        "lockstep.dev/environment": label_value(view.environment),
        "lockstep.dev/tenant": label_value(view.tenant),
        "lockstep.dev/family": label_value(view.family),
        _INJECT: "true",
        **azure,
        **cost_labels(view),
        **datadog_tags(view, version),
    }


def _pod_label_origins(version: Running) -> dict[str, OriginTree]:
    return {
        **selector_origins(version),
        "app.kubernetes.io/name": FAMILY,
        "app.kubernetes.io/instance": NAME,
        "lockstep.dev/environment": ENVIRONMENT,
        "lockstep.dev/tenant": TENANT,
        "app.kubernetes.io/version": in_variants(version.version, "version"),
        "lockstep.dev/family": FAMILY,
        _AZURE_POD_LABEL: in_spec("access", "identity", "provider"),
        **cost_origins(),
        **datadog_origins(version),
    }


def _literal(text: str | None) -> str:
    """Text that Kubernetes passes on as it is: it expands ``$(NAME)`` in a container's env.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return (text or "").replace("$", "$$")


COMPONENT = Component("deployment", _KIND, _files)
