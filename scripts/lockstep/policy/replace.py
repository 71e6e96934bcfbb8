"""Brings a part of the program into a fleet to be replaced, with its entry in rules.yaml."""

from collections.abc import Iterable
from dataclasses import dataclass

from lockstep.model.errors import UsageError
from lockstep.model.fleet import Tree
from lockstep.model.paths import MAIN
from lockstep.policy.deviations import FILE, digest_of
from lockstep.policy.in_force import is_complete, own_rules
from lockstep.policy.rules import FOLDER
from lockstep.policy.thresholds import check_data
from lockstep.spec.insert import insert_entry
from lockstep.text.phrases import closest
from lockstep.text.sanitise import quoted

TEMPLATES = "templates/"

_SCHEMA = "policies/schemas/data/rules.json"
_UNDER = ("thresholds", "rules", "replaced")
_NEW_FILE = b"""\
# Rules that do not count here, and files of the fleet that replace some of the program's.
# Each report names all of them.
thresholds:
  rules:
    # By the folder: {shipped, owner, reason}, where shipped is the digest of what was replaced.
    replaced: {}
"""


@dataclass(frozen=True, slots=True)
class Why:
    """Who maintains a replacement, and why the shipped part does not do."""

    owner: str
    reason: str


def copied_rule(name: str, own: Tree, shipped: Tree, why: Why) -> dict[str, bytes]:
    """The changes that bring a shipped rule into a fleet: its folder, and the entry about it.

    Thresholds of the fleet stay as they are. Raises UsageError where there is no such rule, where
    the fleet has it already, or where it has all policies itself; Invalid where rules.yaml cannot
    be edited.
    """
    _require_fleet(own)
    _require_known(name, own_rules(shipped), "rule", "lockstep policy list")
    if name in own_rules(own):
        raise _exists(FOLDER + name)
    return _copied(FOLDER + name, own, shipped, why)


def copied_template(name: str, own: Tree, shipped: Tree, why: Why) -> dict[str, bytes]:
    """The changes that bring a shipped template into a fleet; raises as ``copied_rule`` does."""
    _require_fleet(own)
    known = {path.split("/")[1] for path in shipped if path.startswith(TEMPLATES)}
    _require_known(name, known, "template", f"the templates are {', '.join(sorted(known))}")
    if any(path.startswith(f"{TEMPLATES}{name}/") for path in own):
        raise _exists(TEMPLATES + name)
    return _copied(TEMPLATES + name, own, shipped, why)


def _copied(folder: str, own: Tree, shipped: Tree, why: Why) -> dict[str, bytes]:
    files = {p: bytes(d) for p, d in shipped.items() if p.startswith(f"{folder}/") and p not in own}
    entry = {"shipped": digest_of(folder, shipped), "owner": why.owner, "reason": why.reason}
    files[FILE] = insert_entry(FILE, own.get(FILE, _NEW_FILE), _UNDER, folder, entry)
    # An owner that is not an address, for example: the check of the fleet would refuse it later.
    wrong = check_data({FILE: files[FILE], _SCHEMA: shipped[_SCHEMA]})
    if wrong:
        raise UsageError(f"the entry would not be valid: {wrong[0].message}", where=FILE,
                         fix=wrong[0].fix)  # fmt: skip
    return files


def _require_fleet(own: Tree) -> None:
    if is_complete(own):
        raise UsageError(
            "this repository has all policies and templates itself; there is nothing to bring in",
            where=MAIN, fix="edit its own files; a fleet that uses what ships has no such file",
        )  # fmt: skip


def _require_known(name: str, known: Iterable[str], what: str, otherwise: str) -> None:
    names = sorted(known)
    if name not in names:
        close = closest(name, names)
        fix = f"did you mean {close}?" if close else f"see {otherwise}"
        if not close and what == "template":
            fix = otherwise
        raise UsageError(f"Lockstep ships no {what} {quoted(name, 80)}", fix=fix)


def _exists(folder: str) -> UsageError:
    return UsageError("the fleet has this folder already", where=folder, fix="edit its files")
