"""The policies that judge a change, with the OPA that holds them and the waivers that count."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime

from lockstep.check.compiled import law_of, policies_of, threshold_findings
from lockstep.edges.cache import Cache
from lockstep.model.finding import Finding, Related, Severity
from lockstep.model.fleet import Subject, Tree
from lockstep.model.outcome import POLICY_ERROR, RuleText
from lockstep.opa.address import OpaOptions
from lockstep.opa.evaluation import OpaSession
from lockstep.opa.session import opa_session
from lockstep.policy import Judged, Moment, PolicyItem, Rule, batches
from lockstep.policy.waivers import read_terms, read_waivers, sound_waivers
from lockstep.policy.waiving import Waiving
from lockstep.spec.validate import Schemas

CHILD = OpaOptions()
"""OPA as a child of this run."""


@dataclass(frozen=True)
class Judge:
    """The policies of one tree: rules, schemas, and an OPA that gets ready meanwhile.

    Rules ``without_say`` are not asked: what is wrong with their thresholds is told instead.
    """

    policies: Tree
    rules: tuple[Rule, ...]
    schemas: Schemas
    opa: OpaSession
    without_say: frozenset[Rule] = frozenset()

    @property
    def asked(self) -> tuple[Rule, ...]:
        """The rules that OPA is asked for."""
        return tuple(rule for rule in self.rules if rule not in self.without_say)

    def answers(self, items: Sequence[PolicyItem], now: datetime) -> list[object]:
        """What OPA answers about the items."""
        return self.opa.evaluate_all(list(batches(items, self.asked, Moment(now))))

    def telling_thresholds(self) -> "Judge":
        """The same where somebody tells what is wrong with the thresholds, as Verdicts does."""
        malformed = {finding.file for finding in threshold_findings(self.policies)}
        silent = (rule for rule in self.rules if rule.thresholds in malformed)
        return replace(self, without_say=frozenset(silent))


def call_judges(
    stack: ExitStack, base: Tree, head: Tree, options: OpaOptions = CHILD
) -> list[Judge]:
    """Those who judge: the base's policies, and the change's own where it changes them.

    The head's own count alone only where the base has none. A running OPA holds the base's; the
    change's own are for a child. Raises LockstepError where policies are unusable. ``stack`` stops
    what is started here.
    """
    own, known = policies_of(head), policies_of(base)
    if not known or known == own:
        return [call_judge(stack, own, options)]
    return [call_judge(stack, known, options), call_judge(stack, own)]


def call_judge(stack: ExitStack, policies: Tree, options: OpaOptions = CHILD) -> Judge:
    """One who judges by these policies."""
    law = law_of(policies)
    opa = opa_session(policies, options, schemas=law.input_schemas, cache=Cache.of_user())
    return Judge(policies, law.rules, law.schemas, stack.enter_context(opa))


_Place = tuple[str, str, int, int]
"""Rule, file, line and column of findings that are one."""

_BASE = (
    "judged by this rule of the base branch; what the change makes of it counts once it is there"
)


class Verdicts:
    """Collects what all judges find, each finding once, and applies the waivers that count.

    ``head`` is the tree that is judged: what it waives and the base does not is pending.
    """

    def __init__(self, judges: Sequence[Judge], head: Tree, now: datetime) -> None:
        self._judges = judges
        self._now = now
        self._today = now.date()
        self._found: dict[_Place, list[Judged]] = {}
        self._last: Collection[_Place] = ()  # what the newest judge has found
        self._waivers, self.invalid = self._read_waivers(head)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules that judge, by name; where two judges have one, the base's."""
        by_name = {rule.name: rule for judge in reversed(self._judges) for rule in judge.rules}
        return tuple(by_name[name] for name in sorted(by_name))

    @property
    def texts(self) -> tuple[RuleText, ...]:
        """The rules as reports show them."""
        return tuple(RuleText(r.id, r.title, r.description, r.category) for r in self.rules)

    def add(self, found: Iterable[Judged]) -> None:
        """Take all that one judge found.

        What an earlier one said of the same place stands, unless it only warned and this denies.
        """
        mine: dict[_Place, list[Judged]] = {}
        for judged in found:
            f = judged.finding
            mine.setdefault((f.rule, f.file, f.line, f.column), []).append(judged)
        self._last = mine.keys()
        for place, same in mine.items():
            if _stops(same) and not _stops(self._found.get(place, ())):
                self._found[place] = same
            self._found.setdefault(place, same)

    def findings(self, left_out: Sequence[Subject] = ()) -> list[Finding]:
        """What was found, waived where a waiver says so, and what is wrong with the waivers.

        ``left_out`` are clusters that were not judged, because something about them is malformed.
        """
        waivable = {rule.id: rule.waivable for rule in self.rules}
        paths = {rule.id: rule.path for rule in self._judges[0].rules}
        every = [
            judged if place in self._last else _by_the_base(judged, paths)
            for place, same in self._found.items()
            for judged in same
        ]
        found = [
            self._waivers.apply(j, waivable=waivable.get(j.finding.rule, False)) for j in every
        ]
        unjudged = any(finding.rule == POLICY_ERROR for finding in found)
        return found if unjudged else found + self._waivers.unused(left_out)

    def _read_waivers(self, head: Tree) -> tuple[Waiving, list[Finding]]:
        first, last = self._judges[0], self._judges[-1]
        terms = read_terms(first.policies)
        offered, malformed = read_waivers(head, *(judge.schemas for judge in self._judges))
        sound, wrong = sound_waivers(offered, self.rules, terms, self._today)
        own = {rule.name: rule for judge in self._judges for rule in judge.rules}
        later = sound_waivers(offered, own.values(), read_terms(last.policies), self._today)[1]
        known = read_waivers(first.policies, first.schemas)[0]
        accepted = {w.said for w in sound if terms.from_change or w.is_within(known)}
        counting = [waiver for waiver in sound if waiver.said in accepted]
        pending = [waiver for waiver in sound if waiver.said not in accepted]
        once = {(f.rule, f.file, f.line): f for f in (*later, *wrong)}  # the base's words
        found = [*malformed, *once.values(), *threshold_findings(last.policies)]
        return Waiving(counting, pending, self._today), found


def _by_the_base(judged: Judged, paths: Mapping[str, str]) -> Judged:
    """With a word of why the change's own policies do not help; ``paths`` are the base's rules."""
    if judged.finding.rule not in paths:
        return judged
    note = Related(paths[judged.finding.rule], 1, 1, _BASE)
    related = (*judged.finding.related, note)
    return replace(judged, finding=replace(judged.finding, related=related))


def _stops(found: Iterable[Judged]) -> bool:
    return any(judged.finding.severity is Severity.ERROR for judged in found)
