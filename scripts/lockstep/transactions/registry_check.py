"""Asks the registry again about a version before traffic returns to it."""

from dataclasses import dataclass

from lockstep.model.document import Document, Json, value_at
from lockstep.model.errors import LockstepError, VerificationFailed
from lockstep.model.fleet import Family
from lockstep.model.outcome import Outcome
from lockstep.model.times import format_time
from lockstep.registry.base import NotInRegistry, Registry
from lockstep.registry.factory import open_registry
from lockstep.report.text import format_outcome
from lockstep.spec.lock import build_lock, compare_lock, refresh_lock
from lockstep.text.sanitise import record_line
from lockstep.transactions.run import RunOptions


@dataclass(frozen=True)
class RegistryCheck:
    """What the registry says of a version.

    ``problem`` says why it must not serve; ``unchecked`` why the registry could not be asked.
    """

    problem: str = ""
    unchecked: str = ""


def check_version(options: RunOptions, lock: Document | None, version: str) -> RegistryCheck:
    """Whether a version is still in the registry with the digest that the lock holds."""
    if lock is None:
        return RegistryCheck(problem=f"version {version} has no lock")
    identity = lock.value["spec"]["identity"]
    try:
        registry = open_registry(options.registry)
        known = lock.value["spec"]
        facts = registry.facts(identity["model"], version, format_time(options.now), known)
    except NotInRegistry as error:
        return RegistryCheck(problem=error.message)
    except LockstepError as error:
        # No answer forbids nothing: a rollback must not depend on a registry that is down.
        return RegistryCheck(unchecked=record_line(f"registry: {error.located()}"))
    fresh = build_lock(**lock.value["metadata"], spec=facts)
    # Facts such as tags and metrics may change; another identity is another model.
    wrong = [f for f in compare_lock(lock, fresh) if f.rule == "lock.identity"]
    return RegistryCheck(problem="; ".join(finding.message for finding in wrong))


def read_lock(options: RunOptions, family: Family, version: str) -> Json:
    """The lock of a version as the registry says now.

    Raises VerificationFailed where its identity differs from the locked one.
    """
    registry = open_registry(options.registry)
    fresh = fresh_lock(registry, options, family, version)
    known = family.locks.get(version)
    lock, findings = refresh_lock(known, fresh) if known else (fresh, [])
    if findings:
        raise VerificationFailed(
            format_outcome(Outcome(tuple(findings))),
            fix="find out who changed the version in the registry; register a new one",
        )
    return lock


def fresh_lock(registry: Registry, options: RunOptions, family: Family, version: str) -> Json:
    """What the registry says of a version now, in the form of a lock.

    Raises NotInRegistry with the version that could serve instead, if there is one.
    """
    model = family.document.value["spec"]["model"]["name"]
    lock = family.locks.get(version)
    # Facts of what the registry has removed since, such as a run, stay as the lock has them.
    known = value_at(lock.value, ("spec",)) if lock else None
    try:
        facts = registry.facts(model, version, format_time(options.now), known)
    except NotInRegistry as error:
        fix = f"register it first, then run this again{_in_registry(registry, family, model)}"
        raise NotInRegistry(error.message, where=error.where, fix=fix) from error
    return build_lock(family.environment, family.name, facts)


def _in_registry(registry: Registry, family: Family, model: str) -> str:
    """What there is in the place of a version that is missing, as the end of a sentence."""
    try:
        newest = registry.serving(model)
    except NotInRegistry:  # the model may be missing, too
        path = family.document.path
        return f"; the registry has no version of {model}, which {path} names, that could serve"
    except LockstepError:  # a second answer only adds to the first one
        return ""
    return (
        f"; the version of {model} that the registry names champion or production, or else its "
        f"newest, is {newest}"
    )
