"""Where the pods of a version run: over zones and nodes, and on which nodes."""

from collections.abc import Mapping

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import Expected, Has
from lockstep.render.targets.kubernetes.affinity import require_conditions, require_tolerations
from lockstep.render.targets.origins import OriginTree, in_spec

_SERVING = ("spec", "serving")

# What a spec has as a Deployment's pods have it: the name in the context, by the field.
_TEXTS: Mapping[str, str] = {
    "priorityClassName": "priority_class", "runtimeClassName": "runtime_class",
}  # fmt: skip
_STRUCTURES: Mapping[str, str] = {
    "nodeSelector": "node_selector", "affinity": "affinity", "tolerations": "tolerations",
    "imagePullSecrets": "pull_secrets",
}  # fmt: skip
_OF_POD = {**_TEXTS, **_STRUCTURES}


def read_scheduling(fields: Fields) -> dict[str, Json]:
    """What a serving says about its nodes, where the spec has it. Raises Unrenderable."""
    require_conditions(fields)
    require_tolerations(fields)
    found: dict[str, Json] = {}
    if fields.has(*_SERVING, "zones"):
        found["zones"] = fields.integer(*_SERVING, "zones")
    for name in ("whenUnsatisfiable", *_TEXTS):
        if fields.has(*_SERVING, name):
            found[name] = fields.text(*_SERVING, name)
    for name in _STRUCTURES:
        if fields.has(*_SERVING, name):
            found[name] = fields.plain(*_SERVING, name)
    return found


def scheduling_context(serving: Json) -> Context:
    """The part of a pod's context that says where it runs."""
    given: Context = {name: serving.get(field) for field, name in _OF_POD.items()}
    return {**given, "spread": _spread(serving)}


def _spread(serving: Json) -> list[tuple[str, str, int | None]]:
    """Label of nodes, what happens otherwise, and the fewest values of the label.

    Over zones only a preference, unless the spec says otherwise: after the loss of a zone its pods
    have to run elsewhere, and a pod that must not could block a rollback. Over nodes always a
    preference, because there can be fewer nodes than pods.
    """
    spread: list[tuple[str, str, int | None]] = []
    if (zones := serving.get("zones", 1)) > 1:
        when = serving.get("whenUnsatisfiable", "ScheduleAnyway")
        # Kubernetes allows the number only where a pod has to wait.
        least = zones if when == "DoNotSchedule" else None
        spread.append(("topology.kubernetes.io/zone", when, least))
    return [*spread, ("kubernetes.io/hostname", "ScheduleAnyway", None)]


def expected_scheduling(context: Context) -> dict[str, Expected]:
    """What must hold of the pods' nodes; what the spec does not say is for the rules.

    A template may add further taints, Secrets and constraints: template-additions and
    secret-references evaluate them.
    """
    spread = [_expected_spread(context, *each) for each in context["spread"]]
    expected: dict[str, Expected] = {"topologySpreadConstraints": Has(spread)}
    for field, name in _OF_POD.items():
        if (value := context[name]) is not None:
            expected[field] = Has(value) if isinstance(value, list) else value
    return expected


def _expected_spread(context: Context, key: str, when: str, least: int | None) -> Json:
    constraint = {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": when,
        "labelSelector": {"matchLabels": dict(context["selector"])},
        # Each change of the pods is spread by itself, without those that it replaces.
        "matchLabelKeys": ["pod-template-hash"],
    }
    return constraint if least is None else {**constraint, "minDomains": least}


def scheduling_origins() -> dict[str, OriginTree]:
    """The origins of ``scheduling_context``."""
    given = {name: in_spec("serving", field) for field, name in _OF_POD.items()}
    zone = (None, in_spec("serving", "whenUnsatisfiable"), in_spec("serving", "zones"))
    return {**given, "spread": {"topology.kubernetes.io/zone": zone}}
