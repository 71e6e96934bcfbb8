"""What families of a ledger served at a time, and which region each of their clusters was in."""

from datetime import datetime

from lockstep.check.audit import Ledger
from lockstep.edges.git import Git
from lockstep.edges.git.history import LedgerReader
from lockstep.model.fleet import Family
from lockstep.model.timeline import ServedAt
from lockstep.rollout.chain import judged
from lockstep.rollout.timeline import served_at, timeline_of
from lockstep.spec.assemble import assemble


def judged_families(git: Git, ledger: Ledger, commit: str | None) -> tuple[Family, ...]:
    """The families with the records that can be relied on, by their chain and by git's history.

    ``commit`` is what the ledger was read from; None for the work tree.
    """
    history = LedgerReader(git).at(commit or "HEAD")
    return tuple(judged(family, history) for family in ledger.families)


def read_served(git: Git, family: Family, at: datetime, now: datetime) -> ServedAt:
    """What a judged family served at a time.

    Records do not hold the regions of clusters. Of those that the family no longer declares, the
    specs have them that the record was decided on, where this clone has that commit.
    """
    served = served_at(timeline_of(family, now), at)
    if not served.period or all(each.region for each in served.period.clusters):
        return served
    base = served.period.decision.base
    gone = _regions_at(git, family, base) if base and git.resolve(base) else {}
    return served_at(timeline_of(family, now, gone), at)


def _regions_at(git: Git, family: Family, commit: str) -> dict[str, str]:
    """The region of each cluster of a family as a commit declares it, by its name."""
    home = f"clusters/{family.environment}"
    tree = git.read_tree(commit, [f"{home}/environment.yaml", f"{home}/{family.name}"])
    folder = f"{home}/{family.name}"
    return {each.name: each.region for each in assemble(tree)[0].clusters()
            if each.path.startswith(f"{folder}/")}  # fmt: skip
