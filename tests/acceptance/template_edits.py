"""Edits of one template each, and what is found after them."""

from tests.acceptance.example_fleet import (
    CONTAINERS,
    FAMILY,
    HELPER,
    POD,
    VOLUME,
    WITH_AUTOSCALER,
    ExampleFleet,
    template,
)

Edit = tuple[str, str, str]
"""The component, and what is replaced in its template."""


def found(example: ExampleFleet, edit: Edit) -> dict[str, set[str]]:
    """The files in which each rule finds something, of a spec that has the component's fields."""
    component, old, new = edit
    edits = {template(component): [(old, new)]}
    if component == "horizontalpodautoscaler":
        edits[FAMILY] = [WITH_AUTOSCALER]
    if component == "virtualservice":
        edits[FAMILY] = [("timeout: 2s", "bucketHeader: x-user")]
    if component == "destinationrule":
        breaker = "circuitBreaker: {consecutiveErrors: 5, ejectFor: 30s}"
        edits[FAMILY] = [("timeout: 2s", breaker)]
    return example.found(edits)


def annotated_pod(key: str, value: str = "a") -> Edit:
    old = "{% for key, value in pod_annotations %}\n"
    return "deployment", old, f'        {key}: "{value}"\n{old}'


def labelled_pod(key: str, value: str = "a") -> Edit:
    old = "{% for key, value in pod_labels %}\n"
    return "deployment", old, f'        {key}: "{value}"\n{old}'


def annotated(component: str, key: str, value: str = "a") -> Edit:
    annotations = f'  annotations:\n    {key}: "{value}"\n'
    if component == "applications":  # it has none of its own
        return component, "  labels:\n", f"{annotations}  labels:\n"
    return component, "  annotations:\n", annotations


def labelled(component: str, key: str, value: str = "a") -> Edit:
    return component, "  labels:\n", f'  labels:\n    {key}: "{value}"\n'


def pod(text: str) -> Edit:
    return "deployment", POD, POD + text


def container(text: str) -> Edit:
    return "deployment", "          env:\n", text + "          env:\n"


def helper(place: str = CONTAINERS, *, more: str = "", with_limits: str = "") -> Edit:
    """A container next to the model, or before it."""
    added = HELPER.replace("          resources:\n", more + "          resources:\n")
    if with_limits:
        limits = "            limits:\n"
        added = added.replace(limits, f"{limits}              {with_limits}\n")
    return "deployment", CONTAINERS, place + added + ("" if place == CONTAINERS else CONTAINERS)


def volume(text: str) -> Edit:
    return "deployment", VOLUME, VOLUME + "        - name: a\n" + text


def service(text: str) -> Edit:
    return "service", "  type: ClusterIP\n", "  type: ClusterIP\n" + text


def in_deployment(text: str) -> Edit:
    return "deployment", "  strategy:\n", text + "  strategy:\n"


def autoscaler(text: str) -> Edit:
    return "horizontalpodautoscaler", "  behavior:\n", "  behavior:\n" + text


READINESS = "          readinessProbe:{{ readiness_probe | block(12) }}\n"
LIFECYCLE = "          lifecycle:{{ lifecycle | block(12) }}\n"
GRACE = "      terminationGracePeriodSeconds: {{ grace | quote }}\n"


def readiness(
    path: str = "{{ readiness_probe.httpGet.path | quote }}",
    port: str = "http",
    failures: int = 3,
    more: str = "",
) -> Edit:
    """A readiness that the template itself writes."""
    written = (
        "          readinessProbe:\n            httpGet:\n"
        f"              path: {path}\n              port: {port}\n"
        f"            periodSeconds: 5\n            failureThreshold: {failures}\n{more}"
    )
    return "deployment", READINESS, written
