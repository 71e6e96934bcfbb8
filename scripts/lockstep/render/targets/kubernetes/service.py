"""The Service of a cluster: all its pods, whatever version they serve."""

from lockstep.render.names import label_value
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import ABSENT, Expected, IfAny, Only
from lockstep.render.targets.kubernetes.metadata import (
    NAME,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins
from lockstep.render.view import ClusterView


def _files(view: ClusterView) -> Files:
    """One for the cluster: the VirtualService decides which version a request reaches."""
    context = {**metadata(view), "cluster": label_value(view.name)}
    yield ManifestFile("service.yaml", context, _expected(context), _origins)


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_metadata(context, wave=-1),
        "spec": {
            "selector": Only({"lockstep.dev/cluster": context["cluster"]}),
            # Any other type can be reached past the routes.
            "type": IfAny("ClusterIP"),
            "externalName": ABSENT,
            "externalIPs": ABSENT,
        },
    }


def _origins() -> Origins:
    return {**metadata_origins(), "cluster": NAME}


COMPONENT = Component("service", ObjectKind("v1", "Service"), _files)
