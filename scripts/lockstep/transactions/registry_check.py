"""Asks the registry again about a version before traffic returns to it."""

from dataclasses import dataclass

from lockstep.model.clock import format_time
from lockstep.model.document import Document
from lockstep.model.errors import LockstepError
from lockstep.registry.mlflow.client import NotInRegistry
from lockstep.registry.mlflow.versions import MlflowRegistry
from lockstep.rollout.trailers import one_line
from lockstep.spec.lock import build_lock, compare_lock
from lockstep.transactions.run import Steering


@dataclass(frozen=True)
class Recheck:
    """What the registry says of a version: ``problem`` forbids, ``unchecked`` is recorded."""

    problem: str = ""
    unchecked: str = ""


def recheck_version(steering: Steering, lock: Document | None, version: str) -> Recheck:
    """Whether a version is still in the registry with the digest that the lock holds."""
    if lock is None:
        return Recheck(problem=f"version {version} has no lock")
    identity = lock.value["spec"]["identity"]
    try:
        registry = MlflowRegistry(steering.registry)
        facts = registry.facts(identity["model"], version, format_time(steering.now))
    except NotInRegistry as error:
        return Recheck(problem=error.message)
    except LockstepError as error:
        return Recheck(unchecked=one_line(f"registry: {error.located()}"))
    fresh = build_lock(**lock.value["metadata"], spec=facts)
    wrong = [f for f in compare_lock(lock, fresh) if f.rule == "lock.identity"]
    return Recheck(problem="; ".join(finding.message for finding in wrong))
