"""Families for which nothing can be due, found without parsing their clusters and locks.

Most families are in no rollout at most times. A record of a verified state has the git objects of
the files that it was made of: while a family has those very files, it is as its record says.
"""

from lockstep.model.decision import Decision, Phase
from lockstep.model.exit_codes import ExitCode
from lockstep.model.fleet import Family, Tree
from lockstep.model.ledger import LedgerHistory
from lockstep.model.result import Waiting
from lockstep.rollout.chain import judged
from lockstep.rollout.plan import NO_ROLLOUT, Move
from lockstep.rollout.position import newest_decision, position_of, verified_decision
from lockstep.rollout.skew import skew_breached
from lockstep.spec.assemble import assemble
from lockstep.spec.ledger import unsettled
from lockstep.spec.records import check_records
from lockstep.spec.selection import only_heads
from lockstep.transactions.snapshot import Snapshot


def idle(snapshot: Snapshot, environment: str, name: str, history: LedgerHistory) -> Waiting | None:
    """What ``advance`` says of a family that is as its newest record has verified it.

    None for all others: they are read as a whole, and so is one whose environment or records are
    malformed. ``history`` is what commits did to the ledger.
    """
    files = snapshot.own_files(environment, name)
    family = _with_records(snapshot, files, environment, name)
    if family is None or environment not in snapshot.valid_environments:
        return None
    family = judged(family, history)
    newest = newest_decision(family)
    if newest is None or unsettled(family) or newest is not verified_decision(family):
        return None
    if newest.to.phase is not Phase.STEADY or not _is_as_recorded(snapshot, family, newest, files):
        return None
    if any(check_records(family, snapshot.schemas)):
        return None
    return Waiting(
        f"{environment}/{name}", str(position_of(family)), Move.NOTHING.value, NO_ROLLOUT, [],
        ExitCode.CLEAN, skew_breached=skew_breached(family, snapshot.context.now),
    )  # fmt: skip


def _with_records(snapshot: Snapshot, files: Tree, environment: str, name: str) -> Family | None:
    """The family with its head and its records alone; None where one of them has a finding."""
    head = f"clusters/{environment}/environment.yaml"
    records = {path: data for path, data in files.items() if path.startswith("ledger/")}
    read = {**only_heads(files), **records, head: snapshot.tree[head]}
    fleet, found = assemble(read, snapshot.documents)
    home = fleet.environments.get(environment)
    return home.families.get(name) if home and not found else None


def _is_as_recorded(snapshot: Snapshot, family: Family, newest: Decision, files: Tree) -> bool:
    """Whether the files of a family are those of which its newest record was made, all of them.

    The environment's own file may be another one: it cannot make a decision due.
    """
    verified = newest.verified_state
    inside = f"{family.folder}/"
    then = {p: oid for p, oid in verified.files.items() if p.startswith(inside)} if verified else {}
    return then == {path: snapshot.ids[path] for path in files if path.startswith(inside)}
