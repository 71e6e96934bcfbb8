"""How a version has served in the environment that it is promoted from, by its records alone."""

from collections import Counter
from collections.abc import Sequence

from lockstep.model.decision import Action, Decision, Record
from lockstep.model.evidence import Evidence, ServedBefore
from lockstep.model.fleet import Family
from lockstep.model.times import format_time
from lockstep.rollout.position import is_verified_state
from lockstep.rollout.verified_versions import (
    rolled_back_since,
    serves_since,
    verified_of,
    verifying_record,
)


def served_before(family: Family, digest: str) -> ServedBefore | None:
    """What the ledger of a family says of the content ``digest``; None where it never verified it.

    Of several records that verified it, the newest counts.
    """
    record = verifying_record(family, digest)
    if record is None:
        return None
    decision = record.decision
    verified = verified_of(family, digest)
    since = format_time(serves_since(family, verified)) if verified else decision.decided_at
    return ServedBefore(
        environment=family.environment,
        record=decision.path,
        digest=record.digest,
        since=since,
        until=_replaced(family, decision, since),
        rolled_back=_rolled_back(rolled_back_since(family, decision.sequence, digest)),
        requests=_requests(_rollout_before(family, record)),
        verdicts=Counter(str(item.verdict) for item in decision.evidence),
    )


def _rolled_back(decision: Decision | None) -> str:
    if decision is None:
        return ""
    return f"was rolled back at {decision.decided_at}, by record {decision.sequence}"


def _replaced(family: Family, verified: Decision, since: str) -> str | None:
    """When another version was verified in its place; None while there is none."""
    others = (
        record.decision.decided_at
        for record in family.records
        if record.decision.sequence > verified.sequence
        and is_verified_state(record.decision)
        and record.decision.target.digest != verified.target.digest
    )
    # Those before ``since`` were rolled back, which has brought this one back.
    return next((at for at in others if at >= since), None)


def _rollout_before(family: Family, record: Record) -> Sequence[Decision]:
    """The decisions of the rollout that a record ends, from its proposal on."""
    decisions = [each.decision for each in family.records[: family.records.index(record) + 1]]
    for index in reversed(range(len(decisions))):
        if decisions[index].action in (Action.PROPOSE, Action.ADOPT):
            return decisions[index:]
    return decisions[-1:]


def _requests(rollout: Sequence[Decision]) -> int:
    """How many requests of the candidate the gates of a rollout have counted, over all clusters.

    Several gates count the same requests, so that of each cluster the gate counts that has most.
    Blocks are of one step each and add up; a number of samples may include those of the step
    before, so that of these the largest counts.
    """
    blocks: Counter[tuple[str, str]] = Counter()
    samples: dict[tuple[str, str], int] = {}
    for decision in rollout:
        for item in decision.evidence:
            key = item.cluster, str(item.gate.get("name"))
            blocks[key] += sum(b.candidate.total for b in item.answer.blocks if b.candidate)
            samples[key] = max(samples.get(key, 0), _samples(item))
    most: dict[str, int] = {}
    for key in samples:
        most[key[0]] = max(most.get(key[0], 0), blocks[key], samples[key])
    return sum(most.values())


def _samples(item: Evidence) -> int:
    """The samples of what was measured of live traffic; 0 of a dataset that was kept for tests."""
    is_live = item.gate.get("live") is True or item.gate.get("source") == "prometheus"
    return max(item.answer.candidate.samples or 0, 0) if is_live else 0
