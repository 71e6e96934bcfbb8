"""The pin of a fleet in a check: which program may check a change, and what an upgrade may bring.

The base's pin counts, so that a change is not checked by a program of its own choice. Where a
change has another pin it is an upgrade: then the program of that pin checks it, a person has to
approve it, and it brings nothing but the pin, what ``lockstep render`` writes, and policies and
templates that the fleet adapts.
"""

from lockstep import __version__
from lockstep.check.base import Base
from lockstep.edges.git import Git
from lockstep.model.errors import LockstepError
from lockstep.model.finding import Finding, Severity
from lockstep.model.paths import SETTINGS
from lockstep.spec.settings import Pin, pin_of

_NOT_OF_AN_UPGRADE = ("clusters", "ledger")


def require_program(pin: Pin | None) -> None:
    """Raise LockstepError where this program is not of the version that a pin names."""
    if pin and pin.version != __version__:
        raise LockstepError(
            f"this fleet is pinned to Lockstep {pin.version}, and this is {__version__}",
            where=SETTINGS,
            fix=f"use {pin}, or change the pin in a pull request: lockstep upgrade",
        )


def require_pinned(git: Git, tree_id: str, base: Base | None) -> None:
    """Raise LockstepError where another program has to check the change of a tree to its base."""
    here = _pin(git, tree_id)
    before = _pin(git, base.commit) if base else here
    require_program(here if here != before and here else before)


def upgrade_findings(git: Git, tree_id: str, base: Base) -> list[Finding]:
    """What a person has to approve where a pull request changes the pin, and what it must not."""
    here, before = _pin(git, tree_id), _pin(git, base.commit)
    if here == before or not base.pull_request:
        return []
    text = f"the program that checks and renders the fleet: {_named(here)}, not {_named(before)}"
    fix = "approve it once you trust the source, and have read what its rules find"
    approval = Finding(SETTINGS, 1, 1, "approval.program", text, fix, severity=Severity.APPROVAL)
    other = [
        path
        for folder in _NOT_OF_AN_UPGRADE
        for path in sorted(git.changed_files(base.commit, tree_id, folder))
    ]
    return [approval, *(_separate(path) for path in other[:1])]


def _separate(path: str) -> Finding:
    text = "an upgrade of the program comes alone, and this pull request changes this file, too"
    fix = "move the change to a pull request of its own, after the upgrade or before it"
    return Finding(path, 1, 1, "settings.upgrade", text, fix)


def _named(pin: Pin | None) -> str:
    return str(pin) if pin else "no version"


def _pin(git: Git, tree: str) -> Pin | None:
    return pin_of(git.read_tree(tree, [SETTINGS], links=True))
