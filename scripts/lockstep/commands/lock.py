"""``lockstep lock``: write what the registry says of a version, or compare what was written."""

from dataclasses import dataclass

from lockstep.check.workspace import work_tree
from lockstep.edges.files import write_changes
from lockstep.edges.git import Git
from lockstep.model.document import Document
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, Severity, arrange
from lockstep.model.fleet import Family
from lockstep.model.result import Report
from lockstep.registry.base import NotInRegistry, Registry
from lockstep.registry.factory import open_registry
from lockstep.spec.assemble import assemble
from lockstep.spec.lock import compare_lock, write_lock
from lockstep.spec.selection import choose_families, choose_family
from lockstep.transactions.registry_check import fresh_lock, read_lock
from lockstep.transactions.run import Steering


def write(steering: Steering, family: str, version: str) -> Report:
    """Write or refresh one lock in the work tree.

    Raises VerificationFailed where the registry's version is another one than was locked: facts
    may be refreshed, the identity never changes.
    """
    git = Git.find(steering.root)
    fleet, _ = assemble(work_tree(git, ("clusters",)))
    _, chosen = choose_family(fleet, family, steering.environment)
    fresh = read_lock(steering, chosen, version)
    path = f"{chosen.folder}/locks/{version}.yaml"
    write_changes(git.root, {path: write_lock(fresh)})
    digest = fresh["spec"]["identity"]["digest"]
    return Report(f"{path}: version {version} is locked ({digest})", data={"path": path})


@dataclass(frozen=True)
class Comparison:
    """What ``lock --check`` found, and how many locks it looked at."""

    findings: tuple[Finding, ...]
    locks: int

    @property
    def exit_code(self) -> ExitCode:
        """13 where the registry contradicts a lock's identity; staleness is only reported."""
        wrong = any(finding.severity == Severity.ERROR for finding in self.findings)
        return ExitCode.VERIFICATION_FAILED if wrong else ExitCode.CLEAN


def check(steering: Steering, family: str | None) -> Comparison:
    """Compare every lock of a family, or of the whole fleet, with the registry."""
    git = Git.find(steering.root)
    fleet, _ = assemble(work_tree(git, ("clusters",)))
    registry = open_registry(steering.registry)
    findings: list[Finding] = []
    locks = 0
    for chosen in choose_families(fleet, family, steering.environment):
        for version, lock in sorted(chosen.locks.items()):
            locks += 1
            findings += _compare(registry, steering, chosen, version, lock)
    return Comparison(arrange(findings), locks)


def _compare(
    registry: Registry, steering: Steering, family: Family, version: str, lock: Document
) -> list[Finding]:
    try:
        fresh = fresh_lock(registry, steering, family, version)
    except NotInRegistry as error:
        fix = "take the version out of the specs, or register it again"
        return [Finding(lock.path, 1, 1, "lock.identity", error.message, fix)]
    return compare_lock(lock, fresh)
