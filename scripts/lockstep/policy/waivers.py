"""Waivers: findings that are accepted for a while, each with an owner, a reason and an end.

They are in ``policies/data/waivers/<name>.yaml``. Only waivers on the base branch count, so that a
change cannot waive what it breaks; the data of the base branch may allow otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from lockstep.model.document import Document, Json, Pointer, value_at
from lockstep.model.finding import Finding, Related, Severity, Suppression
from lockstep.model.fleet import Subject, Tree
from lockstep.model.outcome import POLICY, UNUSED_WAIVER
from lockstep.policy.findings import RuleFinding
from lockstep.policy.rules import Rule
from lockstep.spec.place import Place
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.phrases import brief, closest

FOLDER = "policies/data/waivers/"

_POINTER = ("spec", "waivers")
_LIMITS = "policies/data/waivers.yaml"
_PENDING = "this waiver counts once it is on the base branch"


@dataclass(frozen=True, slots=True)
class WaiverLimits:
    """The limits in ``policies/data/waivers.yaml``, below ``thresholds.waivers``.

    ``longest_days`` is how far ahead an expiry may be; ``from_change`` allows waivers of the change
    itself. The defaults allow nothing.
    """

    longest_days: int = 0
    from_change: bool = False


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of a waivers file. Empty parts of the scope match everything."""

    document: Document
    index: int
    rule: str
    environment: str
    family: str
    cluster: str
    owner: str
    reason: str
    ticket: str
    expires: str

    @property
    def fields(self) -> tuple[str, ...]:
        """All of its fields: two waivers with the same fields are one."""
        return (
            self.rule, self.environment, self.family, self.cluster, self.owner, self.reason,
            self.ticket, self.expires,
        )  # fmt: skip

    @property
    def last_day(self) -> date:
        """The last day that it applies; a day that does not exist (31 June) is past."""
        try:
            return date.fromisoformat(self.expires)
        except ValueError:
            return date.min

    def is_within(self, known: Iterable["Waiver"]) -> bool:
        """Whether one of ``known`` has the same fields and ends on the same day or later."""
        same = (each for each in known if each.fields[:-1] == self.fields[:-1])
        return any(self.last_day <= each.last_day for each in same)

    def place(self, field: str = "rule") -> Place:
        """The place of one of its fields."""
        pointer: Pointer = (*_POINTER, self.index, field)
        return Place(self.document, pointer)

    def related(self, note: str) -> Related:
        """The waiver as a related place of a finding."""
        return Related(*self.document.locate(self.place().pointer), note)

    def covers(self, found: RuleFinding) -> bool:
        """Whether it applies to this finding."""
        place = (found.environment, found.family, found.cluster)
        rule = found.finding.rule
        # A waiver can name the rule with or without the prefix of findings.
        return self.reaches(place) and self.rule in (rule, rule.removeprefix(POLICY))

    def reaches(self, place: Subject) -> bool:
        """Whether its scope includes this environment, family and cluster."""
        wanted = (self.environment, self.family, self.cluster)
        return all(want in ("", have) for want, have in zip(wanted, place, strict=True))

    def suppression(self) -> Suppression:
        """The waiver as the suppression of a finding."""
        where = self.document.locate(self.place().pointer)
        return Suppression(
            where.file, where.line, self.owner, self.reason, self.ticket, self.expires
        )


def read_waivers(tree: Tree, *schemas: Schemas) -> tuple[list[Waiver], list[Finding]]:
    """The waivers of a tree, and what is malformed; a file with a mistake waives nothing.

    A file must fit each of ``schemas``.
    """
    waivers: list[Waiver] = []
    findings: list[Finding] = []
    for path in sorted(path for path in tree if _is_waivers(path)):
        document, found = load_yaml(path, tree[path])
        if document is not None:
            wrong = [finding for each in schemas for finding in each.check("Waivers", document)]
            # Once, because the schemas of the change and of its base mostly find the same.
            found += [*dict.fromkeys(wrong), *_misnamed(document)]
        findings += found
        if document is not None and not found:
            entries = enumerate(document.value["spec"]["waivers"])
            waivers += [_waiver(document, index, entry) for index, entry in entries]
    return waivers, findings


def _is_waivers(path: str) -> bool:
    return path.startswith(FOLDER) and path.endswith(".yaml")


def read_waiver_limits(tree: Tree) -> WaiverLimits:
    """The limits of a tree. Where they are missing, no waiver is allowed."""
    # What is wrong with this file is reported by check_data.
    document, _ = load_yaml(_LIMITS, tree.get(_LIMITS, b""))
    limits = value_at(document.value if document else None, ("thresholds", "waivers"), {})
    days, allowed = value_at(limits, ("longestDays",)), value_at(limits, ("acceptFromChange",))
    # By type, because true is an int in Python and would be one day.
    return WaiverLimits(days if type(days) is int else 0, allowed is True)


