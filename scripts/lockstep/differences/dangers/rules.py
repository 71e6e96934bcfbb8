"""Rules that do not count any more: switched off, removed, replaced, or waived."""

from collections.abc import Iterator

from lockstep.differences.dangers.base import DangerKind
from lockstep.differences.folders import ComparedFamily, ComparedObject, items_of, mapping_at
from lockstep.model.differences import ChangeType
from lockstep.model.document import Json, value_at

RULE = "Rule"
"""The kind of a rule's folder among the compared objects."""

DATA = "PolicyData"
"""The kind of a file below policies/data/."""

_SWITCHED = ("thresholds", "rules", "switchedOff")
_REPLACED = ("thresholds", "rules", "replaced")
_LIMITS = ("thresholds", "waivers")


def _find(each: ComparedObject, _: ComparedFamily) -> Iterator[str]:
    if each.id.kind == RULE and each.change is ChangeType.REMOVED:
        yield f"rule {each.id.name} is removed from the fleet's own rules"
    if each.id.kind != DATA:
        return
    before, after = each.before, each.after
    for name in _added(before, after, _SWITCHED):
        why = value_at(after, (*_SWITCHED, name))
        reason, owner = (value_at(why, (key,), "not given") for key in ("reason", "owner"))
        yield f"rule {name} is switched off; reason: {reason}; owner: {owner}"
    for folder in _added(before, after, _REPLACED):
        yield f"{folder} is replaced by the fleet's own"
    yield from _waived(before, after)
    allows = (*_LIMITS, "acceptFromChange")
    if value_at(after, allows) is True and value_at(before, allows) is not True:
        yield "waivers count in the very change that adds them"


def _added(before: Json, after: Json, pointer: tuple[str, ...]) -> Iterator[str]:
    """The keys of a mapping that are new, or have another value."""
    old, new = (mapping_at(side, *pointer) for side in (before, after))
    yield from (key for key, value in new.items() if old.get(key) != value)


def _waived(before: Json, after: Json) -> Iterator[str]:
    """The waivers that are new or say something else: what they cover does not stop a change."""
    known = items_of(before, "spec", "waivers")
    for each in items_of(after, "spec", "waivers"):
        if each not in known:
            until = each.get("expires", "an unknown day")
            yield f"rule {each.get('rule')} is waived {_for_what(each)} until {until}"


def _for_what(waiver: Json) -> str:
    parts = [str(waiver[key]) for key in ("environment", "family", "cluster") if waiver.get(key)]
    return f"for {'/'.join(parts)}" if parts else "everywhere"


RULE_OFF = DangerKind("rule-off", _find)
