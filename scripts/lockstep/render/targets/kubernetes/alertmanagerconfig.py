"""The AlertmanagerConfigs of a cluster and of a family: who is paged by their alerts.

The operator adds the namespace of the object to what an alert must have, so alerts carry one.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    FAMILY,
    NAME,
    expected_metadata,
    family_metadata,
    family_metadata_origins,
    metadata,
    metadata_origins,
    with_labels,
)
from lockstep.render.targets.kubernetes.paging import (
    ROUTE_WAVE,
    expected_paging,
    paging_context,
    paging_origins,
    selected_origins,
)
from lockstep.render.targets.origins import Origins
from lockstep.render.view import ClusterView, FamilyView

KIND = ObjectKind("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig")


View = TypeVar("View", ClusterView, FamilyView)


def _files(view: ClusterView) -> Files:
    """One where the cluster names PagerDuty's routing key and the environment an Alertmanager."""
    matchers = {"lockstep_environment": view.environment, "lockstep_cluster": view.name}
    return _file(view, metadata, matchers, _origins)


def _family_files(view: FamilyView) -> Files:
    """One where a cluster of the family names a routing key and the environment an Alertmanager."""
    matchers = {"lockstep_environment": view.environment, "lockstep_family": view.name}
    return _file(view, family_metadata, matchers, _family_origins)


def _file(
    view: View,
    shared: Callable[[View], Context],
    matchers: dict[str, str],
    origins: Callable[[dict[str, str]], Origins],
) -> Files:
    paging = view.observability.get("paging")
    if paging is not None:
        labels = paging["labels"]
        context = {**with_labels(shared(view), labels), **paging_context(paging, matchers)}
        expected, traced = _expected(context), partial(origins, labels)
        yield ManifestFile("alertmanagerconfig.yaml", context, expected, traced)


def _expected(context: Context) -> dict[str, Expected]:
    return {
        "metadata": expected_metadata(context, wave=ROUTE_WAVE),
        "spec": expected_paging(context),
    }


def _origins(labels: dict[str, str]) -> Origins:
    return {
        **metadata_origins(further=selected_origins(labels)),
        "matchers": {
            "lockstep_environment": (None, ENVIRONMENT),
            "lockstep_cluster": (None, NAME),
        },
        **paging_origins(),
    }


def _family_origins(labels: dict[str, str]) -> Origins:
    return {
        **family_metadata_origins(selected_origins(labels)),
        "matchers": {
            "lockstep_environment": (None, ENVIRONMENT),
            "lockstep_family": (None, FAMILY),
        },
        **paging_origins(),
    }


COMPONENT = Component("alertmanagerconfig", KIND, _files)
FAMILY_COMPONENT = Component("alertmanagerconfig", KIND, _family_files)
"""With the same template: a family's alerts go where those of its clusters go."""
