"""The whole examination of one tree: validate, render, judge, compare; every finding collected.

Rendering and judging go side by side: OPA answers about some families while others are rendered.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

from lockstep.check.compiled import templates_of
from lockstep.check.policy_sets import CHILD, Judge, Verdicts, call_judges
from lockstep.check.shards import Ownership
from lockstep.check.validation import (
    Checked,
    compare_rendered,
    validate_tree,
    well_formed,
    without_echo,
    without_malformed,
)
from lockstep.edges.native import silent
from lockstep.model.fleet import Family, Fleet, Subject, Tree
from lockstep.model.outcome import Outcome
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.address import OpaOptions
from lockstep.policy import (
    BATCH_SIZE,
    Malformed,
    PolicyItem,
    blocking,
    family_inputs,
    interpret,
    tenancy_input,
)
from lockstep.policy.renames import family_before
from lockstep.policy.trace import tracer
from lockstep.render import FleetRendering
from lockstep.rollout.history import judge_history, judge_left_behind
from lockstep.spec.assemble import assemble, cluster_files
from lockstep.spec.yaml.load import Documents


@dataclass(frozen=True)
class Question:
    """What is examined: a tree, what was before, when, and by how much of the work.

    ``before`` holds at least the base's clusters, ledger and policies; None where there is no
    base. ``compared`` says whether ``rendered/`` must be as rendered; ``rollback_only`` asks only
    the rules that may stop a way back. Families ``around`` those of the tree are not judged, and
    what they have in quarantine binds.
    """

    tree: Tree
    before: Tree | None
    now: datetime
    shard: Shard = WHOLE
    compared: bool = True
    rollback_only: bool = False
    around: Fleet = field(default_factory=Fleet)


Answers = list[tuple[Judge, Sequence[PolicyItem], Future[list[object]]]]


def examine(question: Question, options: OpaOptions = CHILD) -> "Examined":
    """Examine a tree by the policies of its base and, where it changes them, by its own.

    Raises LockstepError where something could not be evaluated at all.
    """
    with ExitStack() as stack:
        judges = call_judges(stack, question.before or {}, question.tree, options)
        return examine_by(judges, question)


def examine_by(judges: Sequence[Judge], question: Question) -> "Examined":
    """Examine a tree by these judges, in their order of precedence."""
    documents = Documents()  # the base shares most of its files with the head
    if question.rollback_only:
        judges = [replace(judge, rules=blocking(judge.rules)) for judge in judges]
    else:
        judges = [*judges[:-1], judges[-1].telling_thresholds()]
    checked = validate_tree(question.tree, documents, [judge.schemas for judge in judges])
    old = assemble(question.before, documents)[0] if question.before is not None else None
    with silent():
        return _Examination(question, judges, checked, old).run()


@dataclass(frozen=True)
class Examined:
    """The findings of an examination, and the rules that judged."""

    checked: Checked
    verdicts: Verdicts

    def outcome(self, tree: Tree) -> Outcome:
        """What is left of it for a report, with the source lines of ``tree``."""
        return self.checked.outcome(tree, self.verdicts.texts)


class _Examination:
    def __init__(
        self, question: Question, judges: Sequence[Judge], checked: Checked, old: Fleet | None
    ) -> None:
        self._question = question
        self._judges = judges
        self._checked = checked
        self._old = old
        self._sound = without_malformed(checked)
        self._former = well_formed(old, judges[0].schemas, self._sound) if old else None
        self._around = self._sound.amid(question.around)
        self._unseen = _unseen(question.tree, self._sound)
        self._incomplete = {subject[:2] for subject in self._unseen}
        self._own = Ownership(checked.fleet, question.shard)

    def run(self) -> Examined:
        question, checked = self._question, self._checked
        verdicts = Verdicts(self._judges, question.tree, question.now)
        templates = templates_of(question.tree, question.before)
        kinds = {kind for judge in self._judges for rule in judge.asked for kind in rule.reads}
        rendering = FleetRendering(self._sound, templates, kinds)
        answers = self._ask(rendering)
        found = list(checked.invalid)
        if not question.rollback_only:  # a mistake in a waiver or a threshold stops no way back
            found += verdicts.invalid
        found += judge_history(self._sound, self._old or Fleet())
        found += judge_left_behind(question.tree, question.before or {}, self._sound)
        if question.compared:
            for family in self._own.neighbours(self._sound):
                rendering.family(family)
            result = rendering.result()
            found += compare_rendered(question.tree, checked.fleet, self._sound, result)
        trace = tracer(templates)
        for judge in self._judges:
            verdicts.add(
                judged
                for asker, items, future in answers
                if asker is judge
                for judged in interpret(items, future.result(), judge.asked, trace)
            )
        invalid = tuple(filter(self._own.keeps, found))
        denied = tuple(filter(self._own.keeps, verdicts.findings(sorted(self._unseen))))
        fleet = self._own.part(checked.fleet)
        return Examined(without_echo(Checked(fleet, invalid, denied)), verdicts)

    def _ask(self, rendering: FleetRendering) -> Answers:
        """Render and ask about each family; two questions are with OPA at a time."""
        answers: Answers = []
        with ThreadPoolExecutor(2) as pool:
            for items in self._items(rendering):
                for judge in self._judges:
                    future = pool.submit(judge.answers, items, self._question.now)
                    answers.append((judge, items, future))
        return answers

    def _items(self, rendering: FleetRendering) -> Iterator[list[PolicyItem]]:
        """What OPA is asked, in groups of about one request, as soon as it is rendered."""
        environments = self._sound.environments.values()
        yield [tenancy_input(self._sound, self._former, each) for each in environments]
        waiting: list[PolicyItem] = []
        for family in self._families():
            rendered = rendering.family(family)
            now, malformed = self._question.now, self._malformed_of(family)
            waiting += family_inputs(self._around, self._former, family, now, rendered, malformed)
            if len(waiting) >= BATCH_SIZE:
                yield waiting
                waiting = []
        yield waiting

    def _malformed_of(self, family: Family) -> Malformed:
        before = family_before(self._sound, self._former, family)
        known = before.clusters if before else ()
        return Malformed(
            (family.environment, family.name) not in self._incomplete,
            [cluster for cluster in known if cluster.subject in self._unseen],
        )

    def _families(self) -> Iterator[Family]:
        return (family for family in self._sound.families() if self._own.has(family))


def _unseen(tree: Tree, sound: Fleet) -> set[Subject]:
    """The clusters that no rule sees, because something about them is malformed."""
    return set(cluster_files(tree).values()) - {cluster.subject for cluster in sound.clusters()}
