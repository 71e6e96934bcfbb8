"""Files that decide for later changes: a pull request that edits one of them needs an approval.

Whoever lists the approvers approves everything after that, a server of gates says what passes, and
the address of the forge gets the token of every run.
"""

from lockstep.check.base import Base
from lockstep.edges.git import Git
from lockstep.model.document import Json
from lockstep.model.finding import Finding, Severity
from lockstep.model.paths import SETTINGS
from lockstep.spec.yaml.load import load_yaml

APPROVERS = "policies/data/approvers.yaml"
PULL_REQUESTS = "pullRequests"
"""The field of that file that names the roles which may approve pull requests."""

_SERVERS = "policies/data/http.yaml"

_WHAT = {
    APPROVERS: ("approvers", "who may approve, from the merge of this change on"),
    _SERVERS: ("servers", "the servers whose answers pass gates, and which secrets they get"),
    SETTINGS: ("settings", "the branch, the repository or the forge that Lockstep moves and asks"),
}
_FIX = "have it approved by who may do so at the base, in policies/data/approvers.yaml there"


def file_findings(git: Git, tree_id: str, base: Base) -> list[Finding]:
    """A finding of severity ``approval`` for each of these files that a pull request changes."""
    if not base.pull_request:
        return []
    # With modes: a link whose target is the text of the file has the same object.
    before, after = (git.entry_ids(each, list(_WHAT)) for each in (base.commit, tree_id))
    changed = [path for path in _WHAT if before.get(path) != after.get(path)]
    if SETTINGS in changed and _same_but_pin(git, base.commit, tree_id):
        changed.remove(SETTINGS)  # a change of the pin has a finding of its own
    return [_finding(path) for path in changed]


def _finding(path: str) -> Finding:
    name, what = _WHAT[path]
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
