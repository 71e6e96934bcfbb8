"""What ``doctor`` looks at in Argo CD: that it answers, whose token it is, what that may get.

By ``environment.yaml`` on the followed branch as last fetched, and not by the one of the work tree,
which may be a stranger's pull request: it says where the token goes. Only environments that name
their Argo CD are looked at: without a gate on it, nothing asks it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lockstep.argocd.client import ArgocdApi
from lockstep.check.followed import known_tip
from lockstep.check.probing import WARNING, Found, ok, probe_all, warning
from lockstep.edges.git import Git
from lockstep.edges.http import Limits
from lockstep.model.document import value_at
from lockstep.model.errors import LockstepError
from lockstep.model.tool_results import Probe
from lockstep.spec.yaml.load import load_yaml

_LIMITS = Limits(seconds=15.0)
_HEAD, _MANIFEST = "environment.yaml", "application.yaml"


def argocd_probes(root: Path) -> Iterator[Probe]:
    """A probe for the Argo CD of each environment that names one; none outside of a clone."""
    try:
        git = Git.find(root)
        tip = known_tip(git)
        found = list(_environments(git, tip.commit)) if tip else []
    except LockstepError:  # which the probes of the repository say
        return
    yield from probe_all((f"Argo CD of {each.name}", WARNING, each.look) for each in found)


@dataclass(frozen=True)
class _Environment:
    """One environment, its Argo CD, and an Application of it: namespace, project and name."""

    name: str
    server: str
    application: tuple[str, str, str] | None

    def look(self) -> Found:
        """Whether it answers, takes the token, and lets it get an Application."""
        api = ArgocdApi(self.server, self.name, asking=_LIMITS)
        version, account = api.version(), api.account()
        if not account:
            return warning(
                f"{api.url} ({version}) takes the token for nobody's",
                "make a token of an account of Argo CD, as docs/how-to/gates-argocd.md shows",
            )
        said = f"{api.url} ({version}), as {account}"
        if self.application is None:
            return ok(f"{said}; no Application is rendered yet")
        namespace, project, name = self.application
        api.application(name, namespace, project)
        return ok(f"{said}, which may get {namespace}/{name}")


def _environments(git: Git, commit: str) -> Iterator[_Environment]:
    """The environments of a commit that name their Argo CD, by name."""
    for path in sorted(git.files_named(_HEAD, commit, ["clusters"])):
        name = path.split("/")[1]
        server = value_at(_values(git, commit, path), ("spec", "argocd", "server"))
        if isinstance(server, str) and path == f"clusters/{name}/{_HEAD}":
            yield _Environment(name, server, _application(git, commit, name))


def _application(git: Git, commit: str, environment: str) -> tuple[str, str, str] | None:
    folder = f"rendered/{environment}/clusters"
    for path in sorted(git.files_named(_MANIFEST, commit, [folder])):
        manifest = _values(git, commit, path)
        fields = (("metadata", "namespace"), ("spec", "project"), ("metadata", "name"))
        namespace, project, name = (value_at(manifest, field) for field in fields)
        if isinstance(namespace, str) and isinstance(project, str) and isinstance(name, str):
            return namespace, project, name
    return None


def _values(git: Git, commit: str, path: str) -> Mapping[str, object]:
    document = load_yaml(path, git.read_tree(commit, [path])[path])[0]
    return document.value if document and isinstance(document.value, dict) else {}
