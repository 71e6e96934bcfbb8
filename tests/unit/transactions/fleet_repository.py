"""A fleet in real git, for tests of how decisions are published; nothing is checked or rendered."""

from datetime import datetime, timedelta
from pathlib import Path

from lockstep.edges.git import Git
from lockstep.edges.resources import shipped_root
from lockstep.model.decision import Action, Decision, Phase, Position, Target
from lockstep.model.record import write_record
from lockstep.model.result import Decided, RolledBack
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.position import current_variants
from lockstep.transactions.publication import PlannedCommit
from lockstep.transactions.run import RunOptions
from lockstep.transactions.state import FamilyState
from tests.unit.edges.repositories import git, new_repository
from tests.unit.rollout.ledgers import START

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "base" / "clusters"
FAMILY = "prod/scoring"


def files(repository: object) -> dict[str, bytes]:
    """A valid family without records, and the schemas that it fits."""
    found = {"lockstep.yaml": f"branch: main\nrepository: {repository}\n".encode()}
    for folder, name in (
        (EXAMPLE, "clusters"),
        (shipped_root() / "policies" / "schemas", "policies/schemas"),
    ):
        for path in folder.rglob("*"):
            if path.is_file():
                found[f"{name}/{path.relative_to(folder)}"] = path.read_bytes()
    return found


def fleet(folder: Path) -> tuple[Git, Path]:
    """A clone of the fleet on ``main``, and its bare remote."""
    remote = folder / "fleet.git"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    made = new_repository(folder / "clone", files(remote))
    git(made.root, "remote", "add", "origin", str(remote))
    git(made.root, "push", "--quiet", "--set-upstream", "origin", "main")
    return Git(made.root), remote


def options(made: Git, minutes: int = 0, **given: str) -> RunOptions:
    now: datetime = START + timedelta(minutes=minutes)
    return RunOptions(made.root, now, **given)  # type: ignore[arg-type]


def adoption(made: Git, state: FamilyState, reason: str = "because") -> PlannedCommit:
    """A commit with one record, as a verb plans it."""
    decision = decision_on(state, reason)
    return PlannedCommit(tree_with(made, state, decision), Decided((decision,)))


def rollback(made: Git, state: FamilyState) -> PlannedCommit:
    """The same as if it were a rollback."""
    decision = decision_on(state, "bad")
    return PlannedCommit(tree_with(made, state, decision), RolledBack((decision,)))


def decision_on(state: FamilyState, reason: str) -> Decision:
    target = Target("1", "sha256:" + "0" * 64)
    variants = current_variants(state.family)
    return next_decision(
        state.family, Action.ADOPT, Position(Phase.STEADY), target, variants, reason,
        state.snapshot.context,
    )  # fmt: skip


def tree_with(made: Git, state: FamilyState, decision: Decision) -> str:
    return made.write_tree(state.snapshot.base, {decision.path: write_record(decision)})


def protect(remote: Path, pattern: str) -> None:
    """Have the remote refuse pushes to branches of that pattern of the shell."""
    hook = remote / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\ncase "$1" in {pattern}) echo protected >&2; exit 1;; esac\n')
    hook.chmod(0o755)
