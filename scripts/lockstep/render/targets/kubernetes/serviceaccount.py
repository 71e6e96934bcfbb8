"""The ServiceAccount of a cluster's pods, and the cloud identity that it gives them."""

from lockstep.model.document import Json
from lockstep.render.fields import Fields
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import FREE, Expected
from lockstep.render.targets.kubernetes.metadata import (
    expected_metadata,
    metadata,
    metadata_origins,
)
from lockstep.render.targets.origins import Origins, in_spec
from lockstep.render.view import ClusterView
from lockstep.text.sanitise import quoted

_IDENTITY = ("spec", "access", "identity")
_ANNOTATIONS = {
    "aws": "eks.amazonaws.com/role-arn",
    "gcp": "iam.gke.io/gcp-service-account",
    "azure": "azure.workload.identity/client-id",
}
"""By cloud, the annotation of a ServiceAccount that names an identity of the cloud.

https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
"""


def read_identity(fields: Fields) -> dict[str, Json]:
    """``identity`` of the pods, where the spec has one. Raises Unrenderable."""
    if not fields.has(*_IDENTITY):
        return {}
    identity = {name: fields.text(*_IDENTITY, name) for name in ("provider", "principal")}
    if identity["provider"] not in _ANNOTATIONS:
        fields.fail(
            (*_IDENTITY, "provider"), "render.input",
            f"{quoted(identity['provider'], 80)} is not a cloud whose identities Lockstep knows",
            f"write one of {', '.join(sorted(_ANNOTATIONS))}",
        )  # fmt: skip
    return {"identity": identity}


def _files(view: ClusterView) -> Files:
    """One for the cluster: a new version must keep the identity of the one before it."""
    identity = view.access.get("identity")
    annotations = [(_ANNOTATIONS[identity["provider"]], identity["principal"])] if identity else []
    context = {**metadata(view), "annotations": annotations}
    yield ManifestFile("serviceaccount.yaml", context, _expected(context), _origins)


def _expected(context: Context) -> dict[str, Expected]:
    identity = dict(context["annotations"])
    return {
        "metadata": expected_metadata(context, wave=-2, annotations=identity),
        "automountServiceAccountToken": False,
        # The rule secret-references evaluates these.
        **dict.fromkeys(("secrets", "imagePullSecrets"), FREE),
    }


def _origins() -> Origins:
    principal = in_spec("access", "identity", "principal")
    return {**metadata_origins(), "annotations": dict.fromkeys(_ANNOTATIONS.values(), principal)}


COMPONENT = Component("serviceaccount", ObjectKind("v1", "ServiceAccount"), _files)
