"""Selects parts of a tree and of a fleet: the files of one family, the families of a command."""

import re
from collections.abc import Mapping

from lockstep.model.errors import UsageError
from lockstep.model.fleet import Environment, Family, Fleet, Tree
from lockstep.model.paths import RECORD_PATH
from lockstep.text.phrases import closest
from lockstep.text.sanitise import quoted

_MOST_NAMES = 10
"""Names in a message; a fleet may have hundreds of families."""
_NONE = "add one to clusters/; lockstep validate shows files that cannot be read"

_ENTRIES = re.compile(r"clusters/([^/]+/[^/]+)/quarantine\.yaml")
# Not parsed: this is looked for in every record of a fleet, of which few have it.
_QUARANTINES = re.compile(rb'"quarantines":\s*true')


def by_family(tree: Tree) -> tuple[dict[str, bytes], dict[str, Tree]]:
    """The files that all families share, and those of each family name, in all environments."""
    shared: dict[str, bytes] = {}
    families: dict[str, dict[str, bytes]] = {}
    for path, data in tree.items():
        top, *below = path.split("/")
        if top not in ("clusters", "ledger"):
            shared[path] = data
        elif len(below) > 2:
            families.setdefault(below[1], {})[path] = data
        elif top == "clusters" and len(below) == 2:  # an environment's own file
            shared[path] = data
    return shared, dict(families)


def only_quarantine(tree: Tree) -> Tree:
    """The files that define the families' quarantines: their heads, records and entries."""
    having = {_in_quarantine(path, data) for path, data in tree.items()}

    def defines(path: str) -> bool:
        top, _, rest = path.partition("/")
        home, _, name = rest.rpartition("/")
        # All records of the family: a later one may have released the version.
        of_family = top == "ledger" or name in ("family.yaml", "quarantine.yaml")
        return name == "environment.yaml" or (of_family and home in having)

    return {path: data for path, data in tree.items() if defines(path)}


def _in_quarantine(path: str, data: bytes) -> str:
    """``<environment>/<family>`` of a file that puts a version into quarantine; else empty."""
    if record := RECORD_PATH.fullmatch(path):
        home = f"{record['environment']}/{record['family']}"
        return home if _QUARANTINES.search(data) else ""
    entries = _ENTRIES.fullmatch(path)
    return entries[1] if entries else ""


def only_heads(tree: Tree) -> Tree:
    """The files that name environments and families: enough to know which there are."""
    heads = ("/environment.yaml", "/family.yaml")
    return {path: data for path, data in tree.items() if path.endswith(heads)}


def missing_heads(tree: Tree, fleet: Fleet) -> dict[str, bytes]:
    """Empty heads for the families that have records, and in ``fleet`` no head that can be read.

    A family that is gone still has its records, and what they put into quarantine.
    """
    heads = {}
    places = filter(None, map(RECORD_PATH.fullmatch, tree))
    for environment, family in sorted({place.group("environment", "family") for place in places}):
        home = fleet.environments.get(environment)
        if home is None:
            heads[f"clusters/{environment}/environment.yaml"] = b"kind: Environment"
        if home is None or family not in home.families:
            heads[f"clusters/{environment}/{family}/family.yaml"] = b"kind: ModelFamily"
    return heads


def choose_families(fleet: Fleet, name: str | None, environment: str | None) -> tuple[Family, ...]:
    """The families that a command names: one by its name, those of an environment, or all.

    Raises UsageError where there is no such family or environment.
    """
    if environment is not None:
        _require_environment(fleet, environment)
    if name is None:
        return tuple(f for f in fleet.families() if environment in (None, f.environment))
    # A bare name means the family in every environment; choose_family allows only one.
    if "/" not in name and environment is None:
        same = tuple(family for family in fleet.families() if family.name == name)
        if same:
            return same
    return (choose_family(fleet, name, environment)[1],)


def choose_family(fleet: Fleet, name: str, environment: str | None) -> tuple[Environment, Family]:
    """The family that a person names by ``name``, ``environment/name`` or a name and an option.

    Raises UsageError where there is none, or one in several environments.
    """
    asked = name
    if "/" in name:
        home, _, name = name.partition("/")
        if environment not in (None, home):
            raise UsageError(
                f"{quoted(asked, 80)} is of another environment than --environment {environment}",
                fix="leave out --environment, or name the family without its environment",
            )
        environment = home
    # Several environments may have the name; none of them is chosen silently.
    found = [
        (home, home.families[name])
        for home in fleet.environments.values()
        if name in home.families and environment in (None, home.name)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(home.name for home, _ in found)
        raise UsageError(
            f"several environments have a family {name}: {places}",
            fix="choose one with --environment",
        )
    names = {f"{each.environment}/{each.name}": each.name for each in fleet.families()}
    where = ""
    if environment is not None:
        _require_environment(fleet, environment)
        # Else the fix would list the very name that was asked for, in another environment.
        where = f" in the environment {environment}" if "/" not in asked else ""
    raise UsageError(f"there is no family {quoted(asked, 80)}{where}", fix=_choice(name, names))


def _require_environment(fleet: Fleet, environment: str) -> None:
    if environment not in fleet.environments:
        text = f"there is no environment {quoted(environment, 80)}"
        names = {each: each for each in fleet.environments}
        raise UsageError(text, fix=_choice(environment, names))


def _choice(asked: str, known: Mapping[str, str]) -> str:
    """What to choose from: of many names the first few, those that look most alike before them.

    ``known`` has the name by what a person writes for it. None is suggested alone: the verb may
    roll a model back, and the name that looks most alike may be that of another one.
    """
    close = closest(asked, sorted(set(known.values())))
    written = sorted(known, key=lambda each: (known[each] != close, each))
    more = f" and {len(written) - _MOST_NAMES} more" if written[_MOST_NAMES:] else ""
    return f"choose from {', '.join(written[:_MOST_NAMES])}{more}" if written else _NONE
