"""What caused a part of a rendered object that is known by its kind and name only."""

from collections.abc import Iterator

from lockstep.model.document import from_json_pointer, value_at
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.render.fields import Unrenderable
from lockstep.render.folder import Templates
from lockstep.render.inputs import (
    view_cluster,
    view_environment,
    view_family,
    view_places,
    view_tenants,
)
from lockstep.render.parse import Unreadable, parse_manifest
from lockstep.render.targets.base import ManifestFile, files_of
from lockstep.render.targets.kubernetes.target import KUBERNETES
from lockstep.render.templates import TemplateFailure
from lockstep.render.trace.origin_lookup import OriginLookup
from lockstep.render.trace.trace import Trace, Tracer

# A rule writes the pointer, so it can have any length.
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

    Without ``cluster`` it is an object of the whole family; without ``cluster`` and ``family`` one
    of the environment or of a tenant. A pointer that leads nowhere counts for its nearest parent;
    an object that no component writes, or that cannot be rendered, for the whole spec. Raises
    nothing. It renders the objects again: call it for findings only, with the templates that the
    object was rendered with.
    """
    lookup = OriginLookup(environment, family, cluster)
    for component, file in rendered_files(cluster, family, environment):
        if component not in templates.texts.sources:
            continue
        try:
            text = templates.texts.write(component, file.context)
            # Most files are another object: a search of the text spares parsing them.
            manifest = parse_manifest(text) if kind in text and name in text else {}
        # Rendering reports that. Another component may still write the object.
        except (TemplateFailure, Unreadable):
            continue
        if manifest.get("kind") == kind and value_at(manifest, ("metadata", "name")) == name:
            place = from_json_pointer(pointer[:_LONGEST], manifest)
            return Tracer(component, file, templates.texts, lookup).at(place)
    return Trace(lookup.whole_spec)


def rendered_files(
    cluster: Cluster | None, family: Family | None, environment: Environment
) -> Iterator[tuple[str, ManifestFile]]:
    """Each file of a cluster, of a whole family, or of an environment and its tenants.

    Each with its component's name; which of the three, says what is not None.

    Where the specs cannot be rendered it ends early; rendering reports that.
    """
    try:
        if cluster and family:
            yield from files_of(KUBERNETES.cluster, view_cluster(cluster, family, environment))
        elif family:
            if (view := view_family(family, environment)) is not None:
                yield from files_of(KUBERNETES.family, view)
        elif not cluster:
            yield from files_of(KUBERNETES.environment, view_environment(environment))
            for tenant in view_tenants(environment):
                yield from files_of(KUBERNETES.tenant, tenant)
            for place in view_places(environment):
                yield from files_of(KUBERNETES.place, place)
    except Unrenderable:
        return
