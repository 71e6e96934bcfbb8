"""``lockstep policy copy`` and ``template copy``: bring a part of the program into the fleet."""

from collections.abc import Mapping
from pathlib import Path

from lockstep.check.workspace import files_at, fleet_folder
from lockstep.edges.files import write_all
from lockstep.edges.resources import shipped_tree
from lockstep.model.tool_results import NewFiles
from lockstep.policy.replace import Why, copied_rule, copied_template


def rule(root: Path, name: str, owner: str, reason: str) -> NewFiles:
    """Copy a shipped rule with its entry in rules.yaml. Raises as ``copied_rule`` does."""
    fleet = fleet_folder(root)
    changes = copied_rule(name, _own(fleet), shipped_tree(), Why(owner, reason))
    return _written(fleet, changes, f"lockstep policy test --rule {name}")


def template(root: Path, name: str, owner: str, reason: str) -> NewFiles:
    """Copy a shipped template with its entry in rules.yaml. Raises as ``copied_template`` does."""
    fleet = fleet_folder(root)
    changes = copied_template(name, _own(fleet), shipped_tree(), Why(owner, reason))
    return _written(fleet, changes, "lockstep render")


def _own(fleet: Path) -> Mapping[str, bytes]:
    return files_at(fleet, ["policies", "templates"])


def _written(fleet: Path, changes: Mapping[str, bytes], command: str) -> NewFiles:
    write_all(fleet, changes)
    return NewFiles(tuple(sorted(changes)), (command, "lockstep check"))
