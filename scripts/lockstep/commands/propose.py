"""``lockstep propose``: a registered version becomes the candidate, on a branch to be merged."""

from contextlib import suppress
from dataclasses import dataclass

from lockstep.edges.git import Git, Raced
from lockstep.model.decision import Action, Decision, Phase, Position, Target
from lockstep.model.document import Json
from lockstep.model.errors import Denied
from lockstep.model.exit_codes import ExitCode
from lockstep.model.result import Report
from lockstep.rollout import position as rollout
from lockstep.rollout.next_decision import next_decision
from lockstep.rollout.quarantine import entries_of, in_force, matches
from lockstep.rollout.trailers import commit_message
from lockstep.spec import variants as forms
from lockstep.spec.lock import write_lock
from lockstep.text.sanitise import record_line
from lockstep.transactions.commit import Change, build
from lockstep.transactions.publish import newest_state, refuse_dirty
from lockstep.transactions.registry_check import read_lock
from lockstep.transactions.run import Steering, find_state, report_data, require_agreement, title
from lockstep.transactions.state import State


@dataclass(frozen=True)
class Wish:
    """What is to be proposed, and whether the branch is pushed at once."""

    family: str
    version: str
    reason: str = ""
    push: bool = False


def run(steering: Steering, wish: Wish) -> Report:
    """Commit candidate, lock, manifests and record on a new branch; nothing else moves.

    The same proposal of the same state has the same branch, so a second run finds it made.
    Raises Denied with the reason where the version may not be proposed.
    """
    git = Git.find(steering.root)
    refuse_dirty(git)
    branch = git.branch()
    remote = git.remote(branch)
    snapshot = newest_state(git, branch, remote, steering.now, time_given=steering.time_given)
    state = find_state(snapshot, wish.family, steering.environment)
    require_ready(state)
    lock = read_lock(steering, state.family, wish.version)
    require_welcome(state, lock)
    tree, made = _build(git, state, lock, wish)
    name = f"lockstep/{title(state)}/{wish.version}-{made[0].id[-12:]}"
    report = _report(state, wish, name, made)
    if git.resolve(f"refs/heads/{name}") is None:
        commit = git.commit_tree(tree, [snapshot.base], commit_message(made))
        with suppress(Raced):  # another run has just made the same branch
            git.create_branch(name, commit)
    if wish.push and remote:
        tip = git.resolve(f"refs/heads/{name}") or ""
        git.push(remote, tip, name)
    return report


def require_ready(state: State) -> None:
    """Raise Denied where the family cannot take a candidate now."""
    family = state.family
    at = rollout.position(family)
    if at.phase is Phase.NEW:
        fix = f"lockstep adopt {title(state)} --reason '...'"
        raise Denied(f"{title(state)} has no verified state to return to", fix=fix)
    require_agreement(state)
    if at.phase is not Phase.STEADY:
        target = rollout.target(family)
        version = target.version if target else "?"
        raise Denied(
            f"{title(state)} is busy with version {version}: {at}",
            fix="finish it with lockstep advance, or take it back with lockstep revert",
        )
    if rollout.skew_breached(family, state.snapshot.circumstances.now):
        raise Denied(
            f"{title(state)}: regions have served different versions for longer than allowed",
            fix="bring them to one version first, and adopt that state",
        )


def require_welcome(state: State, lock: Json) -> None:
    """Raise Denied where the version is in quarantine or serves already."""
    identity = lock["spec"]["identity"]
    keys = ("registry", "model", "version", "digest")
    family, digests = state.family, [identity["digest"]]
    for entry in in_force(state.fleet, family.environment, family.name, digests):
        if matches(entry, **{key: identity[key] for key in keys}):
            raise Denied(
                f"version {identity['version']} is in quarantine since {entry.get('since')}: "
                f"{record_line(str(entry.get('reason')))}",
                where=title(state),
                fix=f"lockstep release {_held_in(state, entry)} {entry.get('version')} "
                "--reason '...'",
            )
    serving = [v for c in state.family.clusters for v in forms.serving_versions(c.variants)]
    if identity["version"] in serving:
        raise Denied(f"version {identity['version']} serves already", where=title(state))
    if any(v["version"] == identity["version"] for c in state.family.clusters for v in c.variants):
        raise Denied(  # no state without it would be left to return to
            f"version {identity['version']} is an arm of an experiment",
            where=title(state),
            fix="end the experiment first, and adopt the state without it",
        )


def _held_in(state: State, entry: Json) -> str:
    """The family, of this or an earlier environment, whose release ends a quarantine."""
    for family in (state.family, *state.fleet.families()):
        if entry in entries_of(family):
            return f"{family.environment}/{family.name}"
    return title(state)


def _build(git: Git, state: State, lock: Json, wish: Wish) -> tuple[str, tuple[Decision, ...]]:
    family = state.family
    identity = lock["spec"]["identity"]
    target = Target(identity["version"], identity["digest"])
    variants = {c.name: forms.proposed(c.variants, target.version) for c in family.clusters}
    reason = record_line(wish.reason) or f"version {target.version} was registered"
    decision = next_decision(
        family, Action.PROPOSE, Position(Phase.PROPOSED), target, variants, reason,
        state.snapshot.circumstances,
    )  # fmt: skip
    path = f"{family.folder}/locks/{target.version}.yaml"
    return build(git, state, Change(variants, {path: write_lock(lock)}), decision)


def _report(state: State, wish: Wish, branch: str, made: tuple[Decision, ...]) -> Report:
    clusters = ", ".join(cluster.name for cluster in state.family.clusters)
    lines = [
        f"{title(state)}: version {wish.version} is proposed on branch {branch}",
        f"  candidate with weight 0 in {clusters}",
        "  merge the branch, then run lockstep advance",
    ]
    return Report("\n".join(lines), ExitCode.CLEAN, [{**report_data(made)[0], "branch": branch}])
