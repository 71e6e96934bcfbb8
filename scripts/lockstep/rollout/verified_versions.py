"""The versions that a family has verified, by its records: which, and since when they serve.

A number means a version of one registry, and environments may have registries of their own, so a
version is known by the digest of its content.
"""

from datetime import datetime

from lockstep.model.decision import Action, Decision, Record
from lockstep.model.document import Json
from lockstep.model.fleet import Family
from lockstep.model.promotion import VerifiedVersion
from lockstep.model.times import parse_time
from lockstep.rollout.position import is_verified_state, verified_decision
from lockstep.spec import variants as forms


def verified_now(family: Family) -> VerifiedVersion | None:
    """The version that a family has verified and returns to: after a rollback that of the state
    restored.

    None where there is none, or where that state has several versions in the role stable.
    """
    decision = verified_decision(family)
    record = decision and next(r for r in family.records if r.decision is decision)
    return _verified(family, record) if record and _has_one_version(record.decision) else None


def verified_of(family: Family, digest: str) -> VerifiedVersion | None:
    """The newest record that verified this content, unless it was rolled back since then."""
    record = verifying_record(family, digest)
    if record is None or rolled_back_since(family, record.decision.sequence, digest):
        return None
    return _verified(family, record)


def verifying_record(family: Family, digest: str | None) -> Record | None:
    """The newest record that verified this content, whatever became of it since."""
    return next((r for r in reversed(family.records) if _verifies(r.decision, digest)), None)


def all_verified(family: Family) -> tuple[VerifiedVersion, ...]:
    """Every version that a record verified and that was not rolled back since, in their order."""
    return tuple(
        _verified(family, record)
        for record in family.records
        if (decision := record.decision) and _verifies(decision, decision.target.digest)
        and not rolled_back_since(family, decision.sequence, decision.target.digest)
    )  # fmt: skip


def rolled_back_since(family: Family, sequence: int, digest: str) -> Decision | None:
    """The first decision after a record that rolled this content back, or put it into quarantine;
    None where there is none.
    """
    later_on = (r.decision for r in family.records if r.decision.sequence > sequence)
    return next((each for each in later_on if _rolls_back(each, sequence, digest)), None)


def _rolls_back(decision: Decision, sequence: int, digest: str) -> bool:
    if decision.target.digest != digest:
        return False
    # A restore names the version that it rolls back; or, of specs that were edited, the one that
    # they return to. Of a proposal that is withdrawn, the state is one that came later.
    restored = decision.restored.sequence if decision.restored else sequence
    away = decision.action in (Action.SHIFT, Action.RETIRE)
    return decision.quarantines or away or restored < sequence


def serves_since(family: Family, verified: VerifiedVersion) -> datetime:
    """Since when a verified version has had traffic in every cluster (aware, UTC), by records.

    Since the record that verified it, or the one that brought it back later.
    """
    since, served = parse_time(verified.since), True
    for record in family.records:
        each = record.decision
        if each.sequence <= verified.sequence:
            continue
        serves = all(forms.weight_of(own, verified.version) > 0 for own in each.variants.values())
        if serves and not served:
            since = max(since, parse_time(each.decided_at))
        served = serves
    return since


def _verified(family: Family, record: Record) -> VerifiedVersion:
    decision = record.decision
    target = decision.target
    return VerifiedVersion(
        family.environment, family.name, target.version, target.digest, decision.sequence,
        record.digest, decision.decided_at,
    )  # fmt: skip


def _verifies(decision: Decision, digest: str | None) -> bool:
    same = decision.target.digest == digest
    return same and is_verified_state(decision) and _has_one_version(decision)


def _has_one_version(decision: Decision) -> bool:
    """Whether the version that a record names is stable in every cluster after it.

    An adoption names one version of a state in which clusters may differ.
    """
    stable = {_stable(variants) for variants in decision.variants.values()}
    return stable == {decision.target.version}


def _stable(variants: Json) -> str | None:
    found = forms.role(variants, forms.STABLE)
    return found["version"] if found else None
