"""The rollback: which state it returns to, and what it changes.

A revert has two decisions. ``shift`` gives all traffic to the running stable version, at once.
``restore`` brings back the variants of the newest verified state, in every cluster of the family.
Neither brings a version in quarantine back: its experiment arms come back without weight.

A version that the restore starts again was removed, because the bad one had been verified. Where
an autoscaler scales it, it comes back with ``warm: true``: it starts with ``serving.warmReplicas``
pods, and keeps them until the next proposal. So the verified bytes come back but for its floor.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from lockstep.model.decision import Decision, Phase, Variants
from lockstep.model.document import Json, Pointer, to_json_pointer, value_at
from lockstep.model.fleet import Cluster, Family
from lockstep.rollout.position import (
    current_variants,
    in_roles,
    newest_decision,
    position_of,
    verified_decision,
    verified_decisions,
)
from lockstep.rollout.quarantine import entries_of
from lockstep.spec import variants as forms
from lockstep.spec.floors import is_autoscaled

_SERVING = ("spec", "serving")

_ABSENT = object()  # a null removes an inherited field, so it is not the same as no field


@dataclass(frozen=True)
class RollbackPlan:
    """A rollback: the decision whose verified state it returns to, and both halves' variants."""

    to: Decision
    shift: dict[str, Variants]
    restore: dict[str, Variants]
    shifts: bool
    """Whether there is traffic to move before the restore, and a running version to give it to."""

    @property
    def differing(self) -> tuple[str, ...]:
        """The clusters of the verified state that get other variants than it has.

        Their verified bytes must not come back as they are.
        """
        before = self.to.variants
        return tuple(n for n, each in self.restore.items() if n in before and each != before[n])

    @property
    def started(self) -> tuple[str, ...]:
        """Those of them that differ in nothing but ``warm: true`` of the version that starts again.

        Their verified bytes come back with another floor.
        """
        before = self.to.variants
        return tuple(
            n for n in self.differing if forms.cooled(self.restore[n]) == forms.cooled(before[n])
        )


def plan_rollback(family: Family, bad: str) -> RollbackPlan | None:
    """The rollback from version ``bad``; None where no verified state is left to return to.

    A state with ``bad`` or a quarantined version in a role is left out, so that a rollback of a
    rollback never returns to the bad version.

    A cluster that joined the family after that state was verified keeps its own stable version
    if that is not the bad one, and gets the one of the verified state otherwise.
    """
    barred = {bad} | _quarantined(family)
    verified = verified_decision(family, barred=barred)
    if verified is None:
        return None
    shift = {c.name: forms.shifted(c.variants, bad) for c in family.clusters}
    restore = {c.name: _restored(c, verified, bad) for c in family.clusters}
    # Outside of a rollout no other version was given traffic by a record, so none may get more.
    shifts = position_of(family).phase is not Phase.STEADY and shift != current_variants(family)
    return RollbackPlan(verified, shift, _restorable(family, restore, barred), shifts)


def barred_states(family: Family, bad: str | None = None) -> Iterator[tuple[Decision, str]]:
    """The verified states that plan_rollback leaves out for a quarantine, the newest first.

    Each with the version that is in quarantine; those with ``bad`` in a role are no choice anyway.
    """
    quarantined = _quarantined(family) - {bad}
    for decision in verified_decisions(family):
        versions = in_roles(decision)
        if bad not in versions:
            yield from ((decision, each) for each in sorted(versions & quarantined))


def plan_return(family: Family) -> RollbackPlan | None:
    """How specs that people edited outside of a rollout return to the newest record.

    The bytes are those of the newest verified state with the same stable versions; None where
    there is none without a quarantined version in a role. A cluster that people added keeps its
    stable version.
    """
    newest, barred = newest_decision(family), _quarantined(family)
    if newest is None:
        return None
    stable = _stable_versions(newest)
    same = (
        decision
        for decision in verified_decisions(family)
        if _stable_versions(decision) == stable and not barred & set(stable.values())
    )
    verified = next(same, None)
    if verified is None:
        return None
    restore = {c.name: _restored(c, newest, None) for c in family.clusters}
    unchanged = current_variants(family)
    return RollbackPlan(verified, unchanged, _restorable(family, restore, barred), shifts=False)


def _quarantined(family: Family) -> set[str]:
    return {str(entry.get("version")) for entry in entries_of(family)}


def _stable_versions(decision: Decision) -> dict[str, str]:
    found = {name: forms.role(each, forms.STABLE) for name, each in decision.variants.items()}
    return {name: variant["version"] for name, variant in found.items() if variant}


def _restorable(
    family: Family, variants: Mapping[str, Variants], barred: Collection[str]
) -> dict[str, Variants]:
    """These variants without arms of ``barred`` versions, and warm where a version starts again."""
    restored = {n: forms.retired(each, barred, warm=False) for n, each in variants.items()}
    # Where replicas are fixed, a version starts with all of them anyway.
    scaled = (c for c in family.clusters if is_autoscaled(value_at(c.effective, _SERVING, {})))
    return restored | {c.name: forms.warmed(restored[c.name], c.variants) for c in scaled}


def _restored(cluster: Cluster, decision: Decision, bad: str | None) -> Variants:
    if cluster.name in decision.variants:
        return decision.variants[cluster.name]
    if bad is None:
        return forms.verified(cluster.variants)
    settled = forms.verified(forms.shifted(cluster.variants, bad))
    return [
        {**v, "version": decision.target.version} if v["version"] == bad else v for v in settled
    ]


def changed_fields(path: str, before: Json, after: Json) -> tuple[str, ...]:
    """The fields, variants left out, that differ between two values of one file.

    Each is ``path#/json/pointer``, at the deepest mapping key that differs.
    """
    return tuple(f"{path}#{to_json_pointer(pointer)}" for pointer in _differences(before, after))


def _differences(before: Json, after: Json, at: Pointer = ()) -> list[Pointer]:
    # The variants are what a restore itself changes.
    if at == ("spec", "variants") or before == after:
        return []
    # A list is one value, as in the merge of specs: its items have no keys to point at.
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [at]
    keys = sorted(before.keys() | after.keys())
    return [
        found
        for key in keys
        for found in _differences(before.get(key, _ABSENT), after.get(key, _ABSENT), (*at, key))
    ]