def valid_waivers(
    waivers: Iterable[Waiver], rules: Iterable[Rule], limits: WaiverLimits, today: date
) -> tuple[list[Waiver], list[Finding]]:
    """The waivers that may count, and a finding for each of the others."""
    known = {rule.name: rule for rule in rules}
    valid: list[Waiver] = []
    findings: list[Finding] = []
    for waiver in waivers:
        problem = _problem(waiver, known, limits, today)
        if problem:
            findings.append(problem)
        else:
            valid.append(waiver)
    return valid, findings


def _problem(
    waiver: Waiver, known: Mapping[str, Rule], limits: WaiverLimits, today: date
) -> Finding | None:
    name = waiver.rule.removeprefix(POLICY)
    # Checked here too, because a change must not loosen the schema of its own waivers.
    if not all(waiver.fields[4:]) or not any(waiver.fields[1:4]):
        return waiver.place().finding(
            "waiver.incomplete",
            "a waiver needs scope, owner, reason, ticket and expires",
            "add the missing fields",
        )
    if name not in known:
        close = closest(name, sorted(known))
        fix = f"write {close}" if close else "name a rule that lockstep policy list shows"
        return waiver.place().finding(
            "waiver.unknown-rule", f"there is no rule {brief(waiver.rule)}", fix
        )
    if not known[name].waivable:
        return waiver.place().finding(
            "waiver.not-waivable",
            f"the rule {name} cannot be waived",
            "remove the waiver, and fix what the rule finds",
        )
    # One that has ended is not a mistake: it only waives nothing any more.
    if (waiver.last_day - today).days > limits.longest_days:
        return waiver.place("expires").finding(
            "waiver.too-long",
            f"expires is {waiver.expires}, more than {limits.longest_days} days from now",
            "choose an earlier day; a waiver can be renewed when it ends",
        )
    return None


def _waiver(document: Document, index: int, entry: Json) -> Waiver:
    scope = ("environment", "family", "cluster")
    parts = [_text(entry, "scope", part) for part in scope]
    others = [_text(entry, field) for field in ("rule", "owner", "reason", "ticket", "expires")]
    return Waiver(document, index, others[0], *parts, *others[1:])


def _text(entry: Json, *path: str) -> str:
    value = value_at(entry, path)
    return value.strip() if isinstance(value, str) else ""


def _misnamed(document: Document) -> list[Finding]:
    name = value_at(document.value, ("metadata", "name"))
    stem = document.path.rsplit("/", 1)[-1].removesuffix(".yaml")
    if not isinstance(name, str) or name == stem:
        return []
    says = f"metadata.name is {brief(name)}, but the file is {stem}.yaml"
    place = Place(document, ("metadata", "name"))
    return [place.finding("structure.name", says, f"write {stem}, or rename the file")]


class AppliedWaivers:
    """Applies waivers to findings, and remembers which of them were used.

    ``pending`` are waivers that the change adds and that do not count yet.
    """

    def __init__(self, waivers: Sequence[Waiver], pending: Sequence[Waiver], today: date) -> None:
        self._expired = [w for w in (*waivers, *pending) if w.last_day < today]
        in_force = (w for w in waivers if w.last_day >= today)
        # The one that ends last comes first, so that a renewal replaces what it renews.
        self._in_force = sorted(in_force, key=lambda w: w.last_day, reverse=True)
        self._pending = [w for w in pending if w.last_day >= today]
        self._used: set[tuple[str, ...]] = set()

    def apply(self, found: RuleFinding, *, waivable: bool) -> Finding:
        """The finding suppressed by a waiver, or with its expired and pending waivers as notes."""
        if not waivable:
            return found.finding
        # First, because matching counts as use: a renewal must not be reported as unused.
        pending = self._matching(self._pending, found)
        for waiver in self._in_force:
            if waiver.covers(found):
                self._used.add(waiver.fields)
                return replace(found.finding, suppression=waiver.suppression())
        expired = self._matching(self._expired, found)
        notes = [waiver.related(f"this waiver expired on {waiver.expires}") for waiver in expired]
        notes += [waiver.related(_PENDING) for waiver in pending]
        return replace(found.finding, related=(*found.finding.related, *notes))

    def unused(self, left_out: Sequence[Subject] = ()) -> list[Finding]:
        """A warning for each waiver that applied to no finding.

        Not for waivers whose scope includes one of ``left_out``: these subjects were not
        evaluated, so the waiver may still be needed.
        """
        every = (*self._in_force, *self._expired, *self._pending)
        # By fields, so that the copy on the base and the one of the change count as one.
        idle = [waiver for waiver in every if waiver.fields not in self._used]
        return [_unused(w) for w in idle if not any(map(w.reaches, left_out))]

    def _matching(self, waivers: Iterable[Waiver], found: RuleFinding) -> list[Waiver]:
        matching = [waiver for waiver in waivers if waiver.covers(found)]
        self._used |= {waiver.fields for waiver in matching}
        return matching


def _unused(waiver: Waiver) -> Finding:
    says = f"this waiver of {waiver.rule} waives nothing"
    finding = waiver.place().finding(UNUSED_WAIVER, says, "remove the waiver")
    return replace(finding, severity=Severity.WARNING)
