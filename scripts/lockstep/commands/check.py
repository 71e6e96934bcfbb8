"""``lockstep check`` and ``lockstep validate``: the answer to a pull request."""

from pathlib import Path

from lockstep.check.cached import CheckOptions, check_work_tree
from lockstep.check.workspace import work_tree
from lockstep.edges.git import Git
from lockstep.model.outcome import Outcome


def validate(root: Path) -> Outcome:
    """Check the files of the work tree against schemas and each other."""
    from lockstep.check.validation import validate_tree  # not needed by lockstep check at once

    return validate_tree(work_tree(Git.find(root), collect=True)).outcome()


def check(root: Path, options: CheckOptions) -> Outcome:
    """Validate, evaluate policies and compare ``rendered/``, with every finding collected.

    Raises UsageError where the base is not a commit, LockstepError where the change does not merge
    with it.
    """
    return check_work_tree(Git.find(root), options)
