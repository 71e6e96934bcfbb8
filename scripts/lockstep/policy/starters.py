"""A new rule to start from: its name is checked, and the texts of a starter get it."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from lockstep.model.errors import UsageError
from lockstep.model.fleet import Tree
from lockstep.policy.rules import FOLDER, Scope
from lockstep.text.sanitise import quoted

CATEGORY_OF = {Scope.CLUSTER: "traffic", Scope.FAMILY: "rollout", Scope.ENVIRONMENT: "cost"}
"""The category of the starter of each scope."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST = 60

# A package may not have the name of one of Rego's words.
_WORDS = frozenset((
    "as", "contains", "data", "default", "else", "every", "false", "if", "import", "in", "input",
    "not", "null", "package", "set", "some", "true", "with",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewRule:
    """What a new rule is to be: ``since`` is the version of Lockstep that it is written for."""

    name: str
    scope: Scope
    category: str
    since: str


def starter_files(starter: Tree, rule: NewRule) -> dict[str, bytes]:
    """The files of a new rule by path, from the texts of a starter: ``rule.rego`` and so on."""
    package = rule.name.replace("-", "_")
    values = (
        (b"PACKAGE", package), (b"RULE", rule.name), (b"CATEGORY", rule.category),
        (b"SINCE", rule.since),
    )  # fmt: skip
    files = {}
    for path, data in starter.items():
        filled = data
        for word, value in values:
            filled = filled.replace(word, value.encode())
        files[f"{FOLDER}{rule.name}/{path.replace('rule', package, 1)}"] = filled
    return files


def require_new_name(name: str, own: Collection[str], shipped: Collection[str]) -> None:
    """Raise UsageError for a name that no rule can have, or that a rule has already.

    ``own`` and ``shipped`` are the names of the rules of the fleet and of the program.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"{quoted(name, 80)} is not a name for a rule",
            fix=f"use up to {_LONGEST} lower-case letters, digits and dashes: few-retries",
        )
    # OPA loads files that end in _test.rego as tests only.
    if name in _WORDS or name.endswith("-test"):
        raise UsageError(
            f"a rule cannot be called {name}: Rego reads this word in another way",
            fix="choose another name",
        )
    if name in own:
        raise UsageError(f"there is a rule {name} already", where=FOLDER + name,
                         fix="choose another name, or edit that rule")  # fmt: skip
    if name in shipped:
        raise UsageError(
            f"Lockstep ships a rule {name}",
            fix=f"choose another name, or replace it: lockstep policy copy {name}",
        )
