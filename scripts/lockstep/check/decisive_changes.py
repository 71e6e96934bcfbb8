"""What decides for later changes: a pull request that changes it needs an approval.

Whoever lists the approvers approves everything after that, a server of gates says what passes, and
the address of the forge gets the token of every run. Without a rule that asks for approvals, the
next pull request could do what it asks about. The program itself has a finding in ``pinned``.
"""

from collections.abc import Collection, Sequence

from lockstep.check.base import Base
from lockstep.check.pinned import upgrade_findings
from lockstep.check.workspace import with_shipped
from lockstep.edges.git import Git
from lockstep.model.document import Json
from lockstep.model.finding import Finding, Severity
from lockstep.model.paths import APPROVERS, MAIN, SETTINGS
from lockstep.model.tree import Tree
from lockstep.spec.yaml.load import load_yaml

_SERVERS = "policies/data/http.yaml"

_WHAT = {
    APPROVERS: ("approvers", "who may approve, from the merge of this change on"),
    _SERVERS: ("servers", "the servers whose answers pass gates, and which secrets they get"),
    SETTINGS: ("settings", "the branch, the repository or the forge that Lockstep moves and asks"),
}
_POLICIES = "policies"
_LIBRARIES = "policies/lib/"
_TEST = "_test.rego"
_FIX = f"have it approved by who may do so at the base, in {APPROVERS} there"


def decisive_findings(git: Git, tree_id: str, base: Base) -> list[Finding]:
    """All that a pull request changes of this: the program, files and rules.

    ``tree_id`` is its merge with the base. Raises as ``rule_findings`` does.
    """
    return [
        *upgrade_findings(git, tree_id, base),
        *file_findings(git, tree_id, base),
        *rule_findings(git, tree_id, base),
    ]


def file_findings(git: Git, tree_id: str, base: Base) -> list[Finding]:
    """A finding of severity ``approval`` for each of these files that a pull request changes."""
    if not base.pull_request:
        return []
    # With modes: a link whose target is the text of the file has the same object.
    before, after = (git.entry_ids(each, list(_WHAT)) for each in (base.commit, tree_id))
    changed = [path for path in _WHAT if before.get(path) != after.get(path)]
    if SETTINGS in changed and _same_but_pin(git, base.commit, tree_id):
        changed.remove(SETTINGS)  # a change of the pin has a finding of its own
    return [_finding(path, *_WHAT[path]) for path in changed]


def _finding(path: str, name: str, what: str) -> Finding:
    text = f"this change says {what}"
    return Finding(path, 1, 1, f"approval.{name}", text, _FIX, severity=Severity.APPROVAL)


def _same_but_pin(git: Git, before: str, after: str) -> bool:
    """Whether only the pin differs; so where the base has no such file, which then comes new."""
    old, new = (_without_pin(git, each) for each in (before, after))
    return old is None or old == new


def _without_pin(git: Git, tree: str) -> Json:
    data = git.read_tree(tree, [SETTINGS], links=True).get(SETTINGS)
    document = load_yaml(SETTINGS, data)[0] if data is not None else None
    value = document.value if document else None
    if not isinstance(value, dict):
        return None if data is None else value
    return {name: each for name, each in value.items() if name != "program"}


def rule_findings(git: Git, tree_id: str, base: Base) -> list[Finding]:
    """A finding of severity ``approval`` for each changed file that such a rule depends on.

    The rules are those in force at the base: those that ship, and the fleet's. Raises LockstepError
    where these cannot be read.
    """
    if not base.pull_request or not git.changed_files(base.commit, tree_id, _POLICIES):
        return []
    from lockstep.policy.deviations import FILE, switched_off

    before, after = (
        with_shipped(git.read_tree(each, [_POLICIES], links=True))
        for each in (base.commit, tree_id)
    )
    off, gone = switched_off(before), switched_off(after)
    asking = {name: files for name, files in _asking(before).items() if name not in off}
    found: dict[str, list[str]] = {}
    for name, files in asking.items():
        for path in [*_changed(before, after, files), *([FILE] if name in gone else [])]:
            found.setdefault(path, []).append(name)
    return [
        _finding(path, "rules", f"what {', '.join(names)} asks to approve, from the merge on")
        for path, names in sorted(found.items())
    ]


def _asking(policies: Tree) -> dict[str, Sequence[str]]:
    """The files of each rule of severity ``approval``: its own, its thresholds, what it imports."""
    from lockstep.policy.rules import FOLDER, expected_rules

    rules = [r for r in expected_rules(policies) if r.severity is Severity.APPROVAL]
    return {rule.name: [f"{FOLDER}{rule.name}/", *rule.thresholds] for rule in rules}


def _changed(before: Tree, after: Tree, own: Collection[str]) -> list[str]:
    """The paths of other files; those that a rule may read are the entry point and libraries."""
    places = (*own, MAIN, _LIBRARIES)
    return sorted(
        path
        for path in before.keys() | after.keys()
        if path.startswith(places) and path.endswith((".rego", ".yaml"))
        if not path.endswith((_TEST, "/examples.yaml")) and before.get(path) != after.get(path)
    )
