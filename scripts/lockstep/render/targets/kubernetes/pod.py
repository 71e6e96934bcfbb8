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
    Guarded,
    IfAny,
)
from lockstep.render.targets.kubernetes.fetch import (
    expected_fetch_volumes,
    expected_fetcher,
    expected_further_mounts,
    expected_message_path,
    expected_model_variables,
    expected_other_mounts,
)
from lockstep.render.targets.kubernetes.ports import HTTP
from lockstep.render.targets.kubernetes.probes import expected_probes
from lockstep.render.targets.kubernetes.scheduling import expected_scheduling
from lockstep.render.targets.kubernetes.termination import expected_grace, expected_lifecycle
from lockstep.render.targets.kubernetes.volumes import expected_mount

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


def expected_pod(context: Context, serving: Json) -> dict[str, Expected]:
    """What must hold of a pod's ``spec``, of the context of a Deployment and the serving."""
    helper = _expected_helper(context)
    pod: dict[str, Expected] = {
        **_FREE_IN_POD,
        **_DEFAULTS_OF_POD,
        **expected_scheduling(context),
        "terminationGracePeriodSeconds": expected_grace(context, serving),
        "serviceAccountName": context["service_account"],
        # The old name of the same field.
        "serviceAccount": IfAny(context["service_account"]),
        "automountServiceAccountToken": False,
        "containers": ByName({"model": _expected_model(context, serving)}, helper),
        "initContainers": ByName(
            expected_fetcher(context), {**helper, "restartPolicy": IfAny("Always")}
        ),
    }
    # Guarded: pod-security evaluates what else is there.
    if context["run_as"]:
        pod["securityContext"] = Guarded(dict(context["run_as"]))
    if context["volumes"]:
        volumes = {name: {"name": name, kind: each} for name, kind, each in context["volumes"]}
        pod["volumes"] = ByName({**volumes, **expected_fetch_volumes(context)})
    return pod


def _expected_model(context: Context, serving: Json) -> dict[str, Expected]:
    """The container that serves the model; which one, its three variables say."""
    env: dict[str, Expected] = {
        name: {"name": name, "value": value} for name, value in context["env"]
    }
    for (key,) in context["secrets"]:
        reference = {"name": context["secret"], "key": key}
        env[key] = {"name": key, "valueFrom": {"secretKeyRef": reference}}
    env |= {name: {"name": name, "value": value} for name, value in context["variables"]}
    ports = {
        name: {**_PORT, "name": name, "containerPort": number, "protocol": IfAny("TCP")}
        for name, number in ((HTTP, context["port"]), *context["ports"])
    }
    model = {
        **_FREE_IN_CONTAINER,
        "name": "model",
        "image": context["image"],
        "ports": ByName(ports),
        "env": ByName({**env, **expected_model_variables(context)}),
        "resources": {name: dict(context[name]) for name in ("requests", "limits")},
        "lifecycle": expected_lifecycle(serving),
        "terminationMessagePath": expected_message_path(context),
        **expected_probes(context, serving),
    }
    model |= {name: context[name] for name in ("command", "args") if context[name] is not None}
    if context["mounts"]:
        mounts = {each[0]: expected_mount(*each) for each in context["mounts"]}
        model["volumeMounts"] = ByName(mounts, expected_further_mounts(context))
    return model


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
