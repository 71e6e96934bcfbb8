"""The rules that ask for approvals: a pull request that changes one of them needs an approval.

Otherwise one pull request would take the rule away, and the next one do what it asks about.
"""

from collections.abc import Collection, Sequence

from lockstep.check.base import Base
from lockstep.check.workspace import with_shipped
from lockstep.edges.git import Git
from lockstep.model.finding import Finding, Severity
from lockstep.model.paths import MAIN
from lockstep.model.tree import Tree

_POLICIES = "policies"
_LIBRARIES = "policies/lib/"
_TEST = "_test.rego"
_FIX = "have it approved by who may do so at the base, in policies/data/approvers.yaml there"


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
    return [_finding(path, names) for path, names in sorted(found.items())]


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


def _finding(path: str, rules: Sequence[str]) -> Finding:
    text = f"this change says what {', '.join(rules)} asks to approve, from the merge on"
    return Finding(path, 1, 1, "approval.rules", text, _FIX, severity=Severity.APPROVAL)
