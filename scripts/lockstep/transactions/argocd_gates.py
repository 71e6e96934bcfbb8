"""What gates of the source argocd hold Argo CD's answers against: the repository that it syncs."""

import threading
from collections.abc import Iterable
from datetime import datetime

from lockstep.edges.git import Git
from lockstep.edges.git.objects import is_object_id
from lockstep.gate_sources.argocd import (
    ArgocdContext,
    ArgocdGates,
    FolderFacts,
    WantedApplication,
)
from lockstep.model.document import value_at
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Question
from lockstep.render.names import cluster_folder
from lockstep.spec.yaml.load import load_yaml
from lockstep.transactions.snapshot import Snapshot

_MANIFEST = "application.yaml"


def argocd_gates(git: Git, snapshot: Snapshot) -> ArgocdGates:
    """The gate source for the decisions that are made on a snapshot."""
    repository = SyncedRepository(git, snapshot)
    return ArgocdGates(ArgocdContext(repository.server, repository.wanted, repository.facts))


class SyncedRepository:
    """What one snapshot says of the clusters' folders; threads may share it."""

    def __init__(self, git: Git, snapshot: Snapshot) -> None:
        self._git, self._snapshot = git, snapshot
        self._moves: dict[str, tuple[str, datetime]] = {}
        self._reading = threading.Lock()

    def server(self, environment: str) -> str:
        """The address that environment.yaml names; empty where it names none."""
        spec = self._snapshot.heads.environments[environment].spec
        return str(value_at(spec, ("argocd", "server"), ""))

    def wanted(self, question: Question) -> WantedApplication:
        """The Application in the cluster's folder at the tip."""
        path = f"{_folder(question)}/{_MANIFEST}"
        files = self._git.read_tree(self._snapshot.base, [path])
        document = load_yaml(path, files[path])[0] if path in files else None
        name = value_at(document.value, ("metadata", "name")) if document else None
        namespace = value_at(document.value, ("metadata", "namespace")) if document else None
        spec = value_at(document.value, ("spec",)) if document else None
        if not (isinstance(name, str) and isinstance(namespace, str) and isinstance(spec, dict)):
            text = "the followed branch has no Application of this cluster"
            raise LockstepError(
                text, where=path, fix="run lockstep render, and commit what it writes"
            )
        return WantedApplication(name, namespace, spec)

    def facts(self, question: Question, revisions: Iterable[str]) -> FolderFacts:
        """The folder of the cluster at the tip and at each revision that this clone has."""
        moved_by, moved_at = self._moved(question.moved_in)
        folder, trees, moved = _folder(question), {}, set[str]()
        changed_by = self._git.changed_by(folder, self._snapshot.base) or moved_by
        since = (moved_by, changed_by)
        for revision in sorted(set(revisions)):
            # Argo CD is asked, not believed: a name could be any expression of git's.
            if not is_object_id(revision) or self._git.resolve(revision) != revision:
                continue
            trees[revision] = self._tree(revision, folder)
            if all(self._git.is_ancestor(each, revision) for each in dict.fromkeys(since)):
                moved.add(revision)
        wanted = self._tree(self._snapshot.base, folder)
        at = max(moved_at, self._git.committed_at(changed_by))
        return FolderFacts(wanted, moved_by, changed_by, at, trees, frozenset(moved))

    def _moved(self, record: str) -> tuple[str, datetime]:
        """The commit that brought a record to the followed branch, and when it was made."""
        with self._reading:  # the clusters of a family move together
            if record not in self._moves:
                commit = self._git.brought_by(record, self._snapshot.base)
                if commit is None:
                    raise LockstepError(
                        "the commit that brought this record is not in this clone", where=record,
                        fix="fetch the whole history of the followed branch (fetch-depth: 0)",
                    )  # fmt: skip
                self._moves[record] = commit, self._git.committed_at(commit)
            return self._moves[record]

    def _tree(self, commit: str, folder: str) -> str:
        return self._git.object_ids(commit, [folder]).get(folder, "")


def _folder(question: Question) -> str:
    return cluster_folder(question.environment, question.cluster)
