"""The objects of a cluster in its region: what is missing, changed, and there without git."""

from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.differences.fields import FieldDifference
from lockstep.differences.folders import (
    FAMILY_LABEL,
    VERSION_LABEL,
    ObjectId,
    identity_of,
    label_of,
)
from lockstep.differences.weights import ROUTES
from lockstep.drift.applications import Healing
from lockstep.drift.fields import comparison_of, live_differences
from lockstep.drift.hiding import MOST_FIELDS, Hiding
from lockstep.drift.state import CLUSTER_LABEL, LiveObjects, WantedCluster
from lockstep.drift.traffic import (
    Shares,
    changes_model,
    describe,
    git_shares,
    live_shares,
    moves_traffic,
)
from lockstep.model.document import Json, value_at
from lockstep.model.drift import Drift, DriftClass, DriftField, DriftKind

_REPLICAS = ("spec", "replicas")
_PAUSED = ("autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas")
_TRACKED = "argocd.argoproj.io/tracking-id"
_BY_HAND = "find out who changed it, and why; what is to stay belongs in git"


@dataclass(frozen=True)
class ClusterDrifts:
    """Finds the drifts of one cluster in what was read of its region."""

    cluster: WantedCluster
    live: LiveObjects
    healing: Healing
    hiding: Hiding

    def found(self) -> Iterator[Drift]:
        """A drift for each object that is missing or differs."""
        for wanted in self.cluster.objects:
            identity = identity_of(wanted)
            if not self.live.knows(identity):
                continue
            live = self.live.objects.get(identity)
            if live is None:
                yield self._missing(identity)
            else:
                yield from self._changed(identity, wanted, live)

    def _missing(self, identity: ObjectId) -> Drift:
        if (identity.group, identity.kind) in self.live.unserved:
            return self._drift(
                DriftKind.MISSING, DriftClass.PERSON, identity,
                f"it does not exist: this API has no kind {identity.kind}",
                "Argo CD cannot make it before that kind is installed.",
                f"install the CustomResourceDefinition of {identity.group}",
            )  # fmt: skip
        if identity.kind in (ROUTES, "DestinationRule", "Service"):
            return self._drift(
                DriftKind.MISSING, self._broken(), identity, "it does not exist",
                "Requests no longer reach the versions that git says in this region. "
                f"{self.healing.sentence}.", self._fix(),
            )  # fmt: skip
        return self._drift(
            DriftKind.MISSING, self._class(), identity, "it does not exist",
            f"{self.healing.sentence}.", self._fix(),
        )  # fmt: skip

    def _changed(self, identity: ObjectId, wanted: Json, live: Json) -> Iterator[Drift]:
        if value_at(live, ("metadata", "deletionTimestamp")):
            yield self._drift(
                DriftKind.MISSING, self._class(), identity, "it is being deleted",
                f"It is there until its finalizers are done. {self.healing.sentence}.", self._fix(),
            )  # fmt: skip
        ignored = self.cluster.ignored.get(identity, frozenset())
        every = list(
            live_differences(wanted, live, comparison_of(identity.group, ignored - {_REPLICAS}))
        )
        fields = [each for each in every if each.pointer != _REPLICAS]
        if fields:
            yield self._fields(identity, wanted, fields)
        yield from self._scaled(identity, wanted, live, every, ignored=_REPLICAS in ignored)

    def _fields(self, identity: ObjectId, wanted: Json, fields: list[FieldDifference]) -> Drift:
        kind = identity.kind
        shown = self._shown(fields)
        if any(moves_traffic(kind, each) for each in fields):
            serves = live_shares(self.cluster, self.live)
            return self._drift(
                DriftKind.CHANGED, self._broken(), identity, "its routing differs from git",
                f"{self._served(serves)} {self.healing.sentence}.", self._fix(), shown,
            )  # fmt: skip
        # Git's: whoever changes what a version runs may have taken the label, too.
        version = label_of(wanted, VERSION_LABEL)
        if any(changes_model(kind, each) for each in fields) and self._has_weight(version):
            return self._drift(
                DriftKind.CHANGED, self._broken(), identity,
                f"its pods run something else than git says for version {version}",
                f"Version {version} is not the same thing in all regions. "
                f"{self.healing.sentence}.", self._fix(), shown,
            )  # fmt: skip
        if all(each.before is None for each in fields):
            return self._drift(
                DriftKind.CHANGED, DriftClass.PERSON, identity, "it has more than git says",
                "Argo CD does not remove what git never said.", _BY_HAND, shown,
            )  # fmt: skip
        return self._drift(
            DriftKind.CHANGED, self._class(), identity, "it differs from git",
            f"{self.healing.sentence}.", self._fix(), shown,
        )  # fmt: skip

    def _served(self, serves: Shares | None) -> str:
        said = git_shares(self.cluster)
        if serves is None or serves == said:
            return "Requests are routed in another way than in git."
        return f"It serves {describe(serves)}, and git says {describe(said)}."

    def _has_weight(self, version: str) -> bool:
        serves = live_shares(self.cluster, self.live) or {}
        return version in serves or version in git_shares(self.cluster)

    def _scaled(
        self, identity: ObjectId, wanted: Json, live: Json, every: list[FieldDifference],
        *, ignored: bool,
    ) -> Iterator[Drift]:  # fmt: skip
        """Pods that a person has scaled: an autoscaler's own numbers are no drift."""
        scaled = [each for each in every if each.pointer == _REPLICAS]
        if identity.kind == "ScaledObject":
            yield from self._paused(identity, wanted, live)
        if identity.kind != "Deployment" or not scaled:
            return
        least = self.cluster.autoscaled.get(identity.name)
        if least is None and not ignored:
            yield self._drift(
                DriftKind.CHANGED, self._class(), identity, "it was scaled by hand",
                f"{self.healing.sentence}.", self._fix(), self._shown(scaled),
            )  # fmt: skip
        elif least is None:
            yield self._drift(
                DriftKind.CHANGED, DriftClass.PERSON, identity, "it was scaled by hand",
                "No autoscaler scales it, and its Application ignores its replicas.",
                "scale it back", self._shown(scaled),
            )  # fmt: skip
        elif least > 0 and scaled[0].after == 0:
            yield self._drift(
                DriftKind.CHANGED, DriftClass.PERSON, identity, "it was scaled to no pods by hand",
                f"Its autoscaler, which keeps at least {least}, is off while it has none, and Argo "
                "CD ignores the replicas.", f"scale it to {least}", self._shown(scaled),
            )  # fmt: skip

    def _paused(self, identity: ObjectId, wanted: Json, live: Json) -> Iterator[Drift]:
        found = [
            DriftField(f"metadata.annotations[{each}]", None, "(set)")
            for each in _PAUSED
            if value_at(live, ("metadata", "annotations", each)) is not None
            and value_at(wanted, ("metadata", "annotations", each)) is None
        ]
        if found:
            yield self._drift(
                DriftKind.CHANGED, DriftClass.PERSON, identity, "its autoscaling is paused by hand",
                "The number of pods no longer follows the load, and Argo CD does not remove an "
                "annotation that git never said.", "remove the annotation", tuple(found),
            )  # fmt: skip

    def _shown(self, fields: list[FieldDifference]) -> tuple[DriftField, ...]:
        return tuple(self.hiding.field(each) for each in fields[:MOST_FIELDS])

    def _broken(self) -> DriftClass:
        """What breaks a family, unless Argo CD is bringing a newer commit just now."""
        return DriftClass.HEALS if self.healing.arriving else DriftClass.FAMILY

    def _class(self) -> DriftClass:
        return DriftClass.HEALS if self.healing.heals else DriftClass.PERSON

    def _fix(self) -> str:
        if self.healing.arriving:
            return "run it again when it is synced"
        if self.healing.heals:
            return _BY_HAND
        return "have Argo CD sync it again, then look for who changed it"

    def _drift(
        self, drift: DriftKind, classified: DriftClass, identity: ObjectId, what: str, means: str,
        fix: str, fields: tuple[DriftField, ...] = (),
    ) -> Drift:  # fmt: skip
        own = self.cluster
        return Drift(
            drift, classified, own.environment, own.family, own.name, own.region, own.destination,
            identity.kind, identity.namespace, identity.name, what, means, fix, fields,
        )  # fmt: skip


