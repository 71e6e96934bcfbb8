"""Who watches what serves in an environment: what ``spec.observability`` says of it.

The readers of components use these; each is empty where the environment has no such part.
"""

from typing import NamedTuple

from lockstep.model.document import value_at
from lockstep.model.fleet import Environment, Family
from lockstep.render.fields import Fields
from lockstep.render.promql import seconds

_HERE = ("spec", "observability")
_PERCENT = ("availability", "percentile")


class FamilyDestination(NamedTuple):
    """The Kubernetes cluster whose Prometheus sees all regions: Argo CD's name, the namespace."""

    name: str
    namespace: str


def read_operator_labels(environment: Environment) -> dict[str, str]:
    """The labels by which the Prometheus Operator selects what is rendered for it, by key.

    Empty where the environment does not say who watches. Raises Unrenderable.
    """
    fields = Fields(environment.document)
    if not fields.has(*_HERE):
        return {}
    return dict(sorted(fields.texts(*_HERE, "labels").items()))


def read_links(environment: Environment, shown: Fields | None) -> dict[str, str]:
    """What alerts link to: ``dashboard``, its path in Grafana, and ``runbooks``, a page's URL.

    ``shown`` are the fields of the cluster whose dashboard it is, if any. Each is there only where
    it is written. Raises Unrenderable.
    """
    found: dict[str, str] = {}
    if shown is not None and shown.has(*_HERE, "dashboard"):
        found["dashboard"] = f"/d/{shown.text(*_HERE, 'dashboard')}"
    fields = Fields(environment.document)
    if fields.has(*_HERE, "runbooks"):
        found["runbooks"] = fields.text(*_HERE, "runbooks")
    return found


def read_namespace(environment: Environment) -> str | None:
    """The namespace of Prometheus in each region; None without observability.

    Raises Unrenderable.
    """
    fields = Fields(environment.document)
    return fields.text(*_HERE, "namespace") if fields.has(*_HERE) else None


def read_destination(environment: Environment) -> FamilyDestination | None:
    """Where families' own objects go; None where the environment has no such place.

    Raises Unrenderable.
    """
    fields = Fields(environment.document)
    if not fields.has(*_HERE, "destination"):
        return None
    return FamilyDestination(fields.text(*_HERE, "destination"), fields.text(*_HERE, "namespace"))


def speaks_for(family: Family, part: str) -> Fields | None:
    """The cluster whose ``spec.observability.<part>`` counts for its family; None without one.

    One that has the family's default where there is one, and else the first: what each cluster
    names for itself must not be lost where the family names nothing. That clusters name the same
    is for rules to judge.
    """
    default = value_at(family.document.value, ("spec", "defaults", *_HERE[1:], part))
    named = [cluster for cluster in family.clusters if Fields(cluster).has(*_HERE, part)]
    kept = [each for each in named if value_at(each.effective, (*_HERE, part)) == default]
    return next((Fields(cluster) for cluster in (*kept, *named)), None)


def read_objective(fields: Fields) -> dict[str, str]:
    """The service level objective of a cluster, as decimal texts: 99.9 as ``99.9``.

    ``availability`` and ``percentile`` are in percent, ``latency`` in seconds; each is there where
    the spec has it. Raises Unrenderable.
    """
    here = (*_HERE, "slo")
    found = {name: fields.number(*here, name) for name in _PERCENT if fields.has(*here, name)}
    if fields.has(*here, "latency"):
        try:
            found["latency"] = seconds(fields.text(*here, "latency"))
        except ValueError as error:
            fields.fail((*here, "latency"), "render.input", str(error), "write it like 500ms")
    return found
