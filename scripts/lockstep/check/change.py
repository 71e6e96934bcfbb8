"""What judges the change that a verb is about to commit."""

from datetime import datetime

from lockstep.check.pipeline import Examined, Question, examine
from lockstep.check.validation import Checked
from lockstep.model.fleet import Fleet, Tree


def check_change(
    tree: Tree, before: Tree, now: datetime, around: Fleet, *, rollback_only: bool
) -> Checked:
    """What is wrong with a tree of one family that a verb is about to commit on top of ``before``.

    Its rendering is the verb's own, so nothing is compared. What other families ``around`` it have
    in quarantine stops no way back.
    """
    question = Question(
        tree,
        before,
        now,
        compared=False,
        rollback_only=rollback_only,
        around=Fleet() if rollback_only else around,
    )
    examined: Examined = examine(question)
    return examined.checked
