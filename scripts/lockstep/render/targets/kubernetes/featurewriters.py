"""The NetworkPolicy of a cluster that writes features: its pods reach the writers of production.

The policy of the namespace denies that to all; this one allows it to the versions of the cluster
but those of an arm that learns from live data: what such an arm answers must not become the data
of the next production version. A policy can only allow, so the arm is left out of the selector.
"""

from functools import partial

from lockstep.render.names import label_value, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.metadata import (
    NAME,
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_variants
from lockstep.render.view import ClusterView


def _files(view: ClusterView) -> Files:
    """One for a cluster that writes features, where the environment names their writers."""
    if "featureWriters" in view.network:
        learning = [each.version for each in view.running if each.learners]
        context = {
            **metadata(view),
            "name": object_name(view.name, "feature-writers"),
            "cluster": label_value(view.name),
            "learning": [label_value(version) for version in learning],
            "egress": view.network["featureWriters"],
        }
        origins = partial(_origins, view, learning)
        yield ManifestFile("networkpolicy.yaml", context, _expected(context), origins)


def _expected(context: Context) -> dict[str, Expected]:
    pods: dict[str, Expected] = {"matchLabels": {"lockstep.dev/cluster": context["cluster"]}}
    if context["learning"]:
        others = {
            "key": "lockstep.dev/version", "operator": "NotIn", "values": context["learning"],
        }  # fmt: skip
        pods["matchExpressions"] = [others]
    return {
        # Before the pods that need it.
        "metadata": expected_metadata(context, wave=-2),
        "spec": {"podSelector": pods, "policyTypes": ["Egress"], "egress": context["egress"]},
    }


def _origins(view: ClusterView, learning: list[str]) -> Origins:
    return {
        **metadata_origins(),
        "cluster": NAME,
        "name": NAME,
        "learning": [in_variants(version, "version") for version in learning],
        "egress": view.network_origins["featureWriters"],
    }


COMPONENT = Component("featurewriters", ObjectKind("networking.k8s.io/v1", "NetworkPolicy"), _files)
