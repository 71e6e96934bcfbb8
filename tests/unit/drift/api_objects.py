"""What an API makes of a manifest: defaults, status and bookkeeping that git never says."""

from copy import deepcopy
from typing import Any

Object = dict[str, Any]

_POD: dict[str, Any] = {
    "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
}  # fmt: skip
_CONTAINER: dict[str, Any] = {
    "imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}  # fmt: skip
_PROBE: dict[str, Any] = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}


def stored(manifest: Object, uid: str = "") -> Object:
    """The object as an API gives it back: more fields, other ways to write some values."""
    made = deepcopy(manifest)
    made["metadata"] |= {
        "uid": uid or f"uid-{made['kind']}-{made['metadata']['name']}",
        "resourceVersion": "4711", "generation": 2, "creationTimestamp": "2026-03-01T08:00:00Z",
        "managedFields": [{"manager": "argocd-controller", "fieldsV1": {"f:spec": {}}}],
    }  # fmt: skip
    made["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = "x:y"
    made["status"] = {"observedGeneration": 2}
    if made["kind"] == "Deployment":
        _deployment(made["spec"])
    if made["kind"] == "Service":
        made["spec"] |= {
            "clusterIP": "10.96.0.7", "ipFamilies": ["IPv4"], "sessionAffinity": "None",
        }  # fmt: skip
        for port in made["spec"]["ports"]:
            port.setdefault("nodePort", 30001)
    return made


def _deployment(spec: Object) -> None:
    pod = spec["template"]["spec"]
    for key, value in _POD.items():
        pod.setdefault(key, value)
    pod.setdefault("serviceAccount", pod["serviceAccountName"])
    for container in (*pod.get("initContainers", []), *pod["containers"]):
        for key, value in _CONTAINER.items():
            container.setdefault(key, value)
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            for key, value in _PROBE.items():
                container.get(name, {}).setdefault(key, value)
        _rewritten(container)


def _rewritten(container: Object) -> None:
    """Amounts in the API's own form, and texts that are empty left out."""
    for amounts in container.get("resources", {}).values():
        if amounts.get("cpu") == "1":
            amounts["cpu"] = "1000m"
        if amounts.get("memory") == "1Gi":
            amounts["memory"] = "1024Mi"
    for variable in container.get("env", []):
        if variable.get("value") == "":
            del variable["value"]
