"""The ConfigMap with the Grafana dashboard of a family, where Grafana is."""

from functools import partial

from lockstep.model.canonical import canonical_json
from lockstep.model.document import Json
from lockstep.model.fleet import Cluster, Environment, Family
from lockstep.render.dashboard.build import build_dashboard
from lockstep.render.dashboard.shown import ShownCluster, ShownFamily
from lockstep.render.fields import Fields
from lockstep.render.names import object_name
from lockstep.render.observability import read_objective, speaks_for
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    FAMILY,
    expected_metadata,
    family_metadata,
    family_metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_cluster, in_environment
from lockstep.render.view import FamilyView

_OBSERVABILITY = ("spec", "observability")
_FOLDER = (*_OBSERVABILITY, "grafana", "folder")
_SKEW = ("spec", "consistency", "maxVersionSkew")
_BOUNDS = {"accuracy": "baseline", "drift": "max"}
"""The bound of each metric that a cluster may name."""


def read_dashboard(family: Family, environment: Environment) -> dict[str, Json]:
    """What the dashboard of a family needs in addition to its view, as ``dashboard``.

    Nothing where no cluster of the family names a uid. Raises Unrenderable.
    """
    written, whole = Fields(family.document), Fields(environment.document)
    named = speaks_for(family, "dashboard")
    if named is None:
        return {}
    found: dict[str, Json] = {"uid": named.text(*_OBSERVABILITY, "dashboard")}
    if written.has(*_SKEW):
        found["skew"] = written.integer(*_SKEW)
    if whole.has(*_FOLDER):
        found["folder"] = whole.text(*_FOLDER)
    found["clusters"] = list(map(_read_cluster, family.clusters))
    return {"dashboard": found}


def _read_cluster(cluster: Cluster) -> dict[str, Json]:
    """The name of a cluster, and what it is held to where its spec says so: numbers as text."""
    fields = Fields(cluster)
    bounds = {
        name: fields.number(*_OBSERVABILITY, name, bound)
        for name, bound in _BOUNDS.items()
        if fields.has(*_OBSERVABILITY, name, bound)
    }
    return {"name": cluster.name, **read_objective(fields), **bounds}


def _files(view: FamilyView) -> Files:
    """One for the family; none where its spec names no dashboard."""
    given = view.observability.get("dashboard")
    if given is None:
        return
    shared = family_metadata(view)
    # Grafana's sidecar writes all dashboards of a folder side by side, by these names.
    name = object_name(view.environment, view.name, "dashboard")
    context = {
        **shared,
        "name": name,
        "labels": sorted([*shared["labels"], ("grafana_dashboard", "1")]),
        "file": f"{name}.json",
        "dashboard": canonical_json(build_dashboard(_shown(view, given))).decode(),
    }
    if "folder" in given:
        context["folder"] = given["folder"]
    yield ManifestFile("dashboard.yaml", context, _expected(context), partial(_origins, given))


def _shown(view: FamilyView, given: Json) -> ShownFamily:
    return ShownFamily(
        uid=given["uid"],
        environment=view.environment,
        tenant=view.tenant,
        family=view.name,
        skew=given.get("skew", 0),
        clusters=tuple(ShownCluster(**cluster) for cluster in given["clusters"]),
    )


def _expected(context: Context) -> dict[str, Expected]:
    annotations = {"grafana_folder": context["folder"]} if "folder" in context else {}
    return {
        "metadata": expected_metadata(context, wave=0, annotations=annotations),
        "data": {context["file"]: context["dashboard"]},
    }


def _origins(given: Json) -> Origins:
    folder = {"folder": in_environment(*_FOLDER)} if "folder" in given else {}
    return {
        **family_metadata_origins(),
        **folder,
        "name": ENVIRONMENT + FAMILY,
        "file": ENVIRONMENT + FAMILY,
        "dashboard": in_cluster(*_OBSERVABILITY),
    }


COMPONENT = Component("dashboard", ObjectKind("v1", "ConfigMap"), _files)
