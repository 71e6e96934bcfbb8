"""Waivers: findings that are accepted for a while, each with an owner, a reason and an end.

They stand in ``policies/data/waivers/<name>.yaml``. Only one that is on the base branch counts, so
that no change can waive what it breaks; the base's data may allow otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from lockstep.model.document import Document, Json, Pointer, value_at
from lockstep.model.finding import Finding, Related, Suppression
from lockstep.model.fleet import Subject, Tree
from lockstep.model.outcome import POLICY
from lockstep.policy.findings import Judged
from lockstep.policy.rules import Rule
from lockstep.spec.place import Place
from lockstep.spec.schema.schemas import Schemas
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.phrases import brief, closest

FOLDER = "policies/data/waivers/"

_POINTER = ("spec", "waivers")
_TERMS = "policies/data/waivers.yaml"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the base's data allow: how far off an expiry may be, and waivers of the change itself.

    Stands in ``policies/data/waivers.yaml`` below ``thresholds.waivers``.
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
    def said(self) -> tuple[str, ...]:
        """All that it says: two waivers with the same words are one."""
        return (
            self.rule, self.environment, self.family, self.cluster, self.owner, self.reason,
            self.ticket, self.expires,
        )  # fmt: skip

    @property
    def last_day(self) -> date:
        """One that no calendar has (the 31st of June) is over already."""
        try:
            return date.fromisoformat(self.expires)
        except ValueError:
            return date.min

    def is_within(self, known: Iterable["Waiver"]) -> bool:
        """Whether one of these says the same and ends no earlier: to end sooner waives less."""
        same = (each for each in known if each.said[:-1] == self.said[:-1])
        return any(self.last_day <= each.last_day for each in same)

    def place(self, field: str = "rule") -> Place:
        """Where one of its fields stands."""
        pointer: Pointer = (*_POINTER, self.index, field)
        return Place(self.document, pointer)

    def related(self, note: str) -> Related:
        """The waiver as a place that a finding names."""
        return Related(*self.document.locate(self.place().pointer), note)

    def covers(self, judged: Judged) -> bool:
        """Whether it is about this finding."""
        place = (judged.environment, judged.family, judged.cluster)
        rule = judged.finding.rule
        return self.reaches(place) and self.rule in (rule, rule.removeprefix(POLICY))

    def reaches(self, place: Subject) -> bool:
        """Whether its scope holds this environment, family and cluster."""
        wanted = (self.environment, self.family, self.cluster)
        return all(want in ("", have) for want, have in zip(wanted, place, strict=True))

    def suppression(self) -> Suppression:
        """What a finding says about the waiver that it is under."""
        where = self.document.locate(self.place().pointer)
        return Suppression(
            where.file, where.line, self.owner, self.reason, self.ticket, self.expires
        )


def read_waivers(tree: Tree, *schemas: Schemas) -> tuple[list[Waiver], list[Finding]]:
    """The waivers of a tree, and what is malformed; a file with a mistake waives nothing.

    Each of the schemas must be content.
    """
    waivers: list[Waiver] = []
    findings: list[Finding] = []
    for path in sorted(path for path in tree if _is_waivers(path)):
        document, found = load_yaml(path, tree[path])
        if document is not None:
            wrong = [finding for each in schemas for finding in each.check("Waivers", document)]
            found += [*dict.fromkeys(wrong), *_misnamed(document)]
        findings += found
        if document is not None and not found:
            entries = enumerate(document.value["spec"]["waivers"])
            waivers += [_waiver(document, index, entry) for index, entry in entries]
    return waivers, findings


def _is_waivers(path: str) -> bool:
    return path.startswith(FOLDER) and path.endswith(".yaml")


def read_terms(tree: Tree) -> Terms:
    """The terms that a tree's data set; none where they are missing, and then nothing is waived."""
    document, _ = load_yaml(_TERMS, tree.get(_TERMS, b""))
    terms = value_at(document.value if document else None, ("thresholds", "waivers"), {})
    days, allowed = value_at(terms, ("longestDays",)), value_at(terms, ("acceptFromChange",))
    return Terms(days if type(days) is int else 0, allowed is True)


def sound_waivers(
    waivers: Iterable[Waiver], rules: Iterable[Rule], terms: Terms, today: date
) -> tuple[list[Waiver], list[Finding]]:
    """The waivers that may count, and what is wrong with the others."""
    known = {rule.name: rule for rule in rules}
    sound: list[Waiver] = []
    findings: list[Finding] = []
    for waiver in waivers:
        problem = _problem(waiver, known, terms, today)
        if problem:
            findings.append(problem)
        else:
            sound.append(waiver)
    return sound, findings


def _problem(
    waiver: Waiver, known: Mapping[str, Rule], terms: Terms, today: date
) -> Finding | None:
    name = waiver.rule.removeprefix(POLICY)
    if not all(waiver.said[4:]) or not any(waiver.said[1:4]):  # whatever a schema lets through
        return waiver.place().finding(
            "waiver.incomplete",
            "a waiver names its scope, owner, reason, ticket and end",
            "write what is missing",
        )
    if name not in known:
        meant = closest(name, sorted(known))
        fix = f"write {meant}" if meant else "name a rule that lockstep policy list shows"
        return waiver.place().finding(
            "waiver.unknown-rule", f"there is no rule {brief(waiver.rule)}", fix
        )
    if not known[name].waivable:
        return waiver.place().finding(
            "waiver.not-waivable",
            f"the rule {name} cannot be waived",
            "remove the waiver, and mend what the rule finds",
        )
    if (waiver.last_day - today).days > terms.longest_days:
        return waiver.place("expires").finding(
            "waiver.too-long",
            f"expires is {waiver.expires}, more than {terms.longest_days} days from now",
            "choose an earlier day; a waiver can be renewed when it ends",
        )
    return None


def _waiver(document: Document, index: int, entry: Json) -> Waiver:
    scope = ("environment", "family", "cluster")
    parts = [_said(entry, "scope", part) for part in scope]
    words = [_said(entry, field) for field in ("rule", "owner", "reason", "ticket", "expires")]
    return Waiver(document, index, words[0], *parts, *words[1:])


def _said(entry: Json, *path: str) -> str:
    value = value_at(entry, path)
    return value.strip() if isinstance(value, str) else ""


def _misnamed(document: Document) -> list[Finding]:
    name = value_at(document.value, ("metadata", "name"))
    stem = document.path.rsplit("/", 1)[-1].removesuffix(".yaml")
    if not isinstance(name, str) or name == stem:
        return []
    says = f"metadata.name is {brief(name)}, and the file is {stem}.yaml"
    place = Place(document, ("metadata", "name"))
    return [place.finding("structure.name", says, f"write {stem}, or rename the file")]
