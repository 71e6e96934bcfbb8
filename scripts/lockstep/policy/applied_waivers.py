"""Waivers at work: findings that they suppress, notes of those that do not count, unused ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain, product
from operator import itemgetter

from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import Subject
from lockstep.model.outcome import POLICY, UNUSED_WAIVER
from lockstep.policy.findings import RuleFinding
from lockstep.policy.waivers import Waiver

_PENDING = "this waiver counts once it is on the base branch"
_NOTED = 10
"""Waivers that the notes of one finding name: each of many findings may have many waivers."""


class AppliedWaivers:
    """Applies waivers to findings, and remembers which of them were used.

    ``pending`` are waivers that the change adds and that do not count yet.
    """

    def __init__(self, waivers: Sequence[Waiver], pending: Sequence[Waiver], today: date) -> None:
        self._expired = _Index(w for w in (*waivers, *pending) if w.last_day < today)
        in_force = (w for w in waivers if w.last_day >= today)
        # The one that ends last comes first, so that a renewal replaces what it renews.
        self._in_force = _Index(sorted(in_force, key=lambda w: w.last_day, reverse=True))
        self._pending = _Index(w for w in pending if w.last_day >= today)
        self._used: set[tuple[str, ...]] = set()

    def apply(self, found: RuleFinding, *, waivable: bool) -> Finding:
        """The finding suppressed by a waiver, or with its expired and pending waivers as notes."""
        if not waivable:
            return found.finding
        # First, because matching counts as use: a renewal must not be reported as unused.
        pending = self._pending.covering(found)
        for waiver in self._in_force.covering(found, use=False)[:1]:
            self._used.add(waiver.fields)
            return replace(found.finding, suppression=waiver.suppression())
        expired = self._expired.covering(found)
        notes = [waiver.related(f"this waiver expired on {waiver.expires}") for waiver in expired]
        notes += [waiver.related(_PENDING) for waiver in pending]
        return replace(found.finding, related=(*found.finding.related, *notes))

    def unused(self, left_out: Sequence[Subject] = ()) -> list[Finding]:
        """A warning for each waiver that applied to no finding.

        Not for waivers whose scope includes one of ``left_out``: these subjects were not
        evaluated, so the waiver may still be needed.
        """
        every = (*self._in_force.waivers, *self._expired.waivers, *self._pending.waivers)
        used = {*self._used, *self._expired.used(), *self._pending.used()}
        needed = {scope for subject in left_out for scope in _scopes_around(subject)}
        # By fields, so that the copy on the base and the one of the change count as one.
        return [_unused(w) for w in every if w.fields not in used and w.scope not in needed]


_Key = tuple[str, Subject]
"""The rule as a waiver names it, and the waiver's scope."""


class _Index:
    """Waivers by rule and scope: there may be thousands, and as many findings."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        self.waivers = tuple(waivers)
        self._by_key: dict[_Key, list[tuple[int, Waiver]]] = {}
        self._used: set[_Key] = set()
        for number, waiver in enumerate(self.waivers):
            key = (waiver.rule, waiver.scope)
            self._by_key.setdefault(key, []).append((number, waiver))

    def covering(self, found: RuleFinding, *, use: bool = True) -> list[Waiver]:
        """The first waivers that apply to a finding, in order.

        With ``use`` all that apply count as used.
        """
        rule = found.finding.rule
        # A waiver can name the rule with or without the prefix of findings.
        rules = {rule, rule.removeprefix(POLICY)}
        scopes = _scopes_around((found.environment, found.family, found.cluster))
        keys = self._by_key.keys() & {(name, scope) for name in rules for scope in scopes}
        if use:
            self._used |= keys
        matching = chain.from_iterable(self._by_key[key][:_NOTED] for key in keys)
        return [waiver for _, waiver in sorted(matching, key=itemgetter(0))[:_NOTED]]

    def used(self) -> Iterator[tuple[str, ...]]:
        """The fields of the waivers that count as used."""
        return (waiver.fields for key in self._used for _, waiver in self._by_key[key])


def _scopes_around(subject: Subject) -> set[Subject]:
    """The scopes that include an environment, family and cluster: each part or, empty, all."""
    environment, family, cluster = subject
    return set(product(("", environment), ("", family), ("", cluster)))


def _unused(waiver: Waiver) -> Finding:
    says = f"this waiver of {waiver.rule} waives nothing"
    finding = waiver.place().finding(UNUSED_WAIVER, says, "remove the waiver")
    return replace(finding, severity=Severity.WARNING)
