"""Since when a step is live: a pure function of the records, and of what Argo CD has answered.

Git says what has to serve, and a cluster serves it once Argo CD has synced it. Where gates with
``source: argocd`` say when that was, the bake and the grid of blocks begin then, and a rollback
restores only what its shift has left. Where no gate can tell, a step is live when it is decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lockstep.model.decision import Action, Decision, Phase
from lockstep.model.document import Json, value_at
from lockstep.model.evidence import ARGOCD, Evidence
from lockstep.model.fleet import Cluster, Family
from lockstep.model.times import format_time, parse_time
from lockstep.rollout.comparisons import segment_of
from lockstep.rollout.position import position_of, step_began
from lockstep.rollout.weight_moves import moved_by_shift, moved_by_step
from lockstep.text.sanitise import one_line

LIVE_GATES = "liveGates"
"""Where the plan in a record names the gates that say what is live."""

LiveGates = Mapping[str, Sequence[str]]
"""The names of the gates that say what is live, by cluster."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """Since when the newest move of weights is live in every cluster that it has moved.

    ``asked`` says that gates have to tell it. ``since`` (aware, UTC) is None where it is not live,
    and ``why`` then says in which cluster and why not: what Argo CD says, and where to look.
    """

    since: datetime | None
    why: str = ""
    asked: bool = False

    @property
    def waits(self) -> bool:
        """Whether Argo CD still has to bring it to a cluster, or cannot be asked."""
        return self.asked and self.since is None


def is_live_gate(gate: Json) -> bool:
    """Whether a gate says what is live in its cluster."""
    of_argocd = value_at(gate, ("source",)) == ARGOCD
    return bool(of_argocd and value_at(gate, ("when",)) != "propose")


def live_gates(family: Family) -> dict[str, list[str]]:
    """The gates that say what is live, as the family declares them; empty where there are none.

    Malformed ones count as none: a rollback must not fail over them.
    """
    names = {
        cluster.name: [gate["name"] for gate in live_gates_in(family, cluster)]
        for cluster in family.clusters
    }
    return {cluster: found for cluster, found in names.items() if found}


def live_gates_in(family: Family, cluster: Cluster) -> Iterator[Json]:
    """The gates of a family that say what is live in one of its clusters; see live_gates."""
    gates = family.spec.get("gates")
    mine = (None, segment_of(cluster))
    for gate in gates if isinstance(gates, list) else ():
        named = isinstance(value_at(gate, ("name",)), str)
        if named and is_live_gate(gate) and value_at(gate, ("segment",)) in mine:
            yield gate


def live_gates_of_plan(decision: Decision) -> LiveGates:
    """The gates that say what is live, by the plan that a record holds, and by its evidence.

    A forged plan that names none does not help a record whose evidence holds one, and one that is
    no mapping names a gate that there is not.
    """
    listed = value_at(decision.plan, (LIVE_GATES,), {})
    if not isinstance(listed, dict):
        listed = {cluster: [LIVE_GATES] for cluster in decision.variants}
    found = {
        str(cluster): [str(name) for name in names] if isinstance(names, list) else [str(names)]
        for cluster, names in listed.items()
    }
    for item in decision.evidence:
        if is_live_gate(item.gate):
            found.setdefault(item.cluster, []).append(str(item.gate.get("name")))
    return found


def asked_from(family: Family) -> datetime | None:
    """From when on evidence may count: since the running step, or the shift, was decided."""
    if position_of(family).phase is not Phase.SHIFTED:
        return step_began(family)
    shifts = (r.decision for r in reversed(family.records) if r.decision.action is Action.SHIFT)
    shift = next(shifts, None)
    return parse_time(shift.decided_at) if shift else None


def awaited(family: Family, gates: LiveGates | None = None) -> dict[str, Sequence[str]]:
    """The gates that have to say since when the newest move of weights is live, by cluster.

    Those of the clusters that the running step has moved, or the shift whose restore is due; empty
    outside of both. ``gates`` are those of a record's plan; by default the family's own.
    """
    moved = _moved(family)
    if not moved:  # most families: their gates need not be looked at
        return {}
    known = live_gates(family) if gates is None else gates
    return {cluster: names for cluster, names in known.items() if cluster in moved}


def liveness(
    family: Family, evidence: Sequence[Evidence], gates: LiveGates | None = None
) -> Liveness:
    """Since when the running step is live, or the shift whose restore is due.

    The latest of the times that the awaited gates say, in ``evidence``, and never before it was
    decided: after a resume, the bake begins then. Without such gates that is when it was decided.
    """
    began, wanted = asked_from(family), awaited(family, gates)
    if began is None or not wanted:
        return Liveness(began)
    found = _Found()
    given = {(item.cluster, str(item.gate.get("name"))): item
             for item in evidence if is_live_gate(item.gate)}  # fmt: skip
    for cluster, names in wanted.items():
        for name in names:
            found.add(cluster, name, given.get((cluster, name)))
    if found.missing:
        return Liveness(None, "; ".join(dict.fromkeys(found.missing)), asked=True)
    return Liveness(max([began, *found.since]), asked=True)


def bakes_from(live: Liveness) -> str:
    """``live since 2026-03-01T08:02:11Z, ``; empty where no gate says when it was."""
    return f"live since {format_time(live.since)}, " if live.asked and live.since else ""


@dataclass
class _Found:
    """The times of the gates that say what is live, and why others say nothing."""

    since: list[datetime] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(self, cluster: str, name: str, item: Evidence | None) -> None:
        since = _since(item) if item else None
        if since is not None:
            self.since.append(since)
            return
        why = item.reason if item else "it was not asked"
        self.missing.append(f"{one_line(name, 80)} in {one_line(cluster, 80)}: {why}")


def _since(item: Evidence) -> datetime | None:
    """When Argo CD had synced the move; whether its objects are healthy is for the verdict."""
    live = item.answer.live
    if item.answer.failure or live is None or live.since is None or not live.is_wanted:
        return None
    try:
        return parse_time(live.since)
    except (TypeError, ValueError):  # a record may hold anything
        return None


def _moved(family: Family) -> set[str]:
    at = position_of(family)
    if at.phase is Phase.SHIFTED:
        return moved_by_shift(family)
    running = at.phase in (Phase.ROLLING, Phase.HELD) and at.step is not None
    return moved_by_step(family) if running else set()
