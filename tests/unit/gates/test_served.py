"""Verdicts on how a version has served where it comes from."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from lockstep.gates.verdicts import judge, judge_again, judge_question
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Question, ServedBefore, Verdict

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SERVED = ServedBefore(
    environment="staging", record="ledger/staging/fraud/000007.json", digest="sha256:" + "a" * 64,
    since="2026-03-01T12:00:00Z", until=None, rolled_back="", requests=1200, verdicts={"pass": 3},
)  # fmt: skip


def gate(**settings: Json) -> dict[str, Json]:
    return {"name": "served", "source": "ledger", "when": "promote", **settings}


def judged(settings: dict[str, Json], **changes: Any) -> tuple[Verdict, str]:
    answer = Answer("ledger of staging", served=replace(SERVED, **changes))
    return judge(gate(**settings), answer, NOON, NOON)


@pytest.mark.parametrize(
    ("settings", "changes", "verdict", "reason"),
    [
        ({"served": "24h"}, {}, "pass", "verified in staging since 2026-03-01T12:00:00Z, for 1d"),
        ({"served": "1d1s"}, {}, "inconclusive",
         "verified in staging since 2026-03-01T12:00:00Z, and has to serve there until "
         "2026-03-02T12:00:01Z"),
        ({"served": "6h"}, {"until": "2026-03-01T18:00:00Z"}, "pass",
         "it served in staging since 2026-03-01T12:00:00Z, until 2026-03-01T18:00:00Z"),
        ({"served": "7h"}, {"until": "2026-03-01T18:00:00Z"}, "inconclusive",
         "it served in staging since 2026-03-01T12:00:00Z, and only until 2026-03-01T18:00:00Z: "
         "7h are needed"),
        ({"requests": 1200}, {}, "pass",
         "the gates of its rollout counted 1200 requests in staging"),
        ({"requests": 1201}, {}, "inconclusive",
         "the gates of its rollout counted 1200 requests in staging, 1201 are needed"),
        ({"verdicts": "pass"}, {}, "pass", "of its verification: 3 pass"),
        ({"verdicts": "pass"}, {"verdicts": {}}, "inconclusive",
         "no gate was asked about it in staging: ledger/staging/fraud/000007.json adopts it"),
        ({"verdicts": "pass"}, {"verdicts": {"pass": 2, "error": 1}}, "inconclusive",
         "of its verification: 1 error"),
        ({"verdicts": "pass"}, {"verdicts": {"fail": 1}}, "fail", "of its verification: 1 fail"),
    ],
)  # fmt: skip
def test_each_field_is_judged(
    settings: dict[str, Json], changes: dict[str, Any], verdict: str, reason: str
) -> None:
    assert judged(settings, **changes) == (Verdict(verdict), reason)


def test_all_that_a_gate_asks_for_has_to_be_there() -> None:
    both = {"served": "1h", "requests": 5000}
    assert judged(both)[0] is Verdict.INCONCLUSIVE
    assert judged(both, requests=5000)[0] is Verdict.PASS


def test_a_version_that_was_rolled_back_fails_whatever_else_it_has() -> None:
    found = judged({"requests": 1}, rolled_back="was rolled back at 2026-03-02T08:00:00Z")
    assert found == (Verdict.FAIL, "in staging it was rolled back at 2026-03-02T08:00:00Z")


@pytest.mark.parametrize(
    "settings",
    [{}, {"served": "soon"}, {"served": 24}, {"requests": "many"}, {"verdicts": "fail"}],
)
def test_a_gate_that_cannot_be_judged_is_an_error(settings: dict[str, Json]) -> None:
    assert judged(settings)[0] is Verdict.ERROR


def test_an_answer_without_or_with_forged_facts_never_passes() -> None:
    assert judge(gate(served="1h"), Answer("ledger"), NOON, NOON)[0] is Verdict.ERROR
    assert judged({"served": "1h"}, since="yesterday")[0] is Verdict.ERROR
    assert judged({"served": "1h"}, since="2026-03-03T12:00:00Z")[0] is Verdict.INCONCLUSIVE


def test_the_verdict_follows_from_what_the_record_holds() -> None:
    question = Question(
        gate(served="24h"), "fraud-a", "a", "staging", {"identity": {"version": "7"}}, None,
        "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z",
    )  # fmt: skip
    evidence = judge_question(question, Answer("ledger of staging", served=SERVED))
    assert evidence.verdict is Verdict.PASS
    assert judge_again(evidence)[0] is Verdict.PASS
    later = replace(evidence.answer, served=replace(SERVED, since="2026-03-02T11:00:00Z"))
    assert judge_again(replace(evidence, answer=later))[0] is Verdict.INCONCLUSIVE
