"""Decision records as files: JSON in one fixed form, so that a digest of the bytes is enough."""

import json
import re
from collections.abc import Mapping

from lockstep.model.canonical import digest_bytes
from lockstep.model.clock import format_time, parse_time
from lockstep.model.decision import (
    API_VERSION,
    Action,
    Decision,
    Position,
    Record,
    Restored,
    Target,
    Variants,
    WayBack,
)
from lockstep.model.document import Json
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.typed import conforms

_GIT_OBJECT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_VARIANT, _MARKS = {"name", "version", "weight"}, {"warm", "experiment"}


def write_record(decision: Decision) -> bytes:
    """The file's bytes: sorted keys, two spaces, a final newline; NaN raises ValueError."""
    body = {
        "apiVersion": API_VERSION,
        "kind": "Decision",
        "metadata": {
            "environment": decision.environment,
            "family": decision.family,
            "sequence": decision.sequence,
        },
        "spec": _spec(decision),
    }
    text = json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def read_record(data: bytes) -> Record:
    """The inverse of write_record. Raises ValueError for anything else, however it is wrong.

    Bytes that say the same in another form are refused too: what is not written here was edited.
    """
    try:
        body = json.loads(data)
        if body["apiVersion"] != API_VERSION or body["kind"] != "Decision":
            raise ValueError(f"not a Decision of {API_VERSION}")
        decision = _decision(body["metadata"], body["spec"])
        _refuse_nonsense(decision)
        stated = body["spec"]["id"]
        if write_record(decision).replace(decision.id.encode(), stated.encode()) != data:
            raise ValueError("the file is not in the form in which Lockstep writes records")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it has another shape: {type(error).__name__} {error}") from error
    except RecursionError as error:
        raise ValueError("its values are nested too deep") from error
    return Record(decision, digest_bytes(data), stated)


def _refuse_nonsense(decision: Decision) -> None:
    """Raise ValueError for values that no record has, so that nobody meets them later."""
    if not conforms(decision, Decision) or not all(
        isinstance(item.gate, dict) for item in decision.evidence
    ):
        raise ValueError("a value is not of the type that records have there")
    positions = (decision.source, decision.to)
    counts = [n for at in positions for n in (at.wave, at.step) if n is not None]
    if decision.sequence < 1 or any(count < 0 for count in counts) or len(counts) % 2:
        raise ValueError("a number is too small, or a wave has no step")
    if format_time(parse_time(decision.decided_at)) != decision.decided_at:
        raise ValueError("decidedAt is not written like 2026-01-31T08:00:00Z")
    back = decision.way_back or WayBack(None, {}, {})
    ids = [decision.base, back.seen, *back.files.values(), *back.folders.values()]
    if not all(_GIT_OBJECT.fullmatch(each) for each in ids if each is not None):
        raise ValueError("a git object id is none")


def _decision(metadata: Mapping[str, Json], spec: Mapping[str, Json]) -> Decision:
    way_back, restored = spec.get("wayBack"), spec.get("restored")
    verdict = spec.get("verdict")
    return Decision(
        environment=metadata["environment"],
        family=metadata["family"],
        sequence=metadata["sequence"],
        previous=spec["previous"],
        action=Action(spec["action"]),
        target=Target(**spec["target"]),
        source=Position.from_json(spec["from"]),
        to=Position.from_json(spec["to"]),
        variants={name: _variants(each) for name, each in spec["variants"].items()},
        reason=spec["reason"],
        actor=spec["actor"],
        decided_at=spec["decidedAt"],
        base=spec.get("base"),
        plan=spec.get("plan"),
        verdict=Verdict(verdict) if verdict else None,
        evidence=tuple(Evidence.from_json(item) for item in spec.get("evidence", [])),
        unchecked=tuple(spec.get("unchecked", [])),
        way_back=WayBack(**way_back) if way_back else None,
        restored=_read_restored(restored) if restored else None,
        quarantines=spec.get("quarantines", False),
    )


def _variants(variants: Json) -> Variants:
    for variant in variants:
        fits = isinstance(variant["name"], str) and isinstance(variant["version"], str)
        if not fits or type(variant["weight"]) is not int:
            raise ValueError("a recorded variant needs a name, a version and a whole weight")
        marks = [value for key, value in variant.items() if key not in _VARIANT]
        if not (variant.keys() <= _VARIANT | _MARKS and all(type(m) is bool for m in marks)):
            raise ValueError("a recorded variant has a field that variants do not have")
    return list(variants)


def _read_restored(data: Mapping[str, Json]) -> Restored:
    return Restored(data["sequence"], data["exact"], tuple(data["changed"]), data["bytesFrom"])


def _spec(decision: Decision) -> Json:
    optional = {
        "base": decision.base,
        "plan": decision.plan,
        "verdict": decision.verdict.value if decision.verdict else None,
        "evidence": [item.to_json() for item in decision.evidence],
        "unchecked": list(decision.unchecked),
        "wayBack": _way_back(decision.way_back),
        "restored": _restored(decision.restored),
        "quarantines": decision.quarantines,
    }
    return {
        "id": decision.id,
        "previous": decision.previous,
        "action": decision.action.value,
        "target": {"version": decision.target.version, "digest": decision.target.digest},
        "from": decision.source.to_json(),
        "to": decision.to.to_json(),
        "variants": dict(decision.variants),
        "reason": decision.reason,
        "actor": decision.actor,
        "decidedAt": decision.decided_at,
        **{key: value for key, value in optional.items() if value},
    }


def _way_back(way_back: WayBack | None) -> Json:
    if way_back is None:
        return None
    return {
        "seen": way_back.seen,
        "files": dict(way_back.files),
        "folders": dict(way_back.folders),
    }


def _restored(restored: Restored | None) -> Json:
    if restored is None:
        return None
    return {
        "sequence": restored.sequence,
        "exact": restored.exact,
        "changed": list(restored.changed),
        "bytesFrom": restored.bytes_from,
    }
