"""What must hold of the pods of a version, and what a template may choose in them.

Fields that rules evaluate are free here, so that a waiver can allow them: security contexts, the
node's namespaces, volumes, tolerations, priority and runtime classes, images and amounts of other
containers.
"""

from lockstep.model.document import Json
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import (
    FREE,
    AnyBut,
    ByName,
    Each,
    Expected,
    Has,
    IfAny,
    OneOf,
    Within,
)
from lockstep.render.targets.kubernetes.fetch import (
    expected_fetcher,
    expected_model_mounts,
    expected_model_variables,
    expected_other_mounts,
    expected_volume,
)

# Rules: pod-security, secret-references, template-additions.
_FREE_IN_POD: dict[str, Expected] = dict.fromkeys(
    (
        "securityContext", "hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace",
        "imagePullSecrets", "volumes", "tolerations", "priorityClassName", "runtimeClassName",
        # Among the nodes whose taints a pod tolerates.
        "affinity", "nodeSelector", "enableServiceLinks",
    ),
    FREE,
)  # fmt: skip

# Any other value goes past the scheduler, name resolution or the kernel's isolation that the
# platform has chosen.
_DEFAULTS_OF_POD: dict[str, Expected] = {
    "schedulerName": IfAny("default-scheduler"),
    "restartPolicy": IfAny("Always"),
    "dnsPolicy": IfAny("ClusterFirst"),
    "dnsConfig": {"options": FREE},
    # With false, root in a container is not root on the node.
    "hostUsers": IfAny(False),
    "preemptionPolicy": IfAny("Never"),
    # Without any time, requests are lost; with too much, a pod never goes.
    "terminationGracePeriodSeconds": Within(1, 600),
}

# What a container does is up to its image, which rules allow or not. pod-security evaluates the
# hosts of probes and hooks, secret-references what its variables read.
_FREE_IN_CONTAINER: dict[str, Expected] = dict.fromkeys(
    (
        "command", "args", "workingDir", "envFrom", "volumeMounts", "lifecycle", "livenessProbe",
        "startupProbe", "securityContext", "imagePullPolicy", "terminationMessagePath",
        "terminationMessagePolicy",
    ),
    FREE,
)  # fmt: skip

_PORT: dict[str, Expected] = dict.fromkeys(
    ("name", "containerPort", "protocol", "hostPort", "hostIP"), FREE
)


def expected_pod(context: Context) -> dict[str, Expected]:
    """What must hold of a pod's ``spec``, of the context of a Deployment."""
    zones = context["zones"]
    helper = _expected_helper(context)
    return {
        **_FREE_IN_POD,
        **_DEFAULTS_OF_POD,
        "serviceAccountName": context["service_account"],
        # The old name of the same field.
        "serviceAccount": IfAny(context["service_account"]),
        "automountServiceAccountToken": False,
        "topologySpreadConstraints": FREE if zones is None else Has([_spread(context)]),
        "containers": ByName({"model": _expected_model(context)}, helper),
        "initContainers": ByName(
            expected_fetcher(context), {**helper, "restartPolicy": IfAny("Always")}
        ),
        "volumes": expected_volume(context),
    }


def _expected_model(context: Context) -> dict[str, Expected]:
    """The container that serves the model; which one, its three variables say."""
    env: dict[str, Expected] = {
        name: {"name": name, "value": value} for name, value in context["env"]
    }
    for (key,) in context["secrets"]:
        reference = {"name": context["secret"], "key": key}
        env[key] = {"name": key, "valueFrom": {"secretKeyRef": reference}}
    port = {**_PORT, "name": "http", "containerPort": context["port"], "protocol": IfAny("TCP")}
    return {
        **_FREE_IN_CONTAINER,
        "name": "model",
        "image": context["image"],
        "ports": ByName({"http": port}),
        "env": ByName({**env, **expected_model_variables(context)}),
        "volumeMounts": expected_model_mounts(context),
        "resources": {name: dict(context[name]) for name in ("requests", "limits")},
        "readinessProbe": _expected_readiness(context),
    }


def _expected_readiness(context: Context) -> dict[str, Expected]:
    """Without it pods would get requests before they can answer, or after they cannot."""
    request = {
        "path": context["health"],
        "port": OneOf(["http", context["port"]]),
        "scheme": IfAny("HTTP"),
    }
    return {
        "httpGet": {**request, "host": FREE, "httpHeaders": FREE},
        "initialDelaySeconds": Within(0, 600),
        "periodSeconds": Within(1, 60),
        "timeoutSeconds": Within(1, 60),
        "successThreshold": Within(1, 10),
        "failureThreshold": Within(1, 10),
    }


def _expected_helper(context: Context) -> dict[str, Expected]:
    """A container that a template adds: not one that gets the requests in place of the model."""
    # The Service sends requests to the first container that has a port of this name.
    port = {**_PORT, "name": AnyBut("http"), "containerPort": AnyBut(context["port"])}
    return {
        **_FREE_IN_CONTAINER,
        **dict.fromkeys(("image", "env", "readinessProbe"), FREE),
        "volumeMounts": expected_other_mounts(context),
        # Rules take a container of this name for the one that the spec describes.
        "name": AnyBut("model"),
        "ports": Each(port),
        # No claims, which are for devices.
        "resources": dict.fromkeys(("requests", "limits"), FREE),
    }


def _spread(context: Context) -> Json:
    return {
        "maxSkew": 1,
        "minDomains": context["zones"],
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": dict(context["selector"])},
        "matchLabelKeys": ["pod-template-hash"],
    }
