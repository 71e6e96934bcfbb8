"""The AppProject of a tenant: what its Applications may apply, from where, and to where."""

from functools import partial

from lockstep.render.names import label_value, object_name
from lockstep.render.targets.base import Component, Context, Files, ManifestFile, ObjectKind
from lockstep.render.targets.expected import Expected
from lockstep.render.targets.kubernetes.git_source import git_source, git_source_origins
from lockstep.render.targets.kubernetes.metadata import ENVIRONMENT, expected_metadata
from lockstep.render.targets.origins import Origins, in_environment
from lockstep.render.view import TenantView

_WAVE = -2
_MADE_BY_WORKLOADS = (("apps", "ReplicaSet"), ("", "Pod"))
"""What Deployments make. Without them Argo CD shows neither pods nor their logs; they allow nothing
new, because a Deployment may have any pods."""


def project_name(environment: str, tenant: str) -> str:
    """The name of a tenant's AppProject: Argo CD keeps those of all environments in one place."""
    return object_name(environment, tenant)


def _files(view: TenantView) -> Files:
    """One for the tenant."""
    labels = {
        "app.kubernetes.io/managed-by": "lockstep",
        "lockstep.dev/environment": label_value(view.environment),
        "lockstep.dev/tenant": label_value(view.name),
    }
    context = {
        "name": project_name(view.environment, view.name),
        "namespace": view.argocd.namespace,
        "labels": sorted(labels.items()),
        "description": f"Tenant {view.name} in {view.environment}",
        "repo_url": git_source(view)["repo_url"],
        "namespaces": list(view.namespaces),
        "destinations": list(view.destinations),
        "kinds": sorted({*view.kinds, *_MADE_BY_WORKLOADS}),
    }
    yield ManifestFile("appproject.yaml", context, _expected(context), partial(_origins, view))


def _expected(context: Context) -> dict[str, Expected]:
    """Nothing else: a sync window would stop rollbacks, and a role would let others sync."""
    places = [
        {"name": destination, "namespace": namespace}
        for destination in context["destinations"]
        for namespace in context["namespaces"]
    ]
    return {
        "metadata": {
            # Before the Applications that belong to it.
            **expected_metadata(context, wave=_WAVE),
            # These and no others: no rule evaluates the objects of a tenant.
            "labels": dict(context["labels"]),
            "annotations": {"argocd.argoproj.io/sync-wave": str(_WAVE)},
            # Argo CD keeps it until no Application is left in it: none could go without it.
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "description": context["description"],
            "sourceRepos": [context["repo_url"]],
            "destinations": places,
            # The tenant's own namespaces only.
            "clusterResourceWhitelist": [
                {"group": "", "kind": "Namespace", "name": namespace}
                for namespace in context["namespaces"]
            ],
            "namespaceResourceWhitelist": [
                {"group": group, "kind": kind} for group, kind in context["kinds"]
            ],
        },
    }


def _origins(view: TenantView) -> Origins:
    tenant = ("spec", "tenants", view.index)
    name = in_environment(*tenant, "name")
    shared = git_source_origins()
    return {
        "name": ENVIRONMENT + name,
        "namespace": shared["namespace"],
        "labels": {"lockstep.dev/environment": ENVIRONMENT, "lockstep.dev/tenant": name},
        "description": name + ENVIRONMENT,
        "repo_url": shared["repo_url"],
        "namespaces": in_environment(*tenant, "namespaces"),
        "destinations": in_environment("spec", "regions"),
    }


COMPONENT = Component("appproject", ObjectKind("argoproj.io/v1alpha1", "AppProject"), _files)
