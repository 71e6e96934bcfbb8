"""Completes the files of a new fleet or family: the lock of its version, and its manifests."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lockstep.check.rendering import render_tree
from lockstep.check.validation import validate_families
from lockstep.edges.files import existing, write_all, write_changes
from lockstep.model.errors import Invalid, LockstepError, UsageError
from lockstep.model.fleet import Fleet, Tree
from lockstep.registry.base import NotInRegistry, Unreachable
from lockstep.registry.factory import is_named, open_registry
from lockstep.report.text import format_outcome
from lockstep.spec.assemble import assemble
from lockstep.spec.lock import write_lock
from lockstep.spec.selection import choose_family
from lockstep.transactions.registry_check import read_lock
from lockstep.transactions.run import RunOptions

NOT_NAMED = "MLFLOW_TRACKING_URI names no registry"

# What a version without a lock leaves open, which is said by itself.
_EXPECTED = "render.lock"


@dataclass(frozen=True)
class Version:
    """The version that serves; ``note`` says why the registry was not asked about it."""

    number: str
    note: str = ""


@dataclass(frozen=True)
class CompleteFiles:
    """The files of people, the lock if there is one, and what rendering changes.

    ``note`` says why a version has no lock: the registry is not named, or does not answer.
    """

    files: Mapping[str, bytes]
    rendered: Mapping[str, bytes | None]
    lock: str = ""
    note: str = ""


def valid_fleet(tree: Tree) -> Fleet:
    """The fleet of a tree that new files are derived from.

    Raises Invalid with what is malformed in its files: nothing is written then.
    """
    outcome = validate_families(tree).checked(()).outcome()
    if outcome.findings:
        raise Invalid(
            f"the fleet is not valid, so nothing was written\n{format_outcome(outcome)}",
            fix="fix it first: lockstep validate shows the same",
        )
    return assemble(tree)[0]


def serving_version(options: RunOptions, model: str, version: str | None) -> Version:
    """The version that was given, or that the registry says serves; version 1 without a registry.

    Raises LockstepError where a registry is named and has no such model, or refuses to answer.
    """
    if not is_named(options.registry):
        return Version(version or "1", NOT_NAMED)
    try:
        registry = open_registry(options.registry)
        return Version(version or registry.serving(model))
    except Unreachable as error:
        return Version(version or "1", error.located())
    except NotInRegistry as error:
        fix = "check --model, register a version, or unset MLFLOW_TRACKING_URI to lock one later"
        raise NotInRegistry(error.message, where=error.where, fix=fix) from error


def complete(
    options: RunOptions, tree: Tree, files: Mapping[str, bytes], family: str, version: Version
) -> CompleteFiles:
    """Lock and render ``files`` as part of a tree; ``family`` is ``environment/name``, or empty.

    Raises LockstepError where the registry does not give the version, and UsageError where the
    files would not be valid: nothing is written before.
    """
    lock, note = {}, version.note
    if family and not note:
        try:
            lock = _lock(options, {**tree, **files}, family, version.number)
        except Unreachable as error:
            note = error.located()
    rendered = render_tree({**tree, **files, **lock})
    outcome = rendered.checked.outcome()
    wrong = tuple(each for each in outcome.findings if each.rule != _EXPECTED)
    if wrong:
        raise UsageError(
            f"these files would not be valid, so none is written\n"
            f"{format_outcome(replace(outcome, findings=wrong))}",
            fix="change what the findings name: in the options, or in the files that are there",
        )
    return CompleteFiles({**files, **lock}, rendered.changes, next(iter(lock), ""), note)


def _lock(options: RunOptions, tree: Tree, family: str, version: str) -> dict[str, bytes]:
    """The lock of a family's version by its path; empty where the family has it already."""
    fleet, _ = assemble(tree)
    _, chosen = choose_family(fleet, family, None)
    if version in chosen.locks:
        return {}
    facts = read_lock(replace(options, environment=None), chosen, version)
    return {f"{chosen.folder}/locks/{version}.yaml": write_lock(facts)}


def refuse_existing(root: Path, paths: Mapping[str, bytes], fix: str) -> None:
    """Raise UsageError where one of the files is there: none is written then."""
    if found := existing(root, paths):
        raise UsageError(
            f"these files exist, so nothing was written: {', '.join(found)}",
            where=str(root),
            fix=fix,
        )


def write_completed(root: Path, completed: CompleteFiles) -> None:
    """Write the files and the manifests. Raises LockstepError where one cannot be written.

    The files of people are written all or not at all.
    """
    manifests = completed.rendered
    added = {
        path: data
        for path, data in manifests.items()
        if data is not None and not (root / path).exists()
    }
    try:
        write_all(root, {**completed.files, **added})
    except LockstepError as error:
        raise LockstepError(
            f"{error.message}; nothing was written", where=error.where, fix=error.fix
        ) from error
    write_changes(root, {path: data for path, data in manifests.items() if path not in added})
