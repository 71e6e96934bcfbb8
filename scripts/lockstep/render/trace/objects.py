"""What caused a part of a rendered object that is known by its kind and name only."""

from collections.abc import Iterable, Iterator

from lockstep.model.document import from_json_pointer, value_at
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.render.fields import Unrenderable
from lockstep.render.folder import Templates
from lockstep.render.inputs import view_cluster, view_environment
from lockstep.render.parse import Unreadable, parse_manifest
from lockstep.render.targets.kubernetes.manifests import (
    CLUSTER_COMPONENTS,
    ENVIRONMENT_COMPONENTS,
    Component,
    View,
)
from lockstep.render.templates import TemplateFailure
from lockstep.render.trace.origin_lookup import Authors
from lockstep.render.trace.trace import Part, Trace, Tracer

_LONGEST = 2000
"""Characters of a pointer that are read."""


def trace_object(
    cluster: Cluster | None,
    family: Family | None,
    environment: Environment,
    templates: Templates,
    kind: str,
    name: str,
    pointer: str,
) -> Trace:
    """What caused the value at a JSON pointer of a cluster's object: kind and metadata.name.

    Without ``cluster`` and ``family`` it is an object of the environment's own folder. A pointer
    that leads nowhere counts for its nearest parent; an object that nobody writes, or that cannot
    be rendered, for the whole spec. Raises nothing. It renders the cluster again: call it for
    findings only, with the templates that the object was rendered with.
    """
    authors = Authors(environment, family, cluster)
    for part in _parts(cluster, family, environment):
        if part.component not in templates.texts.sources:
            continue
        try:
            text = templates.texts.write(part.component, part.context)
            manifest = parse_manifest(text) if kind in text and name in text else {}
        except (TemplateFailure, Unreadable):
            continue
        if manifest.get("kind") == kind and value_at(manifest, ("metadata", "name")) == name:
            place = from_json_pointer(pointer[:_LONGEST], manifest)
            return Tracer(part, templates.texts, authors).at(place)
    return Trace(authors.whole)


def _parts(
    cluster: Cluster | None, family: Family | None, environment: Environment
) -> Iterator[Part]:
    try:
        if cluster and family:
            view = view_cluster(cluster, family, environment)
            yield from _parts_of(CLUSTER_COMPONENTS, view)
        elif not cluster:
            yield from _parts_of(ENVIRONMENT_COMPONENTS, view_environment(environment))
    except Unrenderable:
        return


def _parts_of(components: Iterable[Component[View]], view: View) -> Iterator[Part]:
    for component in components:
        for file, context in component.parts(view):
            yield Part.of(component, view, file, context)
