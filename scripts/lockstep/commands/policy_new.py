"""``lockstep policy new``: a rule to start from."""

import re
from pathlib import Path

from lockstep import __version__
from lockstep.check.workspace import files_at, fleet_folder
from lockstep.edges.files import write_all
from lockstep.edges.resources import shipped_tree, starter
from lockstep.model.errors import UsageError
from lockstep.model.tool_results import NewFiles
from lockstep.policy.in_force import is_complete, own_rules
from lockstep.policy.rules import CATEGORIES, FOLDER, Scope
from lockstep.policy.starters import CATEGORY_OF, NewRule, require_new_name, starter_files
from lockstep.text.sanitise import quoted


def run(root: Path, name: str, scope: Scope, category: str | None = None) -> NewFiles:
    """Write the folder of a new rule: Rego, a test and examples that pass ``policy test``.

    Raises UsageError for a name that cannot be used or is taken, LockstepError where the files
    cannot be written; then none is.
    """
    fleet = fleet_folder(root)
    own = files_at(fleet, ["policies"])
    require_new_name(name, own_rules(own), () if is_complete(own) else own_rules(shipped_tree()))
    if (fleet / FOLDER / name).exists():  # with files that git ignores, for example
        raise UsageError("this folder exists already", where=FOLDER + name, fix="remove it")
    since = re.match(r"\d+\.\d+\.\d+", __version__)
    category = category or CATEGORY_OF[scope]
    if category not in CATEGORIES:
        fix = f"use one of {', '.join(CATEGORIES)}"
        raise UsageError(f"there is no category {quoted(category, 80)}", fix=fix)
    rule = NewRule(name, scope, category, since[0] if since else "0.1.0")
    files = starter_files(starter(f"rule/{scope.value}"), rule)
    write_all(fleet, files)
    return NewFiles(tuple(sorted(files)), (f"lockstep policy test --rule {name}",))
