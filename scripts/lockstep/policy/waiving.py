"""What waivers do to findings: suppress them, or be named beside them; and which are of no use."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import Subject
from lockstep.model.outcome import UNUSED
from lockstep.policy.findings import Judged
from lockstep.policy.waivers import Waiver

_PENDING = "this waiver counts once it is on the base branch"


class Waiving:
    """Applies waivers to findings, and remembers which of them were of use.

    ``pending`` are waivers that the change brings and that do not count yet.
    """

    def __init__(self, waivers: Sequence[Waiver], pending: Sequence[Waiver], today: date) -> None:
        self._expired = [w for w in (*waivers, *pending) if w.last_day < today]
        in_force = (w for w in waivers if w.last_day >= today)
        # a renewal before what it renews
        self._in_force = sorted(in_force, key=lambda w: w.last_day, reverse=True)
        self._pending = [w for w in pending if w.last_day >= today]
        self._used: set[tuple[str, ...]] = set()

    def apply(self, judged: Judged, *, waivable: bool) -> Finding:
        """The finding as it counts: suppressed, or with the waivers that do not help it named."""
        if not waivable:
            return judged.finding
        pending = self._of(self._pending, judged)
        for waiver in self._in_force:
            if waiver.covers(judged):
                self._used.add(waiver.said)
                return replace(judged.finding, suppression=waiver.suppression())
        over = self._of(self._expired, judged)
        notes = [waiver.related(f"this waiver expired on {waiver.expires}") for waiver in over]
        notes += [waiver.related(_PENDING) for waiver in pending]
        return replace(judged.finding, related=(*judged.finding.related, *notes))

    def unused(self, unjudged: Sequence[Subject] = ()) -> list[Finding]:
        """A warning for each waiver that no finding was under.

        Not for those that reach what could not be judged: nobody knows whether they are of use.
        """
        every = (*self._in_force, *self._expired, *self._pending)
        idle = [waiver for waiver in every if waiver.said not in self._used]
        return [_unused(w) for w in idle if not any(map(w.reaches, unjudged))]

    def _of(self, waivers: Iterable[Waiver], judged: Judged) -> list[Waiver]:
        matching = [waiver for waiver in waivers if waiver.covers(judged)]
        self._used |= {waiver.said for waiver in matching}
        return matching


def _unused(waiver: Waiver) -> Finding:
    says = f"this waiver of {waiver.rule} waives nothing"
    finding = waiver.place().finding(UNUSED, says, "remove the waiver")
    return replace(finding, severity=Severity.WARNING)
