"""The Service of a cluster: all its pods, whatever version they serve."""

from lockstep.render.names import label_value
from lockstep.render.targets.base import Component, Files, ManifestFile
from lockstep.render.targets.kubernetes.metadata import NAME, metadata, metadata_origins
from lockstep.render.targets.origins import Origins
from lockstep.render.view import ClusterView


def _files(view: ClusterView) -> Files:
    """One for the cluster: the VirtualService decides which version a request reaches."""
    context = {**metadata(view), "cluster": label_value(view.name)}
    yield ManifestFile("service.yaml", context, _origins)


def _origins() -> Origins:
    return {**metadata_origins(), "cluster": NAME}


COMPONENT = Component("service", _files)
