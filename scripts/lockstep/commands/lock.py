"""``lockstep lock``: write what the registry says of a version, or compare what was written."""

from lockstep.check.workspace import work_tree
from lockstep.edges.files import write_changes
from lockstep.edges.git import Git
from lockstep.edges.scratch import sweep_work_tree
from lockstep.model.document import Document
from lockstep.model.file_results import LockComparison, Locked
from lockstep.model.finding import Finding, arrange
from lockstep.model.fleet import Family
from lockstep.registry.base import NotInRegistry, Registry
from lockstep.registry.factory import open_registry
from lockstep.registry.limits import Unlockable
from lockstep.spec.assemble import assemble
from lockstep.spec.lock import compare_lock, write_lock
from lockstep.spec.selection import choose_families, choose_family
from lockstep.transactions.registry_check import fresh_lock, read_lock
from lockstep.transactions.run import RunOptions


def write(options: RunOptions, family: str, version: str) -> Locked:
    """Write or refresh one lock in the work tree.

    Raises VerificationFailed where the registry's version differs from the locked one: facts may
    be refreshed, the identity never changes.
    """
    git = Git.find(options.root)
    fleet, _ = assemble(work_tree(git, ("clusters",)))
    _, chosen = choose_family(fleet, family, options.environment)
    fresh = read_lock(options, chosen, version)
    path = f"{chosen.folder}/locks/{version}.yaml"
    sweep_work_tree(git.root)
    write_changes(git.root, {path: write_lock(fresh)})
    digest = fresh["spec"]["identity"]["digest"]
    return Locked(path, version, digest)


def check(options: RunOptions, family: str | None) -> LockComparison:
    """Compare every lock of a family, or of the whole fleet, with the registry."""
    git = Git.find(options.root)
    fleet, _ = assemble(work_tree(git, ("clusters",)))
    registry = open_registry(options.registry)
    findings: list[Finding] = []
    locks = 0
    for chosen in choose_families(fleet, family, options.environment):
        for version, lock in sorted(chosen.locks.items()):
            locks += 1
            findings += _compare(registry, options, chosen, version, lock)
    return LockComparison(arrange(findings), locks)


def _compare(
    registry: Registry, options: RunOptions, family: Family, version: str, lock: Document
) -> list[Finding]:
    try:
        fresh = fresh_lock(registry, options, family, version)
    except NotInRegistry as error:
        # Only this is an answer; after any other error the comparison would be incomplete.
        fix = "remove the version from the specs, or register it again"
        return [Finding(lock.path, 1, 1, "lock.identity", error.message, fix)]
    except Unlockable as error:
        # Of this version only: the other locks are compared all the same.
        return [Finding(lock.path, 1, 1, "lock.refused", error.message, error.fix)]
    return compare_lock(lock, fresh)
