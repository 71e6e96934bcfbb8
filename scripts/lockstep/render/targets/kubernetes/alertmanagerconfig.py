"""The AlertmanagerConfig of a cluster: who is paged by its alerts, and who gets a ticket.

The operator adds the namespace of the object to what an alert must have, so alerts carry one.
"""

from functools import partial

from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.metadata import (
    ENVIRONMENT,
    NAME,
    expected_metadata,
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
from lockstep.render.view import ClusterView

KIND = ObjectKind("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig")


def _files(view: ClusterView) -> Files:
    """One where the cluster names PagerDuty's routing key and the environment an Alertmanager."""
    paging = view.observability.get("paging")
    if paging is None:
        return
    matchers = {"lockstep_environment": view.environment, "lockstep_cluster": view.name}
    context = {
        **with_labels(metadata(view), paging["labels"]),
        **paging_context(paging, matchers),
    }
    expected, origins = _expected(context), partial(_origins, paging["labels"])
    yield ManifestFile("alertmanagerconfig.yaml", context, expected, origins)


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


COMPONENT = Component("alertmanagerconfig", KIND, _files)
