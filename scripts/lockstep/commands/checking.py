"""validate + policy + render-and-compare over one tree: what every check of Lockstep runs."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from lockstep.edges.kubernetes_schemas import read_kubernetes_schema
from lockstep.model.document import Json
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, Severity, arrange
from lockstep.model.fleet import Environment, Family, Fleet, Tree
from lockstep.stages.assemble import assemble
from lockstep.stages.chain import verify_chain
from lockstep.stages.load import Documents
from lockstep.stages.policy import POLICY_ERROR
from lockstep.stages.render import Templates, render_fleet
from lockstep.stages.render_compare import compare, unrendered_folders
from lockstep.stages.render_restored import restorable_folders
from lockstep.stages.validate import Schemas, validate_fleet


@dataclass(frozen=True)
class Outcome:
    """What a check has to say: ``invalid`` by schemas and rendering, ``denied`` by policy."""

    invalid: tuple[Finding, ...]
    denied: tuple[Finding, ...]
    summary: Mapping[str, object]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings in report order."""
        return arrange((*self.invalid, *self.denied))

    @property
    def exit_code(self) -> ExitCode:
        """1 where a spec could not be judged, 10 where one is malformed, 11 where policy denies."""
        if any(finding.rule == POLICY_ERROR for finding in self.denied):
            return ExitCode.COULD_NOT_RUN
        if _has_errors(self.invalid):
            return ExitCode.INVALID
        return ExitCode.DENIED if _has_errors(self.denied) else ExitCode.CLEAN

    def to_json(self) -> Json:
        """Plain JSON data, to be kept and read back by from_json."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> "Outcome":
        """The inverse of to_json. Raises KeyError, TypeError or ValueError on another shape."""
        invalid, denied = (
            tuple(Finding(**{**f, "severity": Severity(f["severity"])}) for f in data[name])
            for name in ("invalid", "denied")
        )
        return cls(invalid, denied, dict(data["summary"]))


@dataclass(frozen=True)
class Checked:
    """A fleet with what is wrong in it so far, while a check goes on."""

    fleet: Fleet
    invalid: tuple[Finding, ...] = ()
    denied: tuple[Finding, ...] = ()

    def outcome(self) -> Outcome:
        """What is left of it for a report: the findings, and how much was looked at."""
        families, clusters = len(self.fleet.families()), len(self.fleet.clusters())
        return Outcome(self.invalid, self.denied, {"clusters": clusters, "families": families})


def validate_tree(tree: Tree, documents: Documents | None = None) -> Checked:
    """Files, schemas, structure and the chains of records; no policy and no rendering."""
    fleet, unreadable = assemble(tree, documents)
    findings = [*unreadable, *validate_fleet(fleet, Schemas(tree), unreadable)]
    findings += [finding for family in fleet.families() for finding in verify_chain(family)]
    return Checked(fleet, arrange(findings))


def compare_rendered(tree: Tree, checked: Checked) -> Checked:
    """``checked`` with what is wrong in ``rendered/``; malformed clusters are not judged again."""
    sound = without_malformed(checked)
    rendered, findings = render_fleet(sound, Templates(tree, read_kubernetes_schema))
    unrendered = unrendered_folders(checked.fleet, rendered)
    findings += compare(rendered, tree, restorable=restorable_folders(sound), unrendered=unrendered)
    return replace(checked, invalid=arrange((*checked.invalid, *findings)))


def without_malformed(checked: Checked) -> Fleet:
    """The part of the fleet in which no file has an error, so that one mistake stays one finding.

    A broken environment or family takes its clusters with it; a broken lock or record its family.
    """
    broken = {f.file for f in checked.invalid if f.severity is Severity.ERROR}
    environments = {
        name: _without(environment, broken)
        for name, environment in checked.fleet.environments.items()
        if environment.document.path not in broken
    }
    return Fleet(environments)


def without_echo(checked: Checked) -> Checked:
    """Without what rendering says of a value that policy denies: one mistake, one finding."""
    denied = {(finding.file, finding.line, finding.column) for finding in checked.denied}
    invalid = (
        finding
        for finding in checked.invalid
        if not finding.rule.startswith("render.")
        or (finding.file, finding.line, finding.column) not in denied
    )
    return replace(checked, invalid=tuple(invalid))


def _without(environment: Environment, broken: set[str]) -> Environment:
    families = {
        name: replace(family, clusters=tuple(c for c in family.clusters if c.path not in broken))
        for name, family in environment.families.items()
        if not broken.intersection(_shared_files(family))
    }
    return replace(environment, families=families)


def _shared_files(family: Family) -> Iterable[str]:
    yield family.document.path
    yield from (lock.path for lock in family.locks.values())
    yield from (record.decision.path for record in family.records)
    if family.quarantine:
        yield family.quarantine.path


def _has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)
