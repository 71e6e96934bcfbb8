"""The comparisons of a rollout: fixed when its version is proposed, and continued by its records.

Whoever could change them in the middle of it could choose them after seeing the evidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lockstep.gates.family_verdict import ComparisonsSoFar, Key
from lockstep.gates.verdicts import COMPARE
from lockstep.model.blocks import Block
from lockstep.model.decision import Action, Decision
from lockstep.model.document import Json, value_at
from lockstep.model.fleet import Cluster, Family
from lockstep.model.times import parse_time
from lockstep.rollout.position import newest_decision, running_target

COMPARISONS = "comparisons"
"""Where the plan in the record of a proposal holds them."""


def gates_of(family: Family, cluster: Cluster) -> Iterator[Json]:
    """The gates of all segments, and those of the cluster's own."""
    mine = (None, segment_of(cluster))
    return (gate for gate in family.spec.get("gates", []) if gate.get("segment") in mine)


def segment_of(cluster: Cluster) -> str:
    """The name of the cluster's segment; empty where it has none."""
    return str(value_at(cluster.effective, ("spec", "segment", "name"), ""))


def comparisons_of_proposal(family: Family) -> dict[str, Json]:
    """What the record of a proposal keeps: of each gate that compares, how, and in which clusters.

    ``{gate: {"compare": settings, "clusters": [name]}}``; empty where no gate compares.
    """
    found: dict[str, Json] = {}
    for cluster in family.clusters:
        for gate in gates_of(family, cluster):
            if COMPARE in gate:
                kept = found.setdefault(gate["name"], {COMPARE: gate[COMPARE], "clusters": []})
                kept["clusters"].append(cluster.name)
    return found


def comparisons_so_far(family: Family) -> ComparisonsSoFar:
    """What the records of the running rollout hold of its comparisons; empty outside of one.

    Raises nothing for forged records: what has no meaning counts as absent, and a comparison
    that is absent never passes.
    """
    rollout = _rollout(family)
    if not rollout:
        return ComparisonsSoFar()
    plan = rollout[0].plan
    kept = value_at(plan, (COMPARISONS,), {})
    kept = kept if isinstance(kept, dict) else {}
    so_far = ComparisonsSoFar(
        settings={name: value_at(each, (COMPARE,)) for name, each in kept.items()},
        clusters={name: _names(value_at(each, ("clusters",))) for name, each in kept.items()},
        began=[
            parse_time(decision.decided_at).timestamp()
            for decision in rollout
            if decision.action is Action.ADVANCE
        ],
        steps=len(_list(plan, "steps")) * len(_list(plan, "waves")),
        weight=_weight(family),
    )
    return _with_blocks(so_far, rollout)


def _rollout(family: Family) -> Sequence[Decision]:
    """The decisions of the running rollout, its proposal first; empty outside of one."""
    if running_target(family) is None:
        return ()
    decisions = [record.decision for record in family.records]
    for index in reversed(range(len(decisions))):
        if decisions[index].action is Action.PROPOSE:
            return decisions[index:]
    return ()


def _with_blocks(so_far: ComparisonsSoFar, rollout: Sequence[Decision]) -> ComparisonsSoFar:
    blocks: dict[Key, list[Block]] = {}
    for decision in rollout:
        for item in decision.evidence:
            key = str(item.gate.get("name", "")), item.cluster
            if item.answer.blocks and so_far.holds(key):
                blocks.setdefault(key, []).extend(item.answer.blocks)
    return replace(so_far, blocks=blocks)


def _weight(family: Family) -> int:
    """The candidate's weight in the running step, by the plan of the newest record."""
    newest = newest_decision(family)
    if newest is None or newest.to.step is None:
        return 100
    weight = value_at(newest.plan, ("steps", newest.to.step, "weight"))
    return weight if isinstance(weight, int) else 100


def _list(plan: Json, name: str) -> list[Json]:
    found = value_at(plan, (name,), [])
    return found if isinstance(found, list) else []


def _names(value: Json) -> Sequence[str]:
    return [str(name) for name in value] if isinstance(value, list) else []
