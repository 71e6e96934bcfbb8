"""Locks: the registry's facts about one version, as a file that checks read offline."""

from collections.abc import Iterator

from lockstep.model.decision import API_VERSION
from lockstep.model.document import Document, Json, Pointer, to_json_pointer, value_at
from lockstep.model.errors import Invalid
from lockstep.model.finding import Finding, Severity
from lockstep.spec.yaml.load import MAX_BYTES, load_yaml
from lockstep.spec.yaml.write import dump_yaml

_READ_AT = "readAt"
_LISTED = 8  # of what has changed; after a training run it can be hundreds of metrics


def build_lock(environment: str, family: str, spec: Json) -> Json:
    """The ``ModelLock`` of one version; ``spec`` as the registry's ``facts`` gave it."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelLock",
        "metadata": {"environment": environment, "family": family},
        "spec": spec,
    }


def write_lock(lock: Json) -> bytes:
    """The file's bytes: the same for equal locks, and read back as the same value.

    Raises Invalid where the file could not be read again, such as one that would be too large.
    """
    data = dump_yaml(lock, by="lockstep lock")
    # Refused and not trimmed: a check must see every fact of the version.
    if len(data) > MAX_BYTES:
        raise Invalid(
            f"the lock would have {len(data)} bytes; at most {MAX_BYTES} are allowed: "
            f"{_largest(lock)}",
            fix="remove tags or metrics of the version that are not needed, or log the model with "
            "fewer columns; facts are never cut",
        )
    document, findings = load_yaml("lock", data)
    if findings or document is None or document.value != lock:
        why = findings[0].message if findings else "it would be read as another value"
        raise Invalid(
            f"the lock could not be read again: {why}",
            fix="correct the version's tags, metrics, datasets or signature in the registry",
        )
    return data


def _largest(lock: Json) -> str:
    """The facts that take the most room, with their bytes: ``signature 400000, tags 3000``."""
    sizes = {key: len(dump_yaml(fact, by="")) for key, fact in lock["spec"]["facts"].items()}
    most = sorted(sizes, key=lambda key: (-sizes[key], key))[:2]
    return ", ".join(f"{key} {sizes[key]}" for key in most)


def refresh_lock(lock: Document, fresh: Json) -> tuple[Json, list[Finding]]:
    """The lock with the facts of ``fresh``, and no findings; or why it must stay as it is.

    Facts may change, the identity never: where it differs, the old lock comes back unchanged
    with the findings that say what differs.
    """
    differences = _identity_findings(lock, fresh)
    return (lock.value, differences) if differences else (fresh, [])


def same_facts(one: Json, other: Json) -> bool:
    """Whether two locks say the same of the same version, whenever each was read."""
    identities = [value_at(lock, ("spec", "identity")) for lock in (one, other)]
    return bool(identities[0] == identities[1] and _facts(one) == _facts(other))


def compare_lock(lock: Document, fresh: Json) -> list[Finding]:
    """How a lock in git differs from one just built from the registry, without ``readAt``.

    Another identity is an error at each field (``lock.identity``); other facts are one warning
    that lists what has changed (``lock.stale``). Measurements made since the lock was read are
    not a change, because live evidence keeps coming in. What the version came from and the
    registry has removed is a warning for each (``lock.removed``).
    """
    findings = _identity_findings(lock, fresh) + _removed_findings(lock, fresh)
    if _is_partial(lock.value) and not _is_partial(fresh):
        findings.append(_partial_finding(lock))
    pointer: Pointer = ("spec", "facts")
    read_at = str(value_at(lock.value, (*pointer, _READ_AT)))
    changed = list(_changes(_facts(lock.value), _facts(fresh), read_at))
    if changed:
        more = len(changed) - _LISTED
        listed = ", ".join(changed[:_LISTED]) + (f" and {more} more" if more > 0 else "")
        findings.append(
            _finding(
                lock,
                pointer,
                "lock.stale",
                Severity.WARNING,
                f"the registry has changed since the lock was written: {listed}",
                f"read the facts again: lockstep lock {_title(lock.value)}",
            )
        )
    return findings


def _identity_findings(lock: Document, fresh: Json) -> list[Finding]:
    written = value_at(lock.value, ("spec", "identity"), {})
    found = value_at(fresh, ("spec", "identity"), {})
    # A lock in git may have been edited into any shape; the registry's facts have one.
    if not isinstance(written, dict):
        written = {}
    return [
        _finding(
            lock,
            ("spec", "identity", key),
            "lock.identity",
            Severity.ERROR,
            f"the lock says {key} is {written.get(key)!r}, the registry says {found.get(key)!r}: "
            "this is not the version that was locked",
            "register the new model as a new version and propose that one",
        )
        # The keys of both: a field that was removed from the lock differs, too.
        for key in sorted(written.keys() | found.keys(), key=str)
        if written.get(key) != found.get(key)
    ]


_REMOVED = {
    "run": ("the run {run}", "restore the run, or keep the runs of versions that serve from "
            "mlflow gc"),
    "loggedModel": ("the logged model {modelId}", "restore the logged model: without it no gate "
                    "can read metrics of the version"),
    "copiedFrom": ("the version {copiedFrom} that it was copied from", "keep versions that others "
                   "were copied from"),
}  # fmt: skip


def _removed_findings(lock: Document, fresh: Json) -> list[Finding]:
    """A warning for each part that the registry has removed while the version is intact."""
    identity, lineage = fresh["spec"]["identity"], fresh["spec"]["facts"]["lineage"]
    return [
        _finding(
            lock,
            ("spec", "facts", "lineage")
            if part == "copiedFrom"
            else ("spec", "identity", part_key),
            "lock.removed",
            Severity.WARNING,
            f"the registry has removed {what.format(**identity, **lineage)}; the version and its "
            "files are intact, and facts that only this could show stay as the lock has them",
            fix,
        )
        for part in lineage.get("removed", [])
        for what, fix in [_REMOVED[part]]
        for part_key in ["modelId" if part == "loggedModel" else part]
    ]


def _is_partial(lock: Json) -> bool:
    """Whether an earlier version of Lockstep wrote the lock: it left out a part of signatures."""
    signature = _facts(lock).get("signature")
    return isinstance(signature, dict) and "params" not in signature


def _partial_finding(lock: Document) -> Finding:
    return _finding(
        lock,
        ("spec", "facts", "signature"),
        "lock.stale",
        Severity.WARNING,
        "an earlier version of Lockstep wrote the lock, without the params of the signature and "
        "without which columns are required",
        f"read the facts again: lockstep lock {_title(lock.value)}",
    )


def _finding(
    lock: Document, pointer: Pointer, rule: str, severity: Severity, message: str, fix: str
) -> Finding:
    place = lock.locate(pointer)
    return Finding(
        file=place.file,
        line=place.line,
        column=place.column,
        rule=rule,
        message=message,
        fix=fix,
        pointer=to_json_pointer(pointer),
        severity=severity,
    )


def _facts(lock: Json) -> Json:
    facts = value_at(lock, ("spec", "facts"), {})
    known = facts if isinstance(facts, dict) else {}
    # It differs after every read and is no change in the registry.
    return {key: value for key, value in known.items() if key != _READ_AT}


def _title(lock: Json) -> str:
    """``prod/fraud-detection 42``: the arguments of the verb lock."""
    metadata = value_at(lock, ("metadata",), {})
    version = value_at(lock, ("spec", "identity", "version"))
    return f"{value_at(metadata, ('environment',))}/{value_at(metadata, ('family',))} {version}"


def _changes(written: Json, found: Json, read_at: str) -> Iterator[str]:
    """The names of what differs: ``status``, ``metric auc on holdout-eu-west-1``."""
    for key in sorted(written.keys() | found.keys(), key=str):
        before, after = written.get(key), found.get(key)
        if before == after or _is_reported_otherwise(key, before, after):
            continue
        if key == "metrics":
            yield from _changed_metrics(before, after, read_at)
        elif key == "tags" and isinstance(before, dict) and isinstance(after, dict):
            names = sorted(before.keys() | after.keys(), key=str)
            yield from (f"tag {name}" for name in names if before.get(name) != after.get(name))
        else:
            yield str(key)


def _is_reported_otherwise(key: object, before: Json, after: Json) -> bool:
    """Whether a difference is one that has a finding of its own."""
    if key == "lineage" and isinstance(before, dict) and "removed" in after:
        return bool({**before, "removed": after["removed"]} == after)
    return key == "signature" and _adds_only_what_was_left_out(before, after)


def _adds_only_what_was_left_out(before: Json, after: Json) -> bool:
    """Whether a signature is that of an older lock, apart from what those left out."""
    if not isinstance(before, dict) or not isinstance(after, dict) or "params" in before:
        return False
    return all(
        before.get(side) == [{"name": str(c["name"] or ""), "type": c["type"]} for c in after[side]]
        for side in ("inputs", "outputs")
    )


def _changed_metrics(before: Json, after: Json, read_at: str) -> Iterator[str]:
    old, new = _by_series(before), _by_series(after)
    for name, dataset in sorted(old.keys() | new.keys()):
        now = new.get((name, dataset), [])
        # Times in UTC, all of one form, compare as text.
        newer = any(str(value_at(metric, ("measuredAt",)) or "") > read_at for metric in now)
        if not newer and old.get((name, dataset)) != now:
            yield f"metric {name} on {dataset}" if dataset else f"metric {name}"


def _by_series(metrics: Json) -> dict[tuple[str, str], list[Json]]:
    grouped: dict[tuple[str, str], list[Json]] = {}
    for metric in metrics if isinstance(metrics, list) else []:
        series = (str(value_at(metric, ("name",))), str(value_at(metric, ("dataset",)) or ""))
        grouped.setdefault(series, []).append(metric)
    return grouped
