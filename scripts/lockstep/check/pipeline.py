"""The check of one tree: every family, then the fleet; every finding collected.

Rendering and evaluation go on at the same time: OPA evaluates some families while others are
rendered, so that both cores have work.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

from lockstep.check.compiled import templates_of
from lockstep.check.evaluation import Evaluation, answers_about
from lockstep.check.families import Families, FleetSource
from lockstep.check.family import conclude_family, prepare_family, without_render_echo
from lockstep.check.family_values import (
    FamilyResult,
    FolderClaims,
    PreparedFamily,
    Quarantines,
    ReadFamily,
    Terms,
)
from lockstep.check.fleet import (
    EnvironmentFolders,
    FleetInput,
    FleetResult,
    check_fleet,
    colliding_families,
    environment_items,
    named_clusters,
    outside,
    render_environments,
    sharing,
)
from lockstep.check.policy_sets import CHILD, PolicySet, Waivers, open_policy_sets, rules_of
from lockstep.check.shards import owns, reports
from lockstep.check.units import Unit
from lockstep.check.unreadable_base import UNREADABLE_BASE
from lockstep.check.validation import Checked, counts_of
from lockstep.edges import progress
from lockstep.edges.stderr import silenced_stderr
from lockstep.model.document import Json
from lockstep.model.finding import arrange
from lockstep.model.fleet import Fleet, Subject, Tree
from lockstep.model.outcome import POLICY_ERROR, RuleText
from lockstep.model.paths import SETTINGS
from lockstep.model.shard import WHOLE, Shard
from lockstep.opa.address import OpaOptions
from lockstep.policy import blocking
from lockstep.policy.in_force import shipped_paths
from lockstep.rollout.history import HistoryOf
from lockstep.spec.yaml.load import Documents
from lockstep.text.excerpts import excerpts


@dataclass(frozen=True)
class CheckInput:
    """What is checked: a tree, what was before, when, and how much of it.

    ``before`` holds at least the base's clusters, ledger and policies; None where there is no
    base. ``compared`` says whether ``rendered/`` must be as rendered. ``rollback_only`` evaluates
    only the rules that may stop a rollback. Families of ``around`` that the tree does not have are
    not checked, but what they have in quarantine counts. ``others`` are families that the fleet has
    and the tree need not hold: an environment's own file may name them. ``history`` is that of the
    base's ledger; None for a change that a verb has just made, which has read it. ``documents`` has
    what was parsed before: checks of several trees parse what these share once. ``pull_request``
    says that the change is not on the followed branch yet, and people made it.
    """

    tree: Tree
    before: Tree | None
    now: datetime
    shard: Shard = WHOLE
    compared: bool = True
    rollback_only: bool = False
    around: Fleet = field(default_factory=Fleet)
    others: Collection[Unit] = ()
    history: HistoryOf | None = None
    documents: Documents | None = None
    pull_request: bool = False


def check_tree(given: CheckInput, options: OpaOptions = CHILD) -> "PipelineResult":
    """Check a tree by the policies of its base and, where it changes them, by its own, too.

    Raises LockstepError where something could not be evaluated at all.
    """
    with ExitStack() as stack:
        policy_sets = open_policy_sets(stack, given.before or {}, given.tree, options)
        return run_pipeline(policy_sets, given)


def check_change(
    tree: Tree,
    before: Tree,
    now: datetime,
    around: Fleet,
    documents: Documents,
    others: Collection[Unit],
    *,
    rollback_only: bool,
) -> Checked:
    """Check a tree of one family that a verb is about to commit on top of ``before``.

    ``rendered/`` is not compared: the verb itself has just rendered it. What the families
    ``around`` it have in quarantine does not stop a rollback. ``others`` are all families.
    """
    given = CheckInput(
        tree,
        before,
        now,
        compared=False,
        rollback_only=rollback_only,
        around=Fleet() if rollback_only else around,
        others=others,
        documents=documents,
    )
    return check_tree(given).checked


def run_pipeline(policy_sets: Sequence[PolicySet], given: CheckInput) -> "PipelineResult":
    """Check a tree by these policy sets, in their order of precedence."""
    terms = terms_of(policy_sets, given)
    source = FleetSource.of_trees(given.tree, given.before, given.others)
    families = Families(source, terms, around=given.around, documents=given.documents)
    return check_families(families, Work(source.units), given, terms)


def terms_of(policy_sets: Sequence[PolicySet], given: CheckInput) -> Terms:
    """What the families of a check are checked by; ``given.tree`` may hold shared files alone."""
    if given.rollback_only:
        policy_sets = [replace(each, rules=blocking(each.rules)) for each in policy_sets]
    else:  # the thresholds of the last set are reported, so its rules need not fail over them
        policy_sets = [
            *(each.without_missing_thresholds() for each in policy_sets[:-1]),
            policy_sets[-1].without_malformed_thresholds(),
        ]
    return Terms(
        [each.schemas for each in policy_sets],
        policy_sets,
        templates_of(given.tree, given.before),
        given.now,
        given.compared,
        given.history,
        given.pull_request,
    )


@dataclass(frozen=True)
class Work:
    """The families to check, and what is known already.

    ``results`` are those of families to check, ``claims`` gives those of others, as far as known,
    which may collide with them. ``environments`` are the folders of environments.
    """

    units: Sequence[Unit]
    results: Mapping[Unit, FamilyResult] = field(default_factory=dict)
    claims: Callable[[Collection[Unit]], Mapping[Unit, FolderClaims]] = lambda _: {}
    environments: EnvironmentFolders = field(default_factory=dict)


@dataclass(frozen=True)
class PipelineResult:
    """What a check has found, and the results of its families.

    ``claims`` are those of further families, which were rendered to be compared with them;
    ``environments`` are the folders of the environments whose own file has no error.
    """

    checked: Checked
    results: Mapping[Unit, FamilyResult]
    claims: Mapping[Unit, FolderClaims]
    environments: EnvironmentFolders


def check_families(
    families: Families, work: Work, given: CheckInput, terms: Terms
) -> PipelineResult:
    """Check families, and what spans all of them."""
    with silenced_stderr():
        return _Pipeline(families, work, given, terms).run()


class _Pipeline:
    """One run: families are rendered and evaluated, then what spans them is checked."""

    def __init__(self, families: Families, work: Work, given: CheckInput, terms: Terms) -> None:
        self._families = families
        self._work = work
        self._given = given
        self._terms = terms
        self._left = families.left() if given.compared else {}
        self._waivers = Waivers(terms.policy_sets, given.tree, given.now)
        self._units = [unit for unit in work.units if owns(given.shard, unit)]

    def run(self) -> PipelineResult:
        """Check every family of the shard and the fleet, and collect what is found."""
        self._families.read(sharing(self._families.summaries))  # their places are in messages
        environments = environment_items(self._fleet_input({}))
        with ExitStack() as stack:
            evaluation = Evaluation(self._terms, stack)
            evaluation.add(environments)
            evaluation.flush()  # at once: it is the largest item, and needs no rendering
            prepared = self._prepare(evaluation)
            near = self._claims_of_neighbours()
            answers = evaluation.answers()
        made = {
            unit: conclude_family(each, answers_about(each.items, answers), self._terms)
            for unit, each in prepared.items()
        }
        results = {unit: made.get(unit) or self._work.results[unit] for unit in self._units}
        claims = near | {unit: each.claims for unit, each in results.items()}
        rendered = render_environments(
            self._fleet_input({}), self._terms.templates, self._work.environments
        )
        spanning = self._spanning(claims, rendered, answers_about(environments, answers))
        return PipelineResult(self._checked(results, spanning), results, near, rendered)

    def _fleet_input(self, claims: Mapping[Unit, FolderClaims]) -> FleetInput:
        families = self._families
        return FleetInput(
            families.fleet, families.shared.before, families.shared.unreadable, families.about,
            families.summaries, claims, families.found, self._left,
            self._given.tree.get(SETTINGS),
        )  # fmt: skip

    def _prepare(self, evaluation: Evaluation) -> dict[Unit, PreparedFamily]:
        """Render the families whose result is not known, and have OPA evaluate them."""
        wanted = [unit for unit in self._units if unit not in self._work.results]
        prepared = {}
        for number, (unit, read) in enumerate(self._families.read(wanted).items(), start=1):
            if len(wanted) > 1:  # an example of a rule has one family
                progress.step("checking", "/".join(unit), number, len(wanted))
            prepared[unit] = self._prepare_family(unit, read)
            evaluation.add(prepared[unit].items)
        evaluation.flush()
        return prepared

    def _prepare_family(self, unit: Unit, read: ReadFamily) -> PreparedFamily:
        known, home = self._families, unit[0]
        entries = known.held(home), known.held_before(unit), known.held_at_base(home)
        return prepare_family(read, Quarantines(*entries), self._terms)

    def _claims_of_neighbours(self) -> dict[Unit, FolderClaims]:
        """What families claim that may collide with one of those to check."""
        if not self._given.compared:
            return {}
        summaries, own = self._families.summaries, set(self._units)
        taken = {place for unit in own for place in summaries[unit].neighbourhood}
        others = (summary for unit, summary in summaries.items() if unit not in own)
        near = [each.unit for each in others if not taken.isdisjoint(each.neighbourhood)]
        claims = dict(self._work.claims(near))
        unknown = self._families.read(unit for unit in near if unit not in claims)
        return claims | {u: self._prepare_family(u, read).claims for u, read in unknown.items()}

    def _spanning(
        self,
        claims: Mapping[Unit, FolderClaims],
        folders: EnvironmentFolders,
        answers: Sequence[Sequence[Json]],
    ) -> FleetResult:
        """What spans families; the files of those that findings point into are read now."""
        families = self._families
        colliding = colliding_families(claims, folders) if self._given.compared else []
        named = named_clusters(answer for each in answers for answer in each)
        families.read([*colliding, *families.of_clusters(named)])
        given = self._fleet_input({unit: claims[unit] for unit in colliding})
        return check_fleet(given, folders, answers, self._terms)

    def _checked(self, results: Mapping[Unit, FamilyResult], spanning: FleetResult) -> Checked:
        families, shard = self._families, self._given.shard
        denied = [each for result in results.values() for each in result.denied]
        invalid = [finding for finding in spanning.invalid if reports(shard, finding)]
        for result in results.values():
            invalid += outside(spanning.colliding, result.invalid)
        # A mistake in a waiver, in a threshold or in the base must not stop a rollback.
        if self._given.rollback_only:
            invalid = [finding for finding in invalid if finding.rule != UNREADABLE_BASE]
        else:
            others = [*self._waivers.invalid, *families.shared.unread]
            invalid += [finding for finding in others if reports(shard, finding)]
        invalid = without_render_echo(invalid, [*denied, *spanning.denied])
        counted = [*self._waivers.apply(denied)]
        counted += [f for f in self._waivers.apply(spanning.denied) if reports(shard, f)]
        # A rule that could not be evaluated may be the one that a waiver is for.
        if not any(finding.rule == POLICY_ERROR for finding in counted):
            counted += [f for f in self._waivers.unused(self._unseen()) if reports(shard, f)]
        lines = excerpts((*invalid, *counted), families.files)
        kept = (each for result in results.values() for each in result.excerpts)
        return Checked(
            _part(families.fleet, results),
            arrange(invalid),
            tuple(counted),
            counts_of(families.summaries[unit] for unit in self._units),
            {(file, line): text for file, line, text in kept} | lines,
            tuple(
                RuleText(rule.id, rule.title, rule.description, rule.category)
                for rule in rules_of(self._terms.policy_sets)
                if any(rule in each.active_rules for each in self._terms.policy_sets)
            ),
            shipped_paths(self._given.tree, self._given.before or {}),
        )

    def _unseen(self) -> list[Subject]:
        """The clusters that no rule saw: the malformed ones, and those that are not checked."""
        every, checked = self._families.summaries.items(), set(self._work.units)
        unseen = {subject for _, each in every for subject in each.unseen}
        others = (each for unit, each in every if unit not in checked and each.share)
        named = ((each.unit, c["name"]) for each in others for c in each.share["clusters"])
        return sorted(unseen | {(*unit, name) for unit, name in named})


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
