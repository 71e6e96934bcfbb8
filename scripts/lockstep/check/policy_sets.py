"""The policy sets of a check: the base's rules and the change's own, and what both find.

The base's rules decide, so that a change cannot loosen what it is checked by. Where a change
edits policies, its own are evaluated in addition, so that it cannot bring rules that its own fleet
breaks.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from lockstep.check.compiled import compile_policies, policies_of, threshold_findings
from lockstep.edges.cache import Cache
from lockstep.edges.content_key import content_key
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, Related, Severity
from lockstep.model.fleet import Subject, Tree
from lockstep.model.times import Moment
from lockstep.opa.address import OpaOptions
from lockstep.opa.base import OpaSession
from lockstep.opa.binary import find_opa, opa_version
from lockstep.opa.session import close_unused, opa_session
from lockstep.policy import PolicyItem, Rule, RuleFinding, batches
from lockstep.policy.applied_waivers import AppliedWaivers
from lockstep.policy.thresholds import MISSING, unusable
from lockstep.policy.waivers import last_days, read_waiver_limits, read_waivers, valid_waivers
from lockstep.spec.schema.schemas import Schemas

_NO_CACHE = Cache(None)

CHILD = OpaOptions()
"""OPA as a child of this run."""


@dataclass(frozen=True)
class PolicySet:
    """The policies of one tree: rules, schemas, and an OPA that gets ready meanwhile.

    ``skipped`` rules are not evaluated: those that are switched off, and those about whose
    thresholds a finding is reported instead.
    ``cache`` keeps answers of an OPA that is a child of this run, which no other program changes.
    """

    policies: Tree
    rules: tuple[Rule, ...]
    schemas: Schemas
    opa: OpaSession
    skipped: frozenset[Rule] = frozenset()
    cache: Cache = _NO_CACHE

    @property
    def active_rules(self) -> tuple[Rule, ...]:
        """The rules that OPA evaluates."""
        return tuple(rule for rule in self.rules if rule not in self.skipped)

    def evaluate(self, items: Sequence[PolicyItem], now: datetime) -> list[object]:
        """OPA's answers about the items, by the active rules."""
        return self.opa.evaluate_all(list(batches(items, self.active_rules, Moment(now))))

    def evaluate_kept(self, item: PolicyItem, now: datetime) -> list[object]:
        """OPA's answers about one item, from the cache where it has answered the same before.

        For environments: their items are the largest, and most changes leave them as they are.
        """
        given = list(batches([item], self.active_rules, Moment(now)))
        try:
            asked = msgspec.json.encode(given, order="deterministic").decode()
        except (msgspec.MsgspecError, UnicodeError, TypeError):  # half of a surrogate pair
            return self.opa.evaluate_all(given)
        # The policies as a whole: that they compile depends on the schemas, too.
        key = content_key([self.policies], ["answers", opa_version(find_opa()), asked])
        known = self.cache.get(key)
        if isinstance(known, list):
            return known
        answers = self.opa.evaluate_all(given)
        # What could not be evaluated is tried again.
        if not any(isinstance(each, dict) and "error" in each for each in answers):
            self.cache.put(key, answers)
        return answers

    def without_malformed_thresholds(self) -> "PolicySet":
        """The same without the rules whose thresholds are malformed.

        For a caller that reports these, as Waivers does: one mistake in a threshold stays
        one finding, and is not an evaluation error for each cluster.
        """
        return self._without(threshold_findings(self.policies))

    def without_missing_thresholds(self) -> "PolicySet":
        """The same without the rules whose thresholds are not written yet.

        For a base: a new program may need what only the change brings. Then its own rules count.
        """
        return self._without(f for f in threshold_findings(self.policies) if f.rule == MISSING)

    def _without(self, wrong: Iterable[Finding]) -> "PolicySet":
        return replace(self, skipped=self.skipped | unusable(self.rules, wrong))


def open_policy_sets(
    stack: ExitStack, base: Tree, head: Tree, options: OpaOptions = CHILD
) -> list[PolicySet]:
    """The base's policies and, where the change edits them, the change's own after them.

    The head's own count alone only where the base has none. A running OPA holds the base's; the
    change's own are for a child. Raises LockstepError where policies are unusable. ``stack`` stops
    what is started here.
    """
    own, known = policies_of(head), policies_of(base)
    if not known or known == own:
        return [open_policy_set(stack, own, options)]
    return [open_policy_set(stack, known, options), open_policy_set(stack, own)]


def open_policy_set(stack: ExitStack, policies: Tree, options: OpaOptions = CHILD) -> PolicySet:
    """The policy set of these files, with its OPA started; ``stack`` stops it."""
    compiled = compile_policies(policies)
    cache = Cache.of_user()
    opa = opa_session(policies, options, schemas=compiled.input_schemas, cache=cache)
    return PolicySet(
        policies, compiled.rules, compiled.schemas, stack.enter_context(opa), compiled.off,
        _NO_CACHE if options.url else cache,
    )  # fmt: skip


