"""The check of one tree: every family, then the fleet; every finding collected.

Rendering and evaluation go on at the same time: OPA evaluates some families while others are
rendered, so that both cores have work.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

from lockstep.check.compiled import templates_of
from lockstep.check.evaluation import Evaluation, answers_about
from lockstep.check.family import (
    FamilyResult,
    Held,
    PreparedFamily,
    ReadFamily,
    Terms,
    conclude_family,
    prepare_family,
    read_family,
    without_render_echo,
)
from lockstep.check.fleet import (
    FleetInput,
    FleetResult,
    about_environment,
    check_fleet,
    environment_items,
    outside,
)
from lockstep.check.policy_sets import CHILD, PolicySet, Waivers, open_policy_sets, rules_of
from lockstep.check.reading import FamilyReader
from lockstep.check.shards import owns, reports
from lockstep.check.summary import held_in
from lockstep.check.units import Unit
from lockstep.check.validation import Checked
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Fleet, Tree
from lockstep.model.outcome import POLICY_ERROR, Outcome, RuleText
from lockstep.model.paths import SETTINGS
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.address import OpaOptions
from lockstep.policy import Rule, blocking
from lockstep.rollout.history import HistoryOf
from lockstep.rollout.quarantine import up_to


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
    if given.rollback_only:
        policy_sets = [replace(each, rules=blocking(each.rules)) for each in policy_sets]
    else:  # the thresholds of the last set are reported, so its rules need not fail over them
        policy_sets = [*policy_sets[:-1], policy_sets[-1].without_malformed_thresholds()]
    terms = Terms(
        [each.schemas for each in policy_sets],
        policy_sets,
        templates_of(given.tree, given.before),
        given.now,
        given.compared,
        given.history,
    )
    with silenced_stderr():
        return _Pipeline(given, terms).run()


@dataclass(frozen=True)
class PipelineResult:
    """The findings of a check, and the rules that were evaluated."""

    checked: Checked
    rules: tuple[Rule, ...]

    def outcome(self, tree: Tree) -> Outcome:
        """What a report needs of it, with the source lines of ``tree``."""
        texts = [RuleText(r.id, r.title, r.description, r.category) for r in self.rules]
        return self.checked.outcome(tree, texts)


class _Pipeline:
    """One run: families are read, rendered and evaluated, then what spans them is checked."""

    def __init__(self, given: CheckInput, terms: Terms) -> None:
        self._given = given
        self._terms = terms
        self._reader = FamilyReader(given.tree, given.before)
        self._waivers = Waivers(terms.policy_sets, given.tree, given.now)
        self._about = self._about_environments()
        self._read = {unit: self._read_family(unit) for unit in self._reader.units}
        self._summaries = {unit: read.summary for unit, read in self._read.items()}
        self._checked = [unit for unit in self._read if owns(given.shard, unit)]
        self._holding: dict[str, Held] = {}

    def run(self) -> PipelineResult:
        """Check every family of the shard and the fleet, and collect what is found."""
        reader, tree = self._reader, self._given.tree
        fleet = FleetInput(
            reader.fleet, reader.before, reader.unreadable, self._about, self._summaries, {},
            reader.left, tree.get(SETTINGS),
        )  # fmt: skip
        environments = environment_items(fleet)
        with ExitStack() as stack:
            evaluation = Evaluation(self._terms, stack)
            evaluation.add(environments)
            evaluation.flush()  # at once: it is the largest item, and needs no rendering
            prepared = self._prepare(evaluation)
            answers = evaluation.answers()
        results = {
            unit: conclude_family(each, answers_about(each.items, answers), self._terms)
            for unit, each in prepared.items()
        }
        spanning = check_fleet(
            replace(fleet, results=results),
            environments,
            answers_about(environments, answers),
            self._terms,
        )
        return self._result({unit: results[unit] for unit in self._checked}, spanning)

    def _about_environments(self) -> dict[str, list[Finding]]:
        reader = self._reader
        return {
            name: about_environment(
                each, reader.fleet, each.families, reader.unreadable, self._terms
            )
            for name, each in reader.fleet.environments.items()
        }

    def _read_family(self, unit: Unit) -> ReadFamily:
        home = f"clusters/{unit[0]}/environment.yaml"
        unreadable = [f for f in self._reader.unreadable if f.file == home]
        about = [*unreadable, *self._about.get(unit[0], ())]
        return read_family(self._reader.family_input(unit, about), self._terms)

    def _prepare(self, evaluation: Evaluation) -> dict[Unit, PreparedFamily]:
        """Render the families of the shard, and have OPA evaluate them.

        Then those of other shards that may claim the same as one of them, which are not evaluated.
        """
        prepared = {}
        for unit in self._checked:
            prepared[unit] = self._prepare_family(unit)
            evaluation.add(prepared[unit].items)
        evaluation.flush()
        for unit in self._neighbours() if self._given.compared else ():
            prepared[unit] = replace(self._prepare_family(unit), items=())
        return prepared

    def _prepare_family(self, unit: Unit) -> PreparedFamily:
        held_before = self._reader.held_before(unit)
        return prepare_family(self._read[unit], self._held(unit[0]), held_before, self._terms)

    def _held(self, environment: str) -> Held:
        """The quarantine entries of an environment and those before it, by family."""
        if environment not in self._holding:
            around = self._given.around.environments
            self._holding[environment] = [
                each
                for home in up_to(self._reader.fleet, environment)
                for each in held_in(home.name, self._summaries.values(), around.get(home.name))
            ]
        return self._holding[environment]

    def _neighbours(self) -> list[Unit]:
        """The families of other shards that may write the same objects as one of this shard."""
        own = set(self._checked)
        taken = {place for unit in own for place in self._summaries[unit].neighbourhood}
        others = (summary for unit, summary in self._summaries.items() if unit not in own)
        return [each.unit for each in others if not taken.isdisjoint(each.neighbourhood)]

    def _result(
        self, results: Mapping[Unit, FamilyResult], spanning: FleetResult
    ) -> PipelineResult:
        shard = self._given.shard
        denied = [each for result in results.values() for each in result.denied]
        invalid = [finding for finding in spanning.invalid if reports(shard, finding)]
        # A mistake in a waiver or a threshold must not stop a rollback.
        if not self._given.rollback_only:
            invalid += [finding for finding in self._waivers.invalid if reports(shard, finding)]
        for result in results.values():
            invalid += outside(spanning.colliding, result.invalid)
        invalid = without_render_echo(invalid, [*denied, *spanning.denied])
        counted = [*self._waivers.apply(denied)]
        counted += [f for f in self._waivers.apply(spanning.denied) if reports(shard, f)]
        # A rule that could not be evaluated may be the one that a waiver is for.
        if not any(finding.rule == POLICY_ERROR for finding in counted):
            unseen = sorted({each for s in self._summaries.values() for each in s.unseen})
            counted += [f for f in self._waivers.unused(unseen) if reports(shard, f)]
        part = _part(self._reader.fleet, results)
        rules = rules_of(self._terms.policy_sets)
        return PipelineResult(Checked(part, arrange(invalid), tuple(counted)), rules)


def _part(fleet: Fleet, units: Collection[Unit]) -> Fleet:
    """The environments of a fleet with these of its families."""
    return Fleet(
        {
            name: replace(
                home, families={n: f for n, f in home.families.items() if (name, n) in units}
            )
            for name, home in fleet.environments.items()
        }
    )
