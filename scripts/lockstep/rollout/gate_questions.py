"""What the gates of a family ask: which gate, of which cluster, about which two versions.

A gate with ``when: propose`` is asked of every cluster before the candidate has traffic: by
``propose``, and again before the first step. One with ``when: promote`` is asked by ``promote``
alone (see promotion_gates). All others are asked at each step, of the clusters in which the
candidate has weight. While a rollback waits for its shift to be live, the gates that say so are
asked of the clusters that it has moved.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from lockstep.gates.family_verdict import ComparisonsSoFar
from lockstep.gates.verdicts import COMPARE
from lockstep.model.decision import Phase, Target
from lockstep.model.document import Json, value_at
from lockstep.model.errors import Invalid
from lockstep.model.evidence import Question
from lockstep.model.fleet import Cluster, Family
from lockstep.model.times import format_time
from lockstep.rollout.comparisons import comparisons_so_far, gates_of, segment_of
from lockstep.rollout.liveness import (
    Liveness,
    asked_from,
    awaited,
    is_live_gate,
    live_gates_in,
)
from lockstep.rollout.next_id import id_of_next_move, id_of_proposal
from lockstep.rollout.position import position_of, running_target
from lockstep.rollout.weight_moves import moved_in
from lockstep.spec import variants as forms

_COMPARISONS = {"maxDropVsStable", "maxRiseVsStable"}
_ABSOLUTE = {"min", "max", "equals"}


def questions(family: Family, now: datetime) -> list[Question]:
    """What is to be asked of a running rollout; empty outside of one.

    Evidence counts from when the step was decided: ``since_live`` gives the questions from when it
    is live. Raises Invalid where the candidate has no lock.
    """
    target, began = running_target(family), asked_from(family)
    if target is None or began is None:
        return []
    if position_of(family).phase is Phase.SHIFTED:
        return list(_questions_of_shift(family, target, began, now))
    first = before_first_step(family)
    so_far = comparisons_so_far(family)
    decision = id_of_next_move(family)
    return [
        _question(family, cluster, gate, _candidate(family, target.version), target.version,
                  since=began, now=now, decision=decision)
        for cluster in family.clusters
        # Clusters of finished waves too: a version that fails there must not reach the next wave.
        if first or forms.weight_of(cluster.variants, target.version) > 0
        for gate in (
            _propose_gates(family, cluster) if first else _step_gates(family, cluster, so_far)
        )
    ]  # fmt: skip


def _questions_of_shift(
    family: Family, target: Target, began: datetime, now: datetime
) -> Iterator[Question]:
    """Whether the traffic has left the version, in each cluster that the shift has moved."""
    # A lock that people removed must not keep the rollback from being finished.
    lock = _lock_spec(family, target.version) or {"identity": {"version": target.version}}
    waited = awaited(family)
    for cluster in family.clusters:
        for gate in live_gates_in(family, cluster) if cluster.name in waited else ():
            yield _question(family, cluster, gate, lock, target.version,
                            since=began, now=now, decision="")  # fmt: skip


def since_live(questions: Iterable[Question], live: Liveness) -> list[Question]:
    """The questions, of which all that count what serves do so from when it was live."""
    since = format_time(live.since) if live.asked and live.since else None
    return [
        replace(each, since=since) if since and not is_live_gate(each.gate) else each
        for each in questions
    ]


def questions_of_proposal(
    family: Family, version: str, lock: Json, now: datetime
) -> list[Question]:
    """What is to be asked before ``version`` becomes the candidate; ``lock`` is its ``spec``."""
    digest = str(value_at(lock, ("identity", "digest"), ""))
    decision = id_of_proposal(family, Target(version, digest))
    return [
        _question(family, cluster, gate, lock, version, since=now, now=now, decision=decision)
        for cluster in family.clusters
        for gate in _propose_gates(family, cluster)
    ]


def questions_of_steps(family: Family, version: str, lock: Json, now: datetime) -> list[Question]:
    """What the steps would ask of ``version``, if it was the candidate; ``lock`` is its ``spec``.

    Of every cluster, with all bounds: what is compared has two versions by then.
    """
    return [
        _question(family, cluster, gate, lock, version, since=now, now=now, decision="")
        for cluster in family.clusters
        for gate in gates_of(family, cluster)
        if not is_asked_at_propose(gate) and not is_asked_at_promote(gate)
    ]


def before_first_step(family: Family) -> bool:
    """Whether a candidate is proposed, and no step has given it traffic yet."""
    at = position_of(family)
    return at.phase in (Phase.PROPOSED, Phase.HELD) and at.wave is None


def has_propose_gates(family: Family) -> bool:
    """Whether a proposal of this family has to pass gates, in whatever cluster."""
    # A gate whose segment no cluster has counts: nothing is asked then, and that is not a pass.
    return any(is_asked_at_propose(gate) for gate in family.spec.get("gates", []))


def propose_gates(family: Family) -> dict[str, list[str]]:
    """The names of the gates that a proposal has to pass, by cluster."""
    asked = gates_of_proposal(family)
    return {cluster: [gate["name"] for gate in gates] for cluster, gates in asked.items()}


def gates_of_proposal(family: Family) -> dict[str, list[Json]]:
    """The gates that a proposal has to pass, as the family declares them, by cluster."""
    gates = {cluster.name: list(_propose_gates(family, cluster)) for cluster in family.clusters}
    return {cluster: asked for cluster, asked in gates.items() if asked}


def is_asked_at_propose(gate: Json) -> bool:
    """Whether the gate is asked before the first step, and not at the steps."""
    return bool(value_at(gate, ("when",)) == "propose")


def is_asked_at_promote(gate: Mapping[str, Json]) -> bool:
    """Whether the gate is asked where a version comes from, before it is promoted."""
    return bool(value_at(gate, ("when",)) == "promote")


def _propose_gates(family: Family, cluster: Cluster) -> Iterator[Json]:
    return (gate for gate in gates_of(family, cluster) if is_asked_at_propose(gate))


def _step_gates(family: Family, cluster: Cluster, so_far: ComparisonsSoFar) -> Iterator[Json]:
    """The gates of the steps as they can be asked.

    Where one version has all the traffic of the roles, a comparison of live traffic has nothing to
    compare with: the absolute bounds of the gate remain, or nothing of it. The same is true of a
    gate that was no comparison when the version was proposed.
    """
    alone = len(forms.serving_versions(cluster.variants)) < 2
    for gate in gates_of(family, cluster):
        if is_asked_at_propose(gate) or is_asked_at_promote(gate):
            continue
        compares = COMPARE in gate and (alone or not so_far.holds((gate["name"], cluster.name)))
        live = gate.get("live") or gate["source"] == "prometheus"
        without = _COMPARISONS if alone and live else set()
        without |= {COMPARE} if compares else set()
        left = {key: value for key, value in gate.items() if key not in without}
        if len(left) == len(gate) or (_COMPARISONS | _ABSOLUTE) & left.keys():
            yield left


def _question(
    family: Family,
    cluster: Cluster,
    gate: Json,
    candidate: Json,
    version: str,
    *,
    since: datetime,
    now: datetime,
    decision: str,
) -> Question:
    # An arm of an experiment is never the baseline, whatever version it serves.
    roles = (v for v in cluster.variants if v["name"] in forms.ROLES)
    other = next((str(v["version"]) for v in roles if v["version"] != version), None)
    return Question(
        gate=gate,
        cluster=cluster.name,
        region=cluster.region,
        environment=family.environment,
        candidate=candidate,
        stable=_lock_spec(family, other) if other else None,
        since=format_time(since),
        now=format_time(now),
        segment=segment_of(cluster),
        decision=decision,
        moved_in=moved_in(family, cluster.name),
    )


def _candidate(family: Family, version: str) -> Json:
    candidate = _lock_spec(family, version)
    if candidate is None:
        fix = f"lockstep lock {family.environment}/{family.name} {version}, and commit it"
        raise Invalid(f"version {version} has no lock", where=family.folder, fix=fix)
    return candidate


def _lock_spec(family: Family, version: str) -> Json:
    lock = family.locks.get(version)
    return value_at(lock.value, ("spec",)) if lock else None
