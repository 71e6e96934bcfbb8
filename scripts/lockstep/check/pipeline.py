"""The check of one tree: validate, render, evaluate policies, compare; every finding collected.

Rendering and evaluation go on at the same time: OPA evaluates some families while others are
rendered, so that both cores have work.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

from lockstep.check.compiled import templates_of
from lockstep.check.policy_sets import CHILD, PolicyFindings, PolicySet, open_policy_sets
from lockstep.check.shards import ShardScope
from lockstep.check.unreadable_base import unreadable_base
from lockstep.check.validation import (
    Checked,
    compare_rendered,
    fitting_part,
    validate_tree,
    without_malformed,
    without_render_echo,
)
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Fleet, Subject, Tree
from lockstep.model.outcome import Outcome
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.address import OpaOptions
from lockstep.policy import (
    BATCH_SIZE,
    MalformedClusters,
    PolicyItem,
    blocking,
    environment_input,
    family_inputs,
    interpret,
)
from lockstep.policy.findings import trace_by
from lockstep.policy.renames import family_before
from lockstep.render import FleetRendering
from lockstep.rollout.history import HistoryOf, check_history, check_left_behind
from lockstep.spec.assemble import assemble, cluster_files
from lockstep.spec.yaml.load import Documents


@dataclass(frozen=True)
class CheckInput:
    """What is checked: a tree, what was before, when, and how much of it.

    ``before`` holds at least the base's clusters, ledger and policies; None where there is no
    base. ``compared`` says whether ``rendered/`` must be as rendered. ``rollback_only`` evaluates
    only the rules that may stop a rollback. Families of ``around`` that the tree does not have are
    not checked, but what they have in quarantine counts. ``history`` is that of the base's ledger;
    None for a change that a verb has just made, which has read it.
    """

    tree: Tree
    before: Tree | None
    now: datetime
    shard: Shard = WHOLE
    compared: bool = True
    rollback_only: bool = False
    around: Fleet = field(default_factory=Fleet)
    history: HistoryOf | None = None


Evaluations = list[tuple[PolicySet, Sequence[PolicyItem], Future[list[object]]]]
"""What OPA evaluates: the items, by which policies, and the answers to come."""


def check_tree(given: CheckInput, options: OpaOptions = CHILD) -> "PipelineResult":
    """Check a tree by the policies of its base and, where it changes them, by its own, too.

    Raises LockstepError where something could not be evaluated at all.
    """
    with ExitStack() as stack:
        policy_sets = open_policy_sets(stack, given.before or {}, given.tree, options)
        return run_pipeline(policy_sets, given)


def check_change(
    tree: Tree, before: Tree, now: datetime, around: Fleet, *, rollback_only: bool
) -> Checked:
    """Check a tree of one family that a verb is about to commit on top of ``before``.

    ``rendered/`` is not compared: the verb itself has just rendered it. What the families
    ``around`` it have in quarantine does not stop a rollback.
    """
    given = CheckInput(
        tree,
        before,
        now,
        compared=False,
        rollback_only=rollback_only,
        around=Fleet() if rollback_only else around,
    )
    return check_tree(given).checked


def run_pipeline(policy_sets: Sequence[PolicySet], given: CheckInput) -> "PipelineResult":
    """Check a tree by these policy sets, in their order of precedence."""
    documents = Documents()  # the base shares most of its files with the tree
    if given.rollback_only:
        policy_sets = [replace(each, rules=blocking(each.rules)) for each in policy_sets]
    else:  # the thresholds of the last set are reported, so its rules need not fail over them
        policy_sets = [*policy_sets[:-1], policy_sets[-1].without_malformed_thresholds()]
    checked = validate_tree(given.tree, documents, [each.schemas for each in policy_sets])
    old, found = (None, []) if given.before is None else assemble(given.before, documents)
    unread = unreadable_base(given.before or {}, old, found, given.tree) if old else []
    with silenced_stderr():
        return _Pipeline(given, policy_sets, checked, old, unread).run()


@dataclass(frozen=True)
class PipelineResult:
    """The findings of a check, and the rules that were evaluated."""

    checked: Checked
    policy: PolicyFindings

    def outcome(self, tree: Tree) -> Outcome:
        """What a report needs of it, with the source lines of ``tree``."""
        return self.checked.outcome(tree, self.policy.texts)


class _Pipeline:
    """One run over one validated tree; ``_valid`` is the part of it that rules can read."""

    def __init__(
        self,
        given: CheckInput,
        policy_sets: Sequence[PolicySet],
        checked: Checked,
        old: Fleet | None,
        unread: Sequence[Finding],
    ) -> None:
        self._given = given
        self._policy_sets = policy_sets
        self._checked = checked
        self._old = old
        self._unread = unread
        self._valid = without_malformed(checked)
        self._former = fitting_part(old, policy_sets[0].schemas, self._valid) if old else None
        self._around = self._valid.merged_with(given.around)
        self._unseen = _unseen(given.tree, self._valid)
        self._incomplete = {subject[:2] for subject in self._unseen}
        self._scope = ShardScope(checked.fleet, given.shard)

    def run(self) -> PipelineResult:
        """Render and evaluate every family of the shard, and collect what is found."""
        given, checked, scope = self._given, self._checked, self._scope
        policy = PolicyFindings(self._policy_sets, given.tree, given.now)
        templates = templates_of(given.tree, given.before)
        # Objects that no rule reads are dropped at once: many live ones slow the collector down.
        kinds = {k for each in self._policy_sets for rule in each.active_rules for k in rule.reads}
        rendering = FleetRendering(self._valid, templates, kinds)
        evaluations = self._evaluate(rendering)
        found = list(checked.invalid)
        # A mistake in a waiver or a threshold, or in the base, must not stop a rollback.
        if not given.rollback_only:
            found += [*policy.invalid, *self._unread]
        found += check_history(self._valid, self._old or Fleet(), given.history)
        found += check_left_behind(given.tree, given.before or {}, self._valid)
        if given.compared:
            found += self._compared(rendering)
        trace = trace_by(templates)
        # The base's first: of two findings at one place the earlier one stays (see add).
        for policy_set in self._policy_sets:
            policy.add(
                each
                for by, items, future in evaluations
                if by is policy_set
                for each in interpret(items, future.result(), policy_set.active_rules, trace)
            )
        invalid = tuple(filter(scope.reports, found))
        denied = tuple(filter(scope.reports, policy.findings(sorted(self._unseen))))
        result = Checked(scope.part(checked.fleet), invalid, denied)
        return PipelineResult(without_render_echo(result), policy)

    def _compared(self, rendering: FleetRendering) -> list[Finding]:
        """What is wrong in ``rendered/``; families of other shards may write the same files."""
        for family in self._scope.neighbours(self._valid):
            rendering.family(family)
        fleet, tree = self._checked.fleet, self._given.tree
        return compare_rendered(tree, fleet, self._valid, rendering.result())

    def _evaluate(self, rendering: FleetRendering) -> Evaluations:
        """Render each family and have OPA evaluate it; two requests are with OPA at a time."""
        evaluations: Evaluations = []
        with ThreadPoolExecutor(2) as pool:
            for items in self._items(rendering):
                for policy_set in self._policy_sets:
                    future = pool.submit(policy_set.evaluate, items, self._given.now)
                    evaluations.append((policy_set, items, future))
        return evaluations

    def _items(self, rendering: FleetRendering) -> Iterator[list[PolicyItem]]:
        """What OPA evaluates, in groups of about one request, as soon as it is rendered."""
        environments = self._valid.environments.values()
        yield [environment_input(self._valid, self._former, each) for each in environments]
        waiting: list[PolicyItem] = []
        for family in self._families():
            rendered = rendering.family(family)
            now, malformed = self._given.now, self._malformed_of(family)
            waiting += family_inputs(self._around, self._former, family, now, rendered, malformed)
            if len(waiting) >= BATCH_SIZE:
                yield waiting
                waiting = []
        yield waiting

    def _malformed_of(self, family: Family) -> MalformedClusters:
        """What rules must know of clusters that they do not see: these were not removed."""
        before = family_before(self._valid, self._former, family)
        known = before.clusters if before else ()
        return MalformedClusters(
            (family.environment, family.name) not in self._incomplete,
            [cluster for cluster in known if cluster.subject in self._unseen],
        )

    def _families(self) -> Iterator[Family]:
        return (family for family in self._valid.families() if self._scope.owns(family))


def _unseen(tree: Tree, valid: Fleet) -> set[Subject]:
    """The clusters that no rule sees, because something about them is malformed."""
    return set(cluster_files(tree).values()) - {cluster.subject for cluster in valid.clusters()}
