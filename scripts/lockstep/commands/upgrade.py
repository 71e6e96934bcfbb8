"""``lockstep upgrade``: pin a fleet to the program that runs, and show what that changes."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from packaging.version import InvalidVersion, Version

from lockstep import __version__
from lockstep.check.cached import CheckOptions, check_work_tree
from lockstep.check.rendering import render_tree, write_rendered
from lockstep.check.workspace import work_tree
from lockstep.edges.files import write_changes
from lockstep.edges.git import Git
from lockstep.model.errors import UsageError
from lockstep.model.file_results import Upgraded
from lockstep.model.paths import SETTINGS
from lockstep.policy import Rule, expected_rules
from lockstep.policy.in_force import is_complete
from lockstep.spec.settings import Pin, pin_of, with_pin

_COMMIT = re.compile(r"git\+(?:https|ssh)://.+@[0-9a-f]{40}")
_OTHER = re.compile(r"(?:https|file)://.+")


def run(root: Path, options: CheckOptions, source: str | None, digest: str | None) -> Upgraded:
    """Write the pin and what rendering gives to the work tree, and check that as a change.

    ``source`` is where this program was installed from, by default that of the pin; ``digest`` is
    the ``sha256:<hex>`` of its wheel. Raises UsageError where the fleet cannot be pinned, or the
    pin would not say which program it means; then nothing is written.
    """
    git = Git.find(root)
    tree = work_tree(git)
    if is_complete(tree):
        raise UsageError(
            "this repository has all policies itself, so no version of Lockstep brings them",
            fix="remove policies/main.rego, policies/lib and policies/schemas to use what ships",
        )
    before, after = pin_of(tree), _pin(source, digest, pin_of(tree))
    if SETTINGS not in tree:
        raise UsageError(f"there is no {SETTINGS}", fix="lockstep init writes one")
    settings = with_pin(tree[SETTINGS], after)
    # Rendered before anything is written: a template that fails must not leave half an upgrade.
    rendered = render_tree({**tree, SETTINGS: settings})
    write_changes(git.root, {SETTINGS: settings})
    written = write_rendered(git, rendered)
    new, changed = _differing(expected_rules(tree), before)
    outcome = check_work_tree(git, options)
    words = str(before) if before else "any version"
    return Upgraded(words, str(after), new, changed, written, outcome)


def _pin(source: str | None, digest: str | None, before: Pin | None) -> Pin:
    """The pin to write. Raises UsageError where it would not name one program exactly."""
    known = source or (before.source if before else "")
    if _COMMIT.fullmatch(known):
        return Pin(__version__, known)
    if not _OTHER.fullmatch(known):
        raise UsageError(
            "--source must say where this Lockstep is installed from",
            fix="give the URL of an index or a wheel, or git+https://…@<commit, 40 digits>",
        )
    if digest is None and before and (before.version, before.source) == (__version__, known):
        digest = before.digest
    if not digest or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise UsageError(
            "--hash must be the digest of the wheel, sha256: and 64 digits",
            fix="pip hash WHEEL prints it, and so does the page of the package on its index",
        )
    return Pin(__version__, known, digest)


_Named = tuple[tuple[str, str], ...]


def _differing(rules: Collection[Rule], before: Pin | None) -> tuple[_Named, _Named]:
    """The rules that the version before did not have, and those that it had otherwise."""
    version = _version(before.version) if before else None
    if version is None:
        return (), ()
    new = [rule for rule in rules if _is_later(rule.since, version)]
    changed = (rule for rule in rules if rule not in new and _is_later(rule.changed, version))
    return tuple(_named(new)), tuple(_named(changed))


def _named(rules: Collection[Rule] | Iterator[Rule]) -> Iterator[tuple[str, str]]:
    return ((rule.name, rule.title) for rule in rules)


def _is_later(text: str, version: Version) -> bool:
    found = _version(text)
    return found is not None and found > version


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
