"""Waivers: findings that are accepted for a while, each with an owner, a reason and an end.

They are in ``policies/data/waivers/<name>.yaml``. Only waivers on the base branch count, so that a
change cannot waive what it breaks; the data of the base branch may allow otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from lockstep.model.document import Document, Json, Pointer, value_at
from lockstep.model.finding import Finding, Related, Suppression
from lockstep.model.fleet import Subject, Tree
from lockstep.model.outcome import POLICY
from lockstep.policy.rules import Rule
from lockstep.spec.place import Place
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.phrases import brief, closest

FOLDER = "policies/data/waivers/"

_POINTER = ("spec", "waivers")
_LIMITS = "policies/data/waivers.yaml"


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

    def is_within(self, ends: Mapping[tuple[str, ...], date]) -> bool:
        """Whether a waiver with the same fields ends on the same day or later (see last_days)."""
        end = ends.get(self.fields[:-1])
        return end is not None and self.last_day <= end

    def place(self, field: str = "rule") -> Place:
        """The place of one of its fields."""
        pointer: Pointer = (*_POINTER, self.index, field)
        return Place(self.document, pointer)

    def related(self, note: str) -> Related:
        """The waiver as a related place of a finding."""
        return Related(*self.document.locate(self.place().pointer), note)

    @property
    def scope(self) -> Subject:
        """The environment, family and cluster that it is for; an empty part means all."""
        return self.environment, self.family, self.cluster

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


def last_days(waivers: Iterable[Waiver]) -> dict[tuple[str, ...], date]:
    """The last day of the waivers that differ in nothing else, by their other fields."""
    ends: dict[tuple[str, ...], date] = {}
    for waiver in waivers:
        others = waiver.fields[:-1]
        ends[others] = max(waiver.last_day, ends.get(others, date.min))
    return ends


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
        fix = f"did you mean {close}?" if close else "name a rule that lockstep policy list shows"
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
