"""Finds the version of a registry that has the content that another environment has verified."""

from lockstep.model.document import Json, value_at
from lockstep.model.errors import Invalid, VerificationFailed
from lockstep.model.fleet import Family
from lockstep.model.promotion import VerifiedVersion
from lockstep.registry.base import NotInRegistry, RegisteredCopy
from lockstep.registry.factory import open_registry
from lockstep.text.phrases import known_names, listed
from lockstep.transactions.registry_check import read_lock
from lockstep.transactions.run import RunOptions

_MOST = 10
"""Versions whose content is compared: it is read as a whole for that."""

_IDENTITY = ("spec", "identity")


def find_copy(
    options: RunOptions, target: Family, source: Family, verified: VerifiedVersion
) -> Json:
    """The lock of the one version of the target's model with the verified content.

    Only versions that say that they are it are compared: by their source or by a tag. The very
    version that was verified, where both environments use one model, is taken before its copies.
    Raises Invalid where there is none, or where several have the content, with those looked at.
    """
    model = str(value_at(target.spec, ("model", "name")))
    lock = source.locks.get(verified.version)
    identity = value_at(lock.value, _IDENTITY) if lock else None
    registry = open_registry(options.registry)
    wanted = {**(identity or {}), "digest": verified.digest}
    try:
        hints = registry.copies_of(model, wanted)
    except NotInRegistry:  # it has no such model: no copy either
        hints = ()
    if len(hints) > _MOST:
        raise _several(model, target, verified, [each.version for each in hints])
    others: list[str] = []
    read = {each.version: _with_content(options, target, each, verified, others) for each in hints}
    fitting = {version: found for version, found in read.items() if found}
    if not fitting:
        raise _none(registry.server, model, target, verified, identity, others)
    own = verified.version if value_at(wanted, ("model",)) == model else ""
    if len(fitting) > 1 and own not in fitting:
        raise _several(model, target, verified, list(fitting))
    return fitting.get(own) or next(iter(fitting.values()))


def _with_content(
    options: RunOptions,
    target: Family,
    hint: RegisteredCopy,
    verified: VerifiedVersion,
    others: list[str],
) -> Json:
    """The lock of a version with the verified content; None of another, which joins ``others``."""
    try:
        lock = read_lock(options, target, hint.version)
    except VerificationFailed:
        others.append(
            f"version {hint.version} ({hint.hint}): it is not the version that was locked with "
            "this number"
        )
        return None
    except Invalid as error:
        # What cannot be locked is no copy, and the answer says why. A registry that gives no answer
        # is another error, which ends the run: the copy may be the one that was not seen.
        others.append(f"version {hint.version} ({hint.hint}): {error.message}")
        return None
    if value_at(lock, (*_IDENTITY, "digest")) != verified.digest:
        others.append(f"version {hint.version} ({hint.hint}): it has another content")
        return None
    return lock


def _where(verified: VerifiedVersion) -> str:
    return f"version {verified.version} of {verified.environment}/{verified.family}"


def _none(
    server: str,
    model: str,
    target: Family,
    verified: VerifiedVersion,
    identity: Json,
    others: list[str],
) -> Invalid:
    looked = f"; looked at {listed(others)}" if others else "; none says that it has"
    there = f"models:/{value_at(identity, ('model',))}/{verified.version}" if identity else "it"
    return Invalid(
        f"{model} has no version with the content of {_where(verified)}{looked}",
        where=server,
        fix=f"register one, with copy_model_version({there!r}, {model!r}) where both are in one "
        f"registry; in another one, with the tag lockstep.digest={verified.digest}. If there is "
        f"one, name it: lockstep promote {target.environment}/{target.name} VERSION",
    )


def _several(model: str, target: Family, verified: VerifiedVersion, versions: list[str]) -> Invalid:
    return Invalid(
        f"several versions of {model} may be {_where(verified)}: {known_names(versions)}",
        where=f"{target.environment}/{target.name}",
        fix=f"name one: lockstep promote {target.environment}/{target.name} VERSION",
    )
