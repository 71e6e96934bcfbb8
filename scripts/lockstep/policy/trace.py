"""Where a finding about a rendered object belongs: the line that wrote the value."""

from lockstep.model.finding import Finding
from lockstep.policy.findings import Trace
from lockstep.policy.items import PolicyItem
from lockstep.policy.rules import Scope
from lockstep.render import Templates
from lockstep.render.trace.objects import trace_object


def tracer(templates: Templates) -> Trace:
    """Finds what in the spec or in a template wrote a value of a rendered object.

    Each call renders the cluster again: it is for findings only.
    """

    def trace(item: PolicyItem, kind: str, name: str, pointer: str) -> Finding:
        cluster = item.clusters[0] if item.scope is Scope.CLUSTER else None
        family = item.family if cluster else None
        found = trace_object(cluster, family, item.environment, templates, kind, name, pointer)
        return found.finding("", "", "")

    return trace
