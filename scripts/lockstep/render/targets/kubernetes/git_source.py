"""What both kinds of Argo CD Applications share: the project, repository and branch they follow."""

from lockstep.render.place_view import TenantPlaceView
from lockstep.render.targets.base import Context
from lockstep.render.targets.expected import ABSENT, Expected, Has, OneOf
from lockstep.render.targets.origins import OriginTree, in_environment
from lockstep.render.view import ClusterView, EnvironmentView, FamilyView, TenantView

_OF_PROJECTS = ClusterView | FamilyView | TenantPlaceView


def git_source(view: _OF_PROJECTS | EnvironmentView | TenantView) -> Context:
    """Where an Application lives, and what it follows."""
    return {
        "project": view.project if isinstance(view, _OF_PROJECTS) else view.argocd.project,
        "repo_url": view.argocd.repo_url,
        "revision": view.argocd.revision,
        "namespace": view.argocd.namespace,
    }


_SYNC_POLICY: dict[str, Expected] = {
    "automated": {"prune": True, "selfHeal": True},
    # A failed sync is tried again, with the newest commit, until it succeeds: Argo CD would not try
    # the commit of a rollback again after the last of a limited number.
    "retry": {
        "limit": -1,
        "refresh": True,
        "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"},
    },
}
"""What must hold of how every Application is synced."""

# Without these two a rollback waits for a candidate that is not ready, or deletes it before traffic
# has left it. Most others change what is applied.
_OPTIONS = ("ApplyOutOfSyncOnly=true", "PruneLast=true")

# What an autoscaler sets must be undone neither by a sync nor by the next change of a Deployment.
_REPLICAS = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]


def expected_spec(
    context: Context,
    destination: Expected,
    directory: Expected,
    more: Expected = None,
    *,
    namespaces: bool = True,
) -> dict[str, Expected]:
    """What must hold of an Application: no other repository, no program that renders, how it syncs.

    ``destination`` is where it applies the folder, ``directory`` says which of its files count;
    ``more`` is a further part of how it syncs. With ``namespaces`` it may make the namespace that
    it applies to.
    """
    # Only then may anything that is live differ from git.
    autoscaled = context.get("autoscaled", False)
    wanted = [*_OPTIONS, *(["RespectIgnoreDifferences=true"] if autoscaled else [])]
    options = Has(wanted, "CreateNamespace=true" if namespaces else OneOf(wanted))
    return {
        "project": context["project"],
        "source": {
            "repoURL": context["repo_url"],
            "targetRevision": context["revision"],
            "path": context["path"],
            "directory": directory,
        },
        "destination": destination,
        "syncPolicy": {**_SYNC_POLICY, "syncOptions": options, **(more or {})},
        "ignoreDifferences": _REPLICAS if autoscaled else ABSENT,
    }


def git_source_origins() -> dict[str, OriginTree]:
    """The origins of what ``git_source`` gives: all of it is in the environment's file."""
    return {
        "project": in_environment("spec", "argocd", "project"),
        "repo_url": in_environment("spec", "argocd", "repoURL"),
        "revision": in_environment("spec", "argocd", "revision"),
        "namespace": in_environment("spec", "argocd", "namespace"),
    }
