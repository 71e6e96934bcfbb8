"""The check of a change: the families that it touches, with what is known of all others."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property

from lockstep.check.change import SHARED, Change
from lockstep.check.compiled import policies_of, threshold_findings
from lockstep.check.families import About, Families, FleetSource
from lockstep.check.kept import KeptParts
from lockstep.check.pipeline import CheckInput, Work, check_families, terms_of
from lockstep.check.policy_sets import open_policy_sets, rules_of
from lockstep.check.scope import Side, TreeIds
from lockstep.check.summary import FamilySummary
from lockstep.check.unappliable import unappliable_changes
from lockstep.check.units import Unit, split_by_unit
from lockstep.check.workspace import refuse_unreadable, shipped_for, with_shipped
from lockstep.edges.cache import Cache
from lockstep.edges.content_key import content_key, key_of
from lockstep.edges.git.history import LedgerReader
from lockstep.edges.resources import shipped_digest
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet, Tree
from lockstep.model.one_cause import by_cause
from lockstep.model.outcome import OF, Outcome
from lockstep.model.times import Moment
from lockstep.opa.binary import find_opa, opa_version
from lockstep.opa.files import policies_digest, policy_files
from lockstep.policy.deviations import deviations
from lockstep.policy.in_force import is_complete
from lockstep.policy.rules import reads_time
from lockstep.render.names import cluster_folder, family_folder
from lockstep.spec.assemble import cluster_files

_PAST = ("clusters/", "ledger/")
"""What a check reads of the base, apart from its policies."""


def check_change_of(change: Change, cache: Cache) -> Outcome:
    """Check what a change touches. Raises LockstepError where something could not be evaluated."""
    with ExitStack() as stack:
        return _ChangeCheck(change, cache, stack).run()


class _ChangeCheck:
    """One run: what is known of families comes from the cache, the files of the others from git."""

    def __init__(self, change: Change, cache: Cache, stack: ExitStack) -> None:
        self._change = change
        self._kept = KeptParts(cache)
        self._head = TreeIds.of(change.git, change.tree_id, SHARED)
        self._base = TreeIds.of(change.git, change.commit, SHARED) if change.commit else None
        self._head.require_clusters()
        self._own = refuse_unreadable(self._head.read_others())
        shared = with_shipped(self._own)
        before = None
        if self._base:
            past = self._base.read_others(_PAST)
            before = with_shipped({**past, **change.policy_files})
        reader = LedgerReader(change.git)
        self._given = CheckInput(
            shared, before, change.now, change.shard,
            history=lambda: reader.at(change.commit or "HEAD"),
            pull_request=change.is_pull_request,
        )  # fmt: skip
        self._policy_sets = open_policy_sets(stack, before or {}, shared, change.opa)
        self._terms = terms_of(self._policy_sets, self._given)

    def run(self) -> Outcome:
        """The outcome of the families that the change touches, and of what spans families."""
        kept, everything = self._kept, self._change.everything
        keys: dict[Unit, str] = {}

        def known(about: About) -> Mapping[Unit, FamilySummary]:
            keys.update(self._summary_keys(self._head, about))
            return kept.summaries(keys)

        families = Families(self._source(), self._terms, known, at_once=everything)
        kept.keep_summaries(keys, families.made)
        touched, result_keys = self._touched(families)
        claim_keys = {unit: key_of(key, self._rendering) for unit, key in keys.items()}
        homes = self._environment_keys(families.fleet)
        work = Work(
            touched,
            kept.results({unit: result_keys[unit] for unit in touched}),
            lambda units: kept.claims({unit: claim_keys[unit] for unit in units}),
            kept.environments(homes),
        )
        done = check_families(families, work, self._given, self._terms)
        made = {unit: each for unit, each in done.results.items() if unit not in work.results}
        kept.keep_results(result_keys, made)
        claims = {unit: each.claims for unit, each in made.items()}
        kept.keep_claims(claim_keys, {**claims, **done.claims})
        rendered = done.environments.items()
        kept.keep_environments(
            homes, {n: each for n, each in rendered if n not in work.environments}
        )
        outcome = self._about_scope(done.checked.outcome(), families, touched)
        further = (*self._deviations(), *self._unappliable())
        return replace(outcome, findings=by_cause((*outcome.findings, *further)))

    def _deviations(self) -> list[Finding]:
        """Where the policies and templates differ from what ships; in one shard only."""
        if self._change.shard.index != 1:
            return []
        titles = {rule.name: rule.title for rule in rules_of(self._policy_sets)}
        return deviations(self._own, shipped_for(self._own), titles)

    def _unappliable(self) -> list[Finding]:
        """What Kubernetes would refuse of the committed manifests; in one shard only."""
        if self._base is None or self._change.shard.index != 1:
            return []
        return unappliable_changes(self._base, self._head)

    def _source(self) -> FleetSource:
        head = self._head
        gone = [unit for unit in self._units if unit not in head.families]
        return FleetSource(
            tree=self._given.tree,
            before=self._given.before,
            units=self._units,
            present=[unit for unit, (specs, _) in head.families.items() if specs],
            specs=head.read_families,
            whole=lambda units: _with_rendered(head, head.read_families(units)),
            past=lambda units: self._past_of(units, gone),
            left=head.read_left,
        )

    def _past_of(self, units: Collection[Unit], gone: Collection[Unit]) -> Tree:
        """The files of families at the base; of all there where one may have been renamed."""
        base = self._base
        if base is None:
            return {}
        new = any(unit not in base.families for unit in units)
        return base.read_families(list(base.families) if new and gone else units)

    @cached_property
    def _units(self) -> tuple[Unit, ...]:
        before = self._base.families if self._base else {}
        return tuple(sorted({*self._head.families, *before}))

    @cached_property
    def _rendering(self) -> str:
        """The templates and schemas that manifests are rendered with."""
        trees = (self._given.tree, self._given.before or {})
        parts = [_part(tree, ("templates/", "policies/schemas/rendered/")) for tree in trees]
        return content_key(parts, ["rendering"])

    def _environment_keys(self, fleet: Fleet) -> dict[str, str]:
        """What the folders of each environment and its tenants depend on: its file, templates."""
        ids = {name: self._head.environment(name) for name in fleet.environments}
        return {name: key_of(self._rendering, name, each) for name, each in ids.items()}

    def _summary_keys(self, side: TreeIds, about: About) -> dict[Unit, str]:
        """What the summary of each family depends on: its files, its environment's, the schemas.

        Of a malformed environment no family is well-formed, and that may depend on other files.
        """
        trees = [_part(each.policies, ("policies/schemas/",)) for each in self._policy_sets]
        common = content_key(trees, ["summary"])
        homes = {name: key_of(side.environment(name), repr(about[name])) for name in about}
        return {
            unit: key_of(common, unit, side.families.get(unit), homes.get(unit[0]))
            for unit in self._units
        }

    def _touched(self, families: Families) -> tuple[list[Unit], dict[Unit, str]]:
        """The families that the change touches, and the key of each one's result."""
        base = self._base
        now = self._side(self._head, families)
        before = self._side(base, self._families_before(base, families)) if base else None
        if before and self._change.is_pull_request:
            families.held_at_base = before.families.held
        common = self._common([each.policies for each in self._policy_sets], self._head)
        every = self._change.everything or not base or common != self._common_before(base)
        # Once for all new families, of which there may be as many as in the whole fleet.
        all_past = key_of(*sorted(base.families.items())) if base else ""
        sides = [each for each in (self._head, base) if each]
        touched: list[Unit] = []
        keys: dict[Unit, str] = {}
        for unit in self._units:
            reads = now.reads(unit)
            past = before.reads(unit) if before else ()
            # A new family may have been another one before, and is compared with that.
            new = base is not None and unit not in base.families
            # What a pull request may bring concerns new records only.
            ledgers = {side.families.get(unit, (None, None))[1] for side in sides}
            asked = self._change.is_pull_request and len(ledgers) > 1
            held = repr(families.held_at_base(unit[0]) or "")
            keys[unit] = key_of(common, unit, reads, past, all_past if new else "", asked, held)
            if every or reads != past:
                touched.append(unit)
        return touched, keys

    def _side(self, ids: TreeIds, families: Families) -> Side:
        return Side(ids, families, self._change.freezes(ids.tree), self._change.now)

    def _common(self, policies: Iterable[Tree], ids: TreeIds) -> str:
        """What all results depend on: the rules and schemas in force, templates, time, OPA."""
        in_force = [(policy_files(each), _part(each, ("policies/schemas/",))) for each in policies]
        each = [policies_digest(rules) + policies_digest(schemas) for rules, schemas in in_force]
        # In their order, because only of the last set malformed thresholds are reported. Otherwise
        # a second set with the same rules, where only waivers differ, finds nothing else.
        digests = each if self._has_malformed_thresholds() else list(dict.fromkeys(each))
        # Results know the time by the hour, where a rule reads it.
        timed = any(reads_time(rules) for rules, _ in in_force)
        hour = Moment(self._change.now).to_json()["now"] if timed else ""
        opa = (opa_version(find_opa()), repr(self._change.opa))
        facts = (*digests, ids.others.get("templates"), self._shipped_templates, hour, *opa)
        return key_of(content_key([], ["result"]), facts)

    @cached_property
    def _shipped_templates(self) -> str:
        given = (self._given.tree, self._given.before or {})
        return "" if all(map(is_complete, given)) else shipped_digest()

    def _has_malformed_thresholds(self) -> bool:
        try:
            return bool(threshold_findings(self._policy_sets[0].policies))
        except LockstepError:  # their schemas cannot be used
            return True

    def _common_before(self, base: TreeIds) -> str | None:
        """The same for the base as it is; None where it has no policies."""
        policies = policies_of(self._given.before or {})
        return self._common([policies], base) if policies else None

    def _families_before(self, base: TreeIds, families: Families) -> Families:
        """The families at the base: those that the change does not edit are known."""
        head = self._head.families
        units = [unit for unit in self._units if unit in base.families]
        same = {u: families.summaries[u] for u in units if base.families[u] == head.get(u)}

        def known(about: About) -> Mapping[Unit, FamilySummary]:
            keys = self._summary_keys(base, about)
            return same | self._kept.summaries({u: keys[u] for u in units if u not in same})

        source = FleetSource(
            tree=self._given.before or {},
            before=None,
            units=tuple(units),
            present=[unit for unit in units if base.families[unit][0]],
            specs=base.read_families,
            whole=base.read_families,
            past=lambda _: {},
            left=lambda _: {},
        )
        return Families(source, self._terms, known)

    def _about_scope(self, outcome: Outcome, families: Families, touched: list[Unit]) -> Outcome:
        """With what the report says where other families were not checked."""
        if len(touched) == len(self._units):
            return outcome
        clusters = sum(each.clusters for each in families.summaries.values())
        return replace(outcome, summary={**outcome.summary, OF: clusters})


def _part(tree: Tree, folders: tuple[str, ...]) -> Tree:
    return {path: data for path, data in tree.items() if path.startswith(folders)}


def _with_rendered(ids: TreeIds, files: Tree) -> Tree:
    """Files of families, with those of their folders under rendered/ and of their clusters'."""
    named = cluster_files(files).values()
    folders = {cluster_folder(environment, name) for environment, _, name in named}
    folders |= {family_folder(*unit) for unit in split_by_unit(files)}
    return refuse_unreadable({**files, **ids.read_rendered(folders)})
