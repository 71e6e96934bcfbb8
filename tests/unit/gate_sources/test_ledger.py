"""The gate source that reads the ledger of the environment that a version comes from."""

from lockstep.gate_sources.base import GateSources
from lockstep.gate_sources.ledger import LedgerGates
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Answer, Question, ServedBefore

QUESTION = Question(
    {"name": "served", "source": "ledger", "when": "promote", "served": "24h"}, "fraud-a", "a",
    "staging", {"identity": {"version": "7", "digest": "sha256:7"}}, None,
    "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z",
)  # fmt: skip
SERVED = ServedBefore("staging", "ledger/staging/fraud/000007.json", "sha256:r",
                      "2026-03-01T12:00:00Z", None, "", 10, {"pass": 1})  # fmt: skip


def test_the_answer_is_what_the_ledger_says() -> None:
    asked: list[Question] = []

    def read(question: Question) -> ServedBefore:
        asked.append(question)
        return SERVED

    answer = LedgerGates(read).ask(QUESTION)
    query = "ledger of staging, ledger/staging/fraud/000007.json"
    assert answer == Answer(query, served=SERVED) and asked == [QUESTION]


def test_content_that_was_never_verified_there_is_no_answer() -> None:
    answer = LedgerGates(lambda _: None).ask(QUESTION)
    assert answer.failure == "staging has never verified this content"


def test_a_ledger_that_cannot_be_read_is_no_answer() -> None:
    def read(_: Question) -> ServedBefore:
        raise LockstepError("it is broken", where="ledger/staging/fraud/000007.json")

    assert "it is broken" in LedgerGates(read).ask(QUESTION).failure


def test_without_a_promotion_there_is_no_ledger_to_ask() -> None:
    answer = GateSources().ask(QUESTION)
    assert answer.failure == "only lockstep promote asks the ledger of a predecessor"
