"""The policies and templates in force: those that ship, with what a fleet adds or replaces.

A fleet may add a rule, replace the folder of a rule as a whole, replace the thresholds of a rule,
and replace a template. The entry point, the libraries, the schemas and the example fleet are the
program's. What belongs to an organisation ships as the example fleet's only, never for others. A
tree with an entry point of its own has all of its policies itself, as the repository of Lockstep
does: nothing is added to it.
"""

import re

from lockstep.model.fleet import ShippedFile, Tree
from lockstep.model.paths import MAIN
from lockstep.policy.rules import FOLDER
from lockstep.policy.thresholds import ORGANISATION
from lockstep.policy.waivers import FOLDER as WAIVERS

_PROGRAMS = ("policies/main", "policies/lib/", "policies/schemas/", "policies/examples/")
_NOT_SHIPPED = (WAIVERS, ORGANISATION)
_RULE = re.compile(rf"{FOLDER}([^/]+)/(.+)")
_TEMPLATE = re.compile(r"templates/([^/]+)/\1\.yaml\.j2")
_THRESHOLDS = "thresholds.yaml"


def is_complete(tree: Tree) -> bool:
    """Whether a tree has policies of its own and gets none from the program."""
    return MAIN in tree and not isinstance(tree[MAIN], ShippedFile)


def in_force(own: Tree, shipped: Tree) -> Tree:
    """A fleet's tree with the files that ship where the fleet has none; its own win where it may.

    A complete tree stays as it is.
    """
    if is_complete(own):
        return own
    replaced = replaced_rules(own, shipped)
    kept = {path: data for path, data in own.items() if not _is_programs(path, shipped)}
    added = {
        path: data
        for path, data in shipped.items()
        if path not in kept and not path.startswith(_NOT_SHIPPED)
        if not ((rule := _RULE.fullmatch(path)) and rule[1] in replaced)
    }
    return {**kept, **added}


def tested_tree(own: Tree, shipped: Tree) -> Tree:
    """The tree that a fleet's own rules are tested in: with the thresholds that ship.

    Its organisation is that of the example fleet, which the examples are about.
    """
    if is_complete(own):
        return own
    rules = {f"{FOLDER}{name}/" for name in own_rules(own)}
    kept = {p: data for p, data in own.items() if p.startswith((*rules, "templates/"))}
    example = f"policies/examples/{ORGANISATION}"
    return {**in_force(kept, shipped), ORGANISATION: shipped[example]}


def own_rules(own: Tree) -> frozenset[str]:
    """The rules that a fleet adds or replaces, by name; thresholds alone are not a rule."""
    matches = filter(None, map(_RULE.fullmatch, own))
    return frozenset(match[1] for match in matches if match[2] != _THRESHOLDS)


def refused(own: Tree, shipped: Tree) -> list[str]:
    """The files of a fleet that it may not have: they are the program's, and are not read."""
    named = (path for path in own if _is_programs(path, shipped))
    return sorted(path for path in named if own[path] != shipped.get(path))


def replaced_rules(own: Tree, shipped: Tree) -> frozenset[str]:
    """The shipped rules whose folders the fleet replaces; its thresholds alone replace nothing."""
    return own_rules(own) & own_rules(shipped)


def replaced_thresholds(own: Tree, shipped: Tree) -> frozenset[str]:
    """The thresholds that the fleet has other ones of, by path: those of rules and shared ones."""
    rules = replaced_rules(own, shipped)
    return frozenset(
        path
        for path, data in own.items()
        if path in shipped and path != ORGANISATION and shipped[path] != data
        if path.startswith("policies/data/") or path.endswith(f"/{_THRESHOLDS}")
        if not ((rule := _RULE.fullmatch(path)) and rule[1] in rules)
    )


def replaced_templates(own: Tree, shipped: Tree) -> frozenset[str]:
    """The templates that the fleet has other ones of, by path."""
    return frozenset(
        path
        for path, data in own.items()
        if path.startswith("templates/") and path in shipped and shipped[path] != data
    )


def unknown_templates(own: Tree, shipped: Tree) -> list[str]:
    """The templates of a fleet for components that the program does not have."""
    named = (path for path in own if _TEMPLATE.fullmatch(path))
    return sorted(path for path in named if path not in shipped)


def shipped_paths(*trees: Tree) -> frozenset[str]:
    """The files that come from the program in at least one tree, and from a fleet in none."""
    brought = {p for tree in trees for p, data in tree.items() if isinstance(data, ShippedFile)}
    return frozenset(
        path
        for path in brought
        if all(isinstance(tree.get(path, ShippedFile()), ShippedFile) for tree in trees)
    )


def _is_programs(path: str, shipped: Tree) -> bool:
    """Whether a file is the program's: a fleet may have schemas for data of its own only."""
    own_schema = path.startswith("policies/schemas/data/") and path not in shipped
    return path.startswith(_PROGRAMS) and not own_schema
