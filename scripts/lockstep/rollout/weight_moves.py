"""Which record last moved the weights of a cluster: what Argo CD has to have synced of it.

By the records alone, so a replay finds the same. A version that changes its role and keeps its
traffic has not moved.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from lockstep.model.decision import Action, Phase, Record, Variant
from lockstep.model.fleet import Family


def moved_in(family: Family, cluster: str) -> str:
    """The path of the record that last moved the weights of a cluster; empty where none did."""
    for index in reversed(range(len(family.records))):
        if _moves(family.records, index, cluster):
            return family.records[index].decision.path
    return ""


def moved_by_step(family: Family) -> set[str]:
    """The clusters that the running step has moved: those of its wave; empty outside of a step."""
    for index in reversed(range(len(family.records))):
        if family.records[index].decision.action is Action.ADVANCE:
            return _moved_at(family.records, index)
    return set()


def moved_by_shift(family: Family) -> set[str]:
    """The clusters that a shift has moved whose restore is due; empty where none is."""
    moved: set[str] = set()
    for index in reversed(range(len(family.records))):
        # More than one where people moved traffic by hand after the first.
        if family.records[index].decision.to.phase is not Phase.SHIFTED:
            break
        moved |= _moved_at(family.records, index)
    return moved


def _moved_at(records: Sequence[Record], index: int) -> set[str]:
    """The clusters whose weights a record has changed; all of them for the first record."""
    return {name for name in records[index].decision.variants if _moves(records, index, name)}


def _moves(records: Sequence[Record], index: int, cluster: str) -> bool:
    """Whether a record that has the cluster has changed its weights."""
    after = records[index].decision.variants
    before: Mapping[str, list[Variant]] = records[index - 1].decision.variants if index else {}
    return cluster in after and _weights(after[cluster]) != _weights(before.get(cluster, []))


def _weights(variants: Sequence[Variant]) -> dict[str, int]:
    """The share of the traffic of each version that has any."""
    weights: Counter[str] = Counter()
    for variant in variants:
        weights[variant["version"]] += variant["weight"]
    return {version: weight for version, weight in weights.items() if weight}
