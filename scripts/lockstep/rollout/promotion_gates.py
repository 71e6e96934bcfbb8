"""Gates with ``when: promote``: asked where a version comes from, before it is promoted.

The family that the version enters declares them. They are asked of the clusters of the family that
has verified it, of its servers and of its records, and kept in the record of the proposal.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from lockstep.model.approval import SOURCE as APPROVAL
from lockstep.model.blocks import BLOCK, DELAY
from lockstep.model.decision import Decision, Target
from lockstep.model.document import Json, value_at
from lockstep.model.evidence import LEDGER, Evidence, Question, Verdict
from lockstep.model.fleet import Cluster, Family
from lockstep.model.promotion import Obstacle
from lockstep.model.times import format_time, parse_duration, parse_time
from lockstep.rollout.comparisons import gates_of, segment_of
from lockstep.rollout.gate_questions import is_asked_at_promote
from lockstep.rollout.next_id import id_of_proposal
from lockstep.rollout.served import served_before
from lockstep.text.sanitise import one_line

PROMOTE_GATES = "promoteGates"
"""Where the plan in the record of a promotion names the gates that it has to pass."""

_OF_FAMILY = (LEDGER, APPROVAL)
"""Sources whose answer is the same for every cluster."""

NEWEST_BLOCKS = 288
"""The blocks that count, at most: the newest day of 5 minutes, however long a version serves."""


def has_promote_gates(family: Family) -> bool:
    """Whether a promotion to this family has to pass gates, of whatever cluster."""
    return any(map(is_asked_at_promote, family.spec.get("gates", [])))


def promote_gates(family: Family, source: Family) -> dict[str, list[str]]:
    """The names of the gates that a promotion from ``source`` has to pass, by its clusters."""
    gates: dict[str, list[str]] = {}
    for cluster, gate in _asked(family, source):
        gates.setdefault(cluster.name, []).append(gate["name"])
    return gates


def questions_of_promotion(
    family: Family, source: Family, version: str, lock: Json, now: datetime
) -> list[Question]:
    """What is to be asked of ``source`` before a version of it is promoted to ``family``.

    ``version`` and ``lock`` (its ``spec``) are those of ``source``. Evidence counts since the
    version was verified there; of what is counted in blocks, the newest ones.
    """
    digest = str(value_at(lock, ("identity", "digest"), ""))
    served = served_before(source, digest)
    since = parse_time(served.since) if served else now
    # By the content alone, so that it is the id of the proposal in the next environment.
    decision = id_of_proposal(family, Target(version, digest))
    return [
        Question(
            gate=gate,
            cluster=cluster.name,
            region=cluster.region,
            environment=source.environment,
            candidate=lock,
            stable=None,
            since=format_time(_counted_from(gate, since, now)),
            now=format_time(now),
            segment=segment_of(cluster),
            decision=decision,
        )
        for cluster, gate in _asked(family, source)
    ]


def why_not_askable(family: Family, source: Family, *, other_registry: bool) -> Obstacle | None:
    """Why a gate could never be asked in a promotion from ``source``; None where all can.

    ``other_registry`` says that ``source`` has its versions in another registry than the family.
    """
    title, edit = f"{source.environment}/{source.name}", f"in {family.document.path}"
    for gate in filter(is_asked_at_promote, family.spec.get("gates", [])):
        if not _clusters_of(gate, source):
            return Obstacle(
                f"no cluster of {title} is of the segment {gate['segment']}, of which the gate "
                f"{gate['name']} is asked there",
                f"name a segment that {title} has, or none, {edit}",
            )
        if gate["source"] == "mlflow" and other_registry:
            # The run has the token of one registry, which is not sent to another.
            return Obstacle(
                f"the gate {gate['name']} asks the registry of {source.environment}, which has one "
                "of its own, and a promotion asks only that of the environment that it goes to",
                f"have the gate asked at the steps in {source.environment}, and hold the promotion "
                f"by its verdicts, with source: ledger, {edit}",
            )
    return None


def _asked(family: Family, source: Family) -> Iterator[tuple[Cluster, Json]]:
    """The gates of a promotion, each with the clusters of ``source`` that it is asked of."""
    for cluster in source.clusters:
        for gate in gates_of(family, cluster):
            if is_asked_at_promote(gate) and cluster.name in _clusters_of(gate, source):
                yield cluster, gate


def _clusters_of(gate: Json, source: Family) -> list[str]:
    """The names of the clusters that a gate is asked of: those of its segment, if it names one.

    A ledger and an approval are of the whole family, so that the first cluster answers for all.
    """
    segment = gate.get("segment")
    names = [each.name for each in source.clusters if segment in (None, segment_of(each))]
    return names[:1] if gate["source"] in _OF_FAMILY else names


def gates_not_passed(family: Family, evidence: Iterable[Evidence]) -> list[str]:
    """The names of the gates of a promotion that no evidence shows to have passed.

    With all of their settings, so that evidence for other bounds does not count. A gate that no
    cluster was asked, such as one of a segment that the other environment does not have, has not
    passed.
    """
    found = list(evidence)
    return [
        gate["name"]
        for gate in family.spec.get("gates", [])
        if is_asked_at_promote(gate) and not _passed(gate, found)
    ]


def why_of_other_promotion(item: Evidence, decision: Decision) -> str:
    """How evidence of a promotion is not about the one of a decision; empty where it is."""
    source = decision.promoted_from
    if source is None:
        return "it was asked for a promotion, and the record names no version that is promoted"
    if item.candidate_version != source.version:
        return f"the evidence is about version {one_line(item.candidate_version, 80)}"
    served = item.answer.served
    if served and (served.environment, served.digest) != (source.environment, source.record):
        return f"the evidence is about another record: {one_line(served.record, 200)}"
    return ""


def _passed(gate: Json, evidence: Iterable[Evidence]) -> bool:
    verdicts = {item.verdict for item in evidence if item.gate == gate}
    return verdicts == {Verdict.PASS}


def _counted_from(gate: Json, since: datetime, now: datetime) -> datetime:
    """Since when a gate counts: a record holds every block, so there is a bound to how many."""
    if "measure" not in gate:
        return since
    block = parse_duration(gate.get("block", BLOCK))
    delay = parse_duration(gate.get("delay", DELAY))
    try:
        return max(since, now - delay - NEWEST_BLOCKS * max(block, timedelta(seconds=1)))
    except OverflowError:  # longer than there is time
        return since
