"""Turns a decided state into files: specs, rendered manifests and records, checked together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from lockstep.check.pipeline import check_change
from lockstep.check.validation import Checked, validate_tree, without_malformed
from lockstep.edges.git import Git
from lockstep.model.decision import Decision, Variants, VerifiedState
from lockstep.model.errors import Denied, Invalid, LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Tree
from lockstep.model.outcome import POLICY_ERROR
from lockstep.model.record import write_record
from lockstep.model.times import parse_time
from lockstep.rollout.claims import own_files
from lockstep.rollout.needs import unmet_needs
from lockstep.rollout.transitions import RULES, Need
from lockstep.transactions.rendering import (
    render_family,
    rendered_folders,
    require_rendered_now,
)
from lockstep.transactions.shift import shifted_files
from lockstep.transactions.state import (
    FamilyState,
    FileChanges,
    overlay,
    raise_errors,
    spec_changes,
    with_record,
)


@dataclass(frozen=True)
class FamilyChange:
    """A decided change of one family before its records: what is written, and how it is checked.

    ``variants`` are those of every cluster after it. ``rendered`` replaces the rendering where
    a verified state is restored. ``rollback_only`` evaluates only the rules that may block a
    rollback; without ``evaluated`` none is, because they cannot be.
    """

    variants: Mapping[str, Variants]
    extra: Mapping[str, bytes | None] | None = None
    rendered: Mapping[str, bytes] | None = None
    rollback_only: bool = False
    evaluated: bool = True


def build(
    git: Git, state: FamilyState, change: FamilyChange, *decisions: Decision
) -> tuple[str, tuple[Decision, ...]]:
    """The git tree that holds the change with its rendered manifests and records, checked.

    Gives the decisions as recorded: one that a revert may return to holds the git objects of
    the state after it. Raises Invalid or Denied with every finding where the result would not
    pass, NotRendered where it would carry a change of rendering, and LockstepError where the rules
    could not be evaluated or a decision lacks what it needs. Only objects are written then, which
    git removes in time.
    """
    _require_needs(state, decisions)
    before = state.tree
    edits = spec_changes(state.family, before, change.variants)
    changes = edits | dict(change.extra or {})
    after = overlay(before, changes)
    unchecked: tuple[str, ...] = ()
    if edits or change.rendered is not None or _moves_forward(decisions):
        committed = git.read_tree(state.snapshot.base, rendered_folders(state.family))
        rendered = change.rendered
        if _moves_forward(decisions):
            require_rendered_now(git, state)
            rendered = render_family(after, state)
        elif rendered is None:
            rendered, unchecked = shifted_files(state, committed, change.variants)
        changes |= _rendered_changes(committed, rendered)
    made = tuple(
        structs.replace(decision, verified_state=_verified_state(git, state, changes))
        if RULES[decision.action].makes_verified_state
        else structs.replace(decision, unchecked=(*decision.unchecked, *unchecked))
        for decision in decisions
    )
    records = {decision.path: write_record(decision) for decision in made}
    result = overlay(after, records)
    if change.evaluated:
        # The recorded time: rules must see the time that the record claims.
        now = parse_time(decisions[0].decided_at)
        checked = check_change(
            result, before, now, state.fleet, state.snapshot.documents, state.snapshot.families,
            rollback_only=change.rollback_only,
        )  # fmt: skip
    else:
        # Schemas and chains need no OPA, so they count even where no rule can be evaluated.
        checked = validate_tree(result, others=state.snapshot.families)
    _raise_findings(state, change, checked)
    # Mistakes from before do not stop a rollback, but they can hide a cluster from every rule.
    if change.evaluated and change.rollback_only:
        _require_all_evaluated(state, checked)
    return git.write_tree(state.snapshot.base, {**changes, **records}), made


def _moves_forward(decisions: Sequence[Decision]) -> bool:
    return any(Need.RENDERED_NOW in RULES[decision.action].needs for decision in decisions)


def _require_needs(state: FamilyState, decisions: Sequence[Decision]) -> None:
    """Raise LockstepError where a decision lacks what the table of transitions demands."""
    family = state.family
    for decision in decisions:
        if unmet := unmet_needs(family, decision):
            listed = "; ".join(need.value for need in unmet)
            fix = (
                "run lockstep status; docs/reference/rollout.md of Lockstep lists what each action"
                " needs"
            )
            raise LockstepError(f"{decision.action} needs {listed}", where=state.title, fix=fix)
        family = with_record(family, decision)


def _rendered_changes(committed: Tree, rendered: Mapping[str, bytes]) -> FileChanges:
    """What must change under ``rendered/`` for the family, stale files removed."""
    changes: FileChanges = {path: None for path in committed if path not in rendered}
    return changes | {p: data for p, data in rendered.items() if committed.get(p) != data}


def _verified_state(git: Git, state: FamilyState, changes: FileChanges) -> VerifiedState:
    """The git objects of the state that a change leads to."""
    # Without the record, which holds their ids.
    return state_objects(git, state, git.write_tree(state.snapshot.base, changes))


def state_objects(git: Git, state: FamilyState, tree: str) -> VerifiedState:
    """The git objects of everything that a rollback to this state needs."""
    family = state.family
    return VerifiedState(
        # The commit that will hold this tree has no id yet, so this is its parent.
        commit=state.snapshot.base,
        files=git.object_ids(tree, own_files(family)),
        folders=git.object_ids(tree, rendered_folders(family)),
    )


def _require_all_evaluated(state: FamilyState, checked: Checked) -> None:
    """Raise LockstepError where no rule saw a cluster, because its spec is malformed."""
    seen = {cluster.path for cluster in without_malformed(checked).clusters()}
    unseen = [cluster.path for cluster in state.family.clusters if cluster.path not in seen]
    if unseen:
        raise LockstepError(
            f"no rule was evaluated on {', '.join(unseen)}, because it is malformed",
            fix="run lockstep validate, and fix what it reports",
        )


def _raise_findings(state: FamilyState, change: FamilyChange, checked: Checked) -> None:
    """Raise for what is wrong with the result; a rollback is stopped only by new mistakes."""
    invalid = checked.invalid
    if change.rollback_only:
        # Not by line: the rollback itself may move lines.
        known = {(f.rule, f.file, f.pointer) for f in state.invalid}
        invalid = tuple(f for f in invalid if (f.rule, f.file, f.pointer) not in known)
    unevaluated = [finding for finding in checked.denied if finding.rule == POLICY_ERROR]
    # What another environment serves is its own matter: a version that is put into quarantine here
    # may still serve there, and the one in which it is corrected has to come through here first.
    denied = [
        finding
        for finding in checked.denied
        if finding.rule != POLICY_ERROR and not _is_elsewhere(finding, state.family.environment)
    ]
    raise_errors(invalid, Invalid, "the result would be malformed", further=(*unevaluated, *denied))
    if change.rollback_only:
        # First: a rollback goes on without a rule that fails, not against one that denies it.
        raise_errors(denied, Denied, "policy denies the result")
    # Neither Invalid nor Denied: by the type a rollback knows that it may go on without rules.
    raise_errors(
        unevaluated, LockstepError, "the rules could not be evaluated on the result", further=denied
    )
    if not change.rollback_only:
        raise_errors(denied, Denied, "policy denies the result")


def _is_elsewhere(finding: Finding, environment: str) -> bool:
    """Whether a finding is in a file of another environment."""
    top, _, below = finding.file.partition("/")
    of_environments = top in ("clusters", "ledger", "rendered")
    return of_environments and not below.startswith(f"{environment}/")
