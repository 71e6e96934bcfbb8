"""The Applications and AppProjects: missing, changed, behind git, or kept from syncing."""

from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.differences.fields import FieldDifference
from lockstep.differences.folders import identity_of, items_of, label_of
from lockstep.drift.applications import (
    Healing,
    application_differences,
    command,
    is_automation,
    is_behind,
    is_source,
    out_of_sync,
    short,
    sync_problem,
    synced_revision,
    windows_of,
)
from lockstep.drift.fields import comparison_of, live_differences
from lockstep.drift.hiding import MOST_FIELDS, Hiding
from lockstep.drift.state import MANAGED_LABEL, LiveObjects, LiveState, WantedCluster
from lockstep.model.document import Json, value_at
from lockstep.model.drift import Drift, DriftClass, DriftField, DriftKind

_SEE = "look at it, and at who changed it"


@dataclass(frozen=True)
class ArgocdDrifts:
    """Finds the drifts of one object of Argo CD's; ``healing`` is that of what applies it.

    ``cluster`` is the cluster that an Application is for, None for all other objects.
    """

    environment: str
    destination: str
    argocd: LiveObjects
    state: LiveState
    healing: Healing
    hiding: Hiding
    cluster: WantedCluster | None = None

    def found(self, wanted: Json, own: Healing) -> Iterator[Drift]:
        """The drifts of one object; ``own`` says whether an Application heals what it applies."""
        identity = identity_of(wanted)
        if not self.argocd.knows(identity):
            return
        live = self.argocd.objects.get(identity)
        if live is None:
            yield self._drift(
                wanted, DriftKind.MISSING, self._class(), "it does not exist",
                f"Nothing brings what git says to where it belongs. {self.healing.sentence}.",
                "apply it again if Argo CD does not",
            )  # fmt: skip
        elif identity.kind == "Application":
            yield from self._changed_application(wanted, live)
            yield from self._behind(wanted, live, own)
        else:
            fields = list(live_differences(wanted, live, comparison_of(identity.group)))
            yield from self._changed(wanted, fields)
            yield from self._windows(wanted, live)

    def _changed_application(self, wanted: Json, live: Json) -> Iterator[Drift]:
        fields = list(application_differences(wanted, live))
        source = [each for each in fields if is_source(each)]
        automation = [each for each in fields if is_automation(each)]
        if source:
            yield self._drift(
                wanted, DriftKind.APPLICATION, DriftClass.FAMILY,
                "it syncs something else, or elsewhere, than git says",
                "What the other regions get does not come here: the family no longer moves as one. "
                f"{self.healing.sentence}.", _SEE, self._shown(source),
            )  # fmt: skip
        automated = value_at(live, ("spec", "syncPolicy", "automated"))
        off = isinstance(automated, dict) and automated.get("enabled") is False
        if automation or off:
            shown = self._shown(automation) or (
                DriftField("spec.syncPolicy.automated.enabled", None, False),
            )
            yield self._drift(
                wanted, DriftKind.NOT_AUTOMATED,
                DriftClass.PERSON if off else self._class(), "its automated sync is switched off",
                "The next move of the family, a rollback too, does not come to this region. "
                f"{self.healing.sentence}.", "switch it on again", shown,
            )  # fmt: skip
        yield from self._changed(
            wanted, [each for each in fields if each not in source and each not in automation]
        )

    def _changed(self, wanted: Json, fields: list[FieldDifference]) -> Iterator[Drift]:
        if fields:
            only_more = all(each.before is None for each in fields)
            yield self._drift(
                wanted, DriftKind.CHANGED, DriftClass.PERSON if only_more else self._class(),
                "it differs from git", f"{self.healing.sentence}.", _SEE, self._shown(fields),
            )  # fmt: skip

    def _behind(self, wanted: Json, live: Json, own: Healing) -> Iterator[Drift]:
        """Where the cluster is not at what git says, by what Argo CD says itself."""
        classified = DriftClass.HEALS if own.heals else DriftClass.PERSON
        name = identity_of(wanted).name
        problem = sync_problem(live, self.hiding)
        if problem:
            yield self._drift(
                wanted, DriftKind.SYNC_FAILED, DriftClass.PERSON, f"it {problem}",
                "What git says does not come here before that is over.", command(name),
            )  # fmt: skip
        status = value_at(live, ("status", "sync", "status"))
        older = self._older(wanted, live)
        if older:
            yield self._drift(
                wanted, DriftKind.REVISION, classified, older,
                f"{own.sentence}." if not own.heals else "Argo CD takes the newest commit when it "
                "looks at the repository next.", command(name),
            )  # fmt: skip
        if status != "Synced" and not problem:
            listed = out_of_sync(live)
            what = f"it is {self.hiding.text(status or 'not compared yet')}" + (
                f": {', '.join(map(self.hiding.text, listed))}" if listed else ""
            )
            yield self._drift(
                wanted, DriftKind.OUT_OF_SYNC, classified, what, f"{own.sentence}.", command(name)
            )
        yield from self._windows(wanted, live)

    def _older(self, wanted: Json, live: Json) -> str:
        """Why the synced commit is not the tip's content; empty where it is."""
        if not is_behind(wanted, live, self.state):
            return ""
        folder, revision = str(value_at(wanted, ("spec", "source", "path"))), synced_revision(live)
        if not self.state.trees.get((revision, folder)):
            return f"it is at commit {short(revision)}, which this clone does not have"
        return f"it is at commit {short(revision)}, whose {folder} differs"

    def _windows(self, wanted: Json, live: Json) -> Iterator[Drift]:
        kind = identity_of(wanted).kind
        own = items_of(live, "spec", "syncWindows")
        found = own if kind == "AppProject" else []
        if kind == "Application" and not self._project_is_ours(live):
            found = windows_of(live, self.argocd)
        if found:
            yield self._drift(
                wanted, DriftKind.SYNC_WINDOW, DriftClass.PERSON,
                f"its project has {len(found)} sync windows" if kind == "Application"
                else f"it has {len(found)} sync windows",
                "A window that denies syncs also stops rollbacks.",
                "remove them; freezes in environment.yaml never block a rollback",
            )  # fmt: skip

    def _project_is_ours(self, application: Json) -> bool:
        """Whether the project of an Application is one that git has, which is looked at itself."""
        name = value_at(application, ("spec", "project"))
        return any(
            identity_of(each).name == name and label_of(each, MANAGED_LABEL) == "lockstep"
            for each in self.argocd.projects
        )

    def _shown(self, fields: list[FieldDifference]) -> tuple[DriftField, ...]:
        return tuple(self.hiding.field(each, addresses=True) for each in fields[:MOST_FIELDS])

    def _class(self) -> DriftClass:
        return DriftClass.HEALS if self.healing.heals else DriftClass.PERSON

    def _drift(
        self, wanted: Json, drift: DriftKind, classified: DriftClass, what: str, means: str,
        fix: str, fields: tuple[DriftField, ...] = (),
    ) -> Drift:  # fmt: skip
        identity, own = identity_of(wanted), self.cluster
        return Drift(
            drift, classified, self.environment, own.family if own else "",
            own.name if own else "", own.region if own else "", self.destination, identity.kind,
            identity.namespace, identity.name, what, means, fix, fields,
        )  # fmt: skip