@contextmanager
def opa_at_hand(tree: Tree) -> Iterator[None]:
    """Have an OPA get ready for the policies of a tree, while the block does something else.

    What is wrong with them is reported by the check that needs them, not here.
    """
    try:
        with suppress(LockstepError), ExitStack() as stack:
            open_policy_set(stack, policies_of(tree))  # it stays for the next session
        yield
    finally:
        close_unused()


_Place = tuple[str, str, int, int]
"""Rule, file, line and column: findings that agree in these are the same one."""

_BASE_NOTE = (
    "the base branch's version of this rule was evaluated; the change's own counts once it is "
    "merged"
)


def rules_of(policy_sets: Sequence[PolicySet]) -> tuple[Rule, ...]:
    """All rules of the policy sets, by name; where two sets have one, that of the first."""
    by_name = {rule.name: rule for each in reversed(policy_sets) for rule in each.rules}
    return tuple(by_name[name] for name in sorted(by_name))


def merge_findings(
    policy_sets: Sequence[PolicySet], found: Sequence[Iterable[RuleFinding]]
) -> list[RuleFinding]:
    """What the policy sets have found about the same items, each finding once.

    A finding of an earlier set stays, unless it only warns where a later one denies; what the last
    set does not find says that the base's rule found it.
    """
    merged: dict[_Place, list[RuleFinding]] = {}
    last: Collection[_Place] = ()
    for each in found:
        added: dict[_Place, list[RuleFinding]] = {}
        for one in each:
            f = one.finding
            added.setdefault((f.rule, f.file, f.line, f.column), []).append(one)
        last = added.keys()
        for place, same in added.items():
            if _stops(same) and not _stops(merged.get(place, ())):
                merged[place] = same
            merged.setdefault(place, same)
    paths = {rule.id: rule.path for first in policy_sets[:1] for rule in first.rules}
    return [
        each if place in last else _by_the_base(each, paths)
        for place, same in merged.items()
        for each in same
    ]


class Waivers:
    """The waivers that count in a check, applied to what its policy sets have found.

    ``head`` is the tree that is checked: a waiver that it has and the base does not have is
    pending, so that a change cannot waive its own findings.
    """

    def __init__(self, policy_sets: Sequence[PolicySet], head: Tree, now: datetime) -> None:
        self._policy_sets = policy_sets
        self._today = now.date()
        self._rules = rules_of(policy_sets)
        self._waivers, self._wrong = self._read_waivers(head)

    @property
    def invalid(self) -> list[Finding]:
        """What is wrong with the waivers, and with the thresholds of the last policy set.

        Raises LockstepError (see check_data).
        """
        return [*self._wrong, *threshold_findings(self._policy_sets[-1].policies)]

    def apply(self, every: Iterable[RuleFinding]) -> list[Finding]:
        """What was found, waived where a waiver says so."""
        waivable = {rule.id: rule.waivable for rule in self._rules}
        return [
            self._waivers.apply(each, waivable=waivable.get(each.finding.rule, False))
            for each in every
        ]

    def unused(self, left_out: Sequence[Subject]) -> list[Finding]:
        """The waivers that no finding of ``apply`` needed.

        ``left_out`` are clusters that no rule saw, because something about them is malformed:
        their waivers may be in use.
        """
        return self._waivers.unused(left_out)

    def _read_waivers(self, head: Tree) -> tuple[AppliedWaivers, list[Finding]]:
        """The waivers of the head that count or are pending, and what is wrong with them.

        By the base's terms, and by the change's own, which the waivers must meet once it is merged.
        """
        first, last = self._policy_sets[0], self._policy_sets[-1]
        terms = read_waiver_limits(first.policies)
        offered, malformed = read_waivers(head, *(each.schemas for each in self._policy_sets))
        valid, wrong = valid_waivers(offered, self._rules, terms, self._today)
        own = {rule.name: rule for each in self._policy_sets for rule in each.rules}
        own_terms = read_waiver_limits(last.policies)
        later = valid_waivers(offered, own.values(), own_terms, self._today)[1]
        known = last_days(read_waivers(first.policies, first.schemas)[0])
        # A waiver of the base that only ends earlier loosens nothing, so it counts at once.
        accepted = {w.fields for w in valid if terms.from_change or w.is_within(known)}
        counting = [waiver for waiver in valid if waiver.fields in accepted]
        pending = [waiver for waiver in valid if waiver.fields not in accepted]
        once = {(f.rule, f.file, f.line): f for f in (*later, *wrong)}  # in the base's words
        return AppliedWaivers(counting, pending, self._today), [*malformed, *once.values()]


def _by_the_base(found: RuleFinding, paths: Mapping[str, str]) -> RuleFinding:
    """With a note why the change's own policies do not help; ``paths`` are the base's rules."""
    if found.finding.rule not in paths:
        return found
    note = Related(paths[found.finding.rule], 1, 1, _BASE_NOTE)
    related = (*found.finding.related, note)
    return replace(found, finding=replace(found.finding, related=related))


def _stops(found: Iterable[RuleFinding]) -> bool:
    return any(each.finding.severity is Severity.ERROR for each in found)
