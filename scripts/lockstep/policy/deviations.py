"""Where a fleet differs from what ships: each report names it, since a rule may not count as known.

``policies/data/rules.yaml`` switches rules off, and says of each replaced folder which shipped one
it replaces, so that a later change of that one is seen.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from lockstep.model.canonical import digest_files
from lockstep.model.document import Document, Json, value_at
from lockstep.model.finding import Finding, Severity
from lockstep.model.fleet import ShippedFile, Tree
from lockstep.policy.in_force import (
    is_complete,
    own_rules,
    refused,
    replaced_rules,
    replaced_templates,
    replaced_thresholds,
    unknown_templates,
)
from lockstep.policy.rules import FOLDER
from lockstep.policy.thresholds import threshold_values
from lockstep.spec.place import Place
from lockstep.spec.yaml.load import load_yaml
from lockstep.text.phrases import closest
from lockstep.text.sanitise import quoted, shorten

FILE = "policies/data/rules.yaml"
"""The file of a fleet that says which rules are off, and what it replaces."""

_OFF = ("thresholds", "rules", "switchedOff")
_REPLACED = ("thresholds", "rules", "replaced")


def switched_off(policies: Tree) -> Mapping[str, str]:
    """The rules that a tree switches off, by name, each with the reason and the owner.

    An entry without one of them switches nothing off.
    """
    entries = _entries(_document(policies), _OFF)
    return {
        name: f"{entry['reason']} ({entry['owner']})"
        for name, entry in entries.items()
        if _is_text(entry, "reason") and _is_text(entry, "owner")
    }


def replaced_folders(own: Tree, shipped: Tree) -> dict[str, str]:
    """The folders of rules and templates that a fleet replaces, with the digest of the shipped."""
    if is_complete(own):
        return {}
    rules = {FOLDER + name for name in replaced_rules(own, shipped)}
    templates = {path.rpartition("/")[0] for path in replaced_templates(own, shipped)}
    return {folder: digest_of(folder, shipped) for folder in sorted(rules | templates)}


def digest_of(folder: str, shipped: Tree) -> str:
    """The digest of a shipped folder: that of a rule or of a template."""
    return digest_files({p: d for p, d in shipped.items() if p.startswith(f"{folder}/")})


def differing_rules(own: Tree, shipped: Tree) -> dict[str, str]:
    """The rules of a fleet that differ from what ships, by name, each with how in a few words."""
    found: dict[str, list[str]] = {}
    if not is_complete(own):
        for name in own_rules(own):
            replaced = name in replaced_rules(own, shipped)
            found.setdefault(name, []).append("replaced" if replaced else "added")
        for path in replaced_thresholds(own, shipped):
            if path.startswith(FOLDER):
                found.setdefault(path.split("/")[2], []).append("other thresholds")
    for name, why in switched_off(own).items():
        found.setdefault(name, []).append(f"switched off: {why}")
    return {name: ", ".join(words) for name, words in found.items()}


def deviations(own: Tree, shipped: Tree, rules: Mapping[str, str]) -> list[Finding]:
    """What a report has to say about where a fleet's policies and templates differ.

    ``rules`` are the titles of all rules by name, those that are switched off included. Most
    findings are notes. An entry about no rule, a folder that is replaced without an entry, and a
    file that belongs to the program are errors; a shipped folder that has changed is a warning.
    """
    document = _document(own)
    off = list(_off(document, switched_off(own), rules))
    if is_complete(own):
        return off
    return [
        *off,
        *_folders(document, replaced_folders(own, shipped), _copies(own, shipped)),
        *_thresholds(own, shipped),
        *(_refused(path) for path in refused(own, shipped)),
        *(_unknown(path) for path in unknown_templates(own, shipped)),
    ]


def _off(
    document: Document | None, off: Mapping[str, str], rules: Mapping[str, str]
) -> Iterator[Finding]:
    for name in _entries(document, _OFF):
        place = Place(document, (*_OFF, name))  # type: ignore[arg-type]  # it has the entry
        if name not in rules:
            close = closest(name, sorted(rules))
            fix = f"did you mean {close}?" if close else "remove it; see lockstep policy list"
            text = f"there is no rule {quoted(name, 80)} that could be switched off"
            yield place.finding("rules.unknown", text, fix, at_key=True)
        elif name in off:
            text = f"rule {name} ({rules[name]}) is switched off: {off[name]}"
            yield _note(place.finding("rules.switched-off", text, "", at_key=True))


def _copies(own: Tree, shipped: Tree) -> frozenset[str]:
    """The folders of a fleet with files that ship, unchanged ones included."""
    both = (path for path in own if path in shipped and not isinstance(own[path], ShippedFile))
    return frozenset(path.rpartition("/")[0] for path in both)


def _folders(
    document: Document | None, folders: Mapping[str, str], copies: frozenset[str]
) -> Iterator[Finding]:
    entries = _entries(document, _REPLACED)
    for folder, shipped in folders.items():
        entry = entries.get(folder)
        if document is None or entry is None:
            text = f"it replaces a part of the program, and {FILE} does not say so"
            line = f"{folder}: {{shipped: {shipped}, owner: …, reason: …}}"
            fix = f"add to {FILE}, under replaced: {line}"
            yield Finding(f"{folder}/", 1, 1, "rules.unlisted", text, fix)
            continue
        place = Place(document, (*_REPLACED, folder))
        if value_at(entry, ("shipped",)) != shipped:
            text = f"the program's {folder} has changed since it was replaced"
            fix = f"compare both; then write shipped: {shipped}, or remove the folder"
            found = place.finding("rules.outdated", text, fix, at_key=True)
            yield replace(found, severity=Severity.WARNING)
        why = f"{value_at(entry, ('reason',))} ({value_at(entry, ('owner',))})"
        text = f"{folder} replaces the program's: {why}"
        yield _note(place.finding("rules.replaced", text, "", at_key=True))
    for folder in entries:
        # A template that was just brought in does not differ yet.
        if document is not None and folder not in folders and folder not in copies:
            place = Place(document, (*_REPLACED, folder))
            text = f"{quoted(folder, 120)} replaces nothing of the program"
            yield place.finding("rules.unknown", text, "remove the entry", at_key=True)


def _thresholds(own: Tree, shipped: Tree) -> Iterator[Finding]:
    for path in sorted(replaced_thresholds(own, shipped) - {FILE}):
        here, there = (threshold_values(path, tree[path]) for tree in (own, shipped))
        differ = [name for name in sorted({*here, *there}) if here.get(name) != there.get(name)]
        if differ:
            shown = ", ".join(f"{name} is {_shown(here.get(name))}, not {_shown(there.get(name))}"
                              for name in differ)  # fmt: skip
            text = f"thresholds differ from the program's: {shown}"
            yield _note(Finding(path, 1, 1, "rules.thresholds", text, ""))


def _refused(path: str) -> Finding:
    text = "this file is the program's; the one of the fleet is not read"
    return Finding(path, 1, 1, "rules.not-replaceable", text, "remove it")


def _unknown(path: str) -> Finding:
    component = path.rpartition("/")[2].removesuffix(".yaml.j2")
    text = f"Lockstep has no component {quoted(component, 80)}, so nothing renders this template"
    return Finding(path, 1, 1, "rules.unknown", text, "rename it, or remove it")


def _shown(value: Json) -> str:
    return "absent" if value is None else shorten(json.dumps(value), 60)


def _note(finding: Finding) -> Finding:
    return replace(finding, severity=Severity.NOTE)


def _document(policies: Tree) -> Document | None:
    return load_yaml(FILE, policies[FILE])[0] if FILE in policies else None


def _entries(document: Document | None, pointer: tuple[str, ...]) -> Mapping[str, Json]:
    found = value_at(document.value, pointer) if document else None
    return found if isinstance(found, dict) else {}


def _is_text(entry: Json, name: str) -> bool:
    value = value_at(entry, (name,))
    return isinstance(value, str) and bool(value.strip())
