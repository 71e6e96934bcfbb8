"""The gate source ``ledger``: what the records of an earlier environment say of a version.

Nothing is measured: the records are in the repository, and what they say is in the answer, so that
the verdict follows from the record of the promotion alone.
"""

from collections.abc import Callable

from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Question, ServedBefore

ReadServed = Callable[[Question], ServedBefore | None]
"""Says what the ledger of a question's environment has about its candidate; None where it was
never verified there. May raise LockstepError."""


class LedgerGates:
    """Answers gates such as ``{source: ledger, when: promote, served: 24h}``."""

    def __init__(self, read: ReadServed | None = None) -> None:
        """Without a ledger to read nothing can be answered: only a promotion has one."""
        self._read = read

    def ask(self, question: Question) -> Answer:
        """What the ledger says of the candidate, at the time of the question."""
        query = f"ledger of {question.environment}"
        if self._read is None:
            return Answer(query, failure="only lockstep promote asks the ledger of a predecessor")
        try:
            served = self._read(question)
        except LockstepError as error:
            return Answer(query, failure=error.located())
        if served is None:
            return Answer(query, failure=f"{question.environment} has never verified this content")
        return Answer(f"{query}, {served.record}", served=served)
