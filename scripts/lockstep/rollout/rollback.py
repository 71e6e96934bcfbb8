"""The rollback: which state it returns to, and what it changes.

A revert has two decisions. ``shift`` gives all traffic to the running stable version, at once.
``restore`` brings back the variants of the newest verified state, in every cluster of the family.
"""

from dataclasses import dataclass

from lockstep.model.decision import Decision, Variants
from lockstep.model.document import Json, Pointer, to_json_pointer
from lockstep.model.fleet import Cluster, Family
from lockstep.rollout.position import current_variants, verified_decision
from lockstep.rollout.quarantine import entries_of
from lockstep.spec import variants as forms

_ABSENT = object()  # a null removes an inherited field, so it is not the same as no field


@dataclass(frozen=True)
class RollbackPlan:
    """A rollback from version ``bad``: the decision to return to, and both halves' variants."""

    bad: str
    to: Decision
    shift: dict[str, Variants]
    restore: dict[str, Variants]
    shifts: bool
    """Whether there is traffic to move before the restore, and a running version to give it to."""


def plan_rollback(family: Family, bad: str) -> RollbackPlan | None:
    """The rollback from version ``bad``; None where no verified state is left to return to.

    A state in which ``bad`` or a quarantined version serves is left out, so that a rollback of a
    rollback never returns to the bad version.

    A cluster that joined the family after that state was verified keeps its own stable version
    if that is not the bad one, and gets the one of the verified state otherwise.
    """
    quarantined = {str(entry.get("version")) for entry in entries_of(family)}
    verified = verified_decision(family, barred={bad} | quarantined)
    if verified is None:
        return None
    shift = {c.name: forms.shifted(c.variants, bad) for c in family.clusters}
    restore = {c.name: _restored(c, verified, bad) for c in family.clusters}
    shifts = shift != current_variants(family)
    return RollbackPlan(bad, verified, shift, restore, shifts)


def _restored(cluster: Cluster, verified: Decision, bad: str) -> Variants:
    if cluster.name in verified.variants:
        return verified.variants[cluster.name]
    settled = forms.verified(forms.shifted(cluster.variants, bad))
    return [
        {**v, "version": verified.target.version} if v["version"] == bad else v for v in settled
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