def orphan(
    identity: ObjectId, live: Json, environment: str, cluster: WantedCluster | None,
    destination: str, healing: Healing,
) -> Drift:  # fmt: skip
    """An object with Lockstep's labels that git does not have; ``cluster`` is the one it names."""
    tracked = value_at(live, ("metadata", "annotations", _TRACKED))
    pods = identity.kind == "Deployment" and value_at(live, ("spec", "replicas"), 1) != 0
    means = "Nothing in git says that it should exist."
    if pods and cluster is not None:
        means += " The Service of its cluster selects its pods."
    # Argo CD prunes what it has applied itself, and knows nothing of anything else.
    prunes = healing.heals and isinstance(tracked, str) and bool(tracked)
    if prunes:
        means += f" Argo CD prunes it: {healing.why}."
    elif not tracked:
        means += " Argo CD has not applied it, so it never prunes it."
    else:
        means += f" Argo CD does not prune it: {healing.why}."
    return Drift(
        DriftKind.ORPHAN, DriftClass.HEALS if prunes else DriftClass.PERSON, environment,
        label_of(live, FAMILY_LABEL), label_of(live, CLUSTER_LABEL),
        cluster.region if cluster else "", destination, identity.kind, identity.namespace,
        identity.name, "git does not have it", means,
        "find out who made it; delete it, or add what made it to git",
    )  # fmt: skip
