"""What the ledger of one environment says of a version that another one asks about."""

from datetime import timedelta
from typing import Any

from lockstep.model.blocks import Block, Count
from lockstep.model.evidence import Answer, Evidence, Measurement, ServedBefore, Verdict
from lockstep.model.fleet import Family
from lockstep.model.times import format_time
from lockstep.rollout.served import served_before
from tests.unit.fleets import digest_of, family
from tests.unit.rollout.ledgers import (
    START,
    adopted,
    decide,
    proposed,
    rolled_back,
    stepped,
    verified,
)

HOUR = timedelta(hours=1)


def item(cluster: str, gate: dict[str, Any], answer: Answer) -> Evidence:
    at = format_time(START)
    return Evidence(gate, cluster, "2", "1", at, at, answer, Verdict.PASS, "as the test says")


def of(made: Family, version: str) -> ServedBefore:
    served = served_before(made, digest_of(version))
    assert served is not None
    return served


def blocks(*totals: int) -> Answer:
    made = [Block("a", "b", Count(0, total), Count(0, 1)) for total in totals]
    return Answer("errors", blocks=(*made, Block("b", "c", missing="not measured")))


def test_a_version_serves_since_its_verification() -> None:
    made = verified(proposed(adopted(family()), "2"), "2", START + HOUR)
    served = of(made, "2")
    assert (served.since, served.until) == (format_time(START + HOUR), None)
    assert served.record == made.records[-1].decision.path == "ledger/prod/fraud/000003.json"
    assert served.digest == made.records[-1].digest
    assert served_before(made, digest_of("3")) is None


def test_until_another_version_is_verified_in_its_place() -> None:
    made = verified(proposed(adopted(family()), "2"), "2", START + HOUR)
    made = verified(proposed(made, "3"), "3", START + 5 * HOUR)
    assert of(made, "2").until == format_time(START + 5 * HOUR)
    assert of(made, "2").rolled_back == ""


def test_a_rollback_brings_the_version_before_back_and_ends_the_other() -> None:
    made = verified(proposed(adopted(family()), "2"), "2", START + HOUR)
    made = verified(proposed(made, "3"), "3", START + 5 * HOUR)
    made = rolled_back(made, "3", START + 6 * HOUR)
    assert of(made, "3").rolled_back.startswith("was rolled back at 2026-03-01T14:00:00Z")
    again = of(made, "2")
    assert (again.since, again.until) == (format_time(START + 6 * HOUR), None)


def test_an_adoption_has_no_verdicts_and_no_requests() -> None:
    served = of(adopted(family()), "1")
    assert (served.verdicts, served.requests) == ({}, 0)


def test_requests_are_those_of_the_gate_that_has_counted_most_in_each_cluster() -> None:
    errors, slow = {"name": "errors", "source": "prometheus"}, {"name": "slow", "source": "mlflow"}
    live = {"name": "live", "source": "mlflow", "live": True}
    offline = {"name": "offline", "source": "mlflow"}
    made = stepped(proposed(adopted(family()), "2"), "2", {"a": 10})
    evidence = (
        item("fraud-a", errors, blocks(100, 200)),
        item("fraud-a", slow, blocks(100, 150)),
        item("fraud-b", live, Answer("auc", Measurement(0.9, 40))),
        item("fraud-b", offline, Answer("auc", Measurement(0.9, 7000))),
    )
    made = decide(made, made.records[-1].decision.action, made.records[-1].decision.to, "2",
                  now=START, evidence=evidence)  # fmt: skip
    last = verified(made, "2").records[-1].decision
    final = (
        item("fraud-a", errors, blocks(50)),
        item("fraud-b", live, Answer("auc", Measurement(0.9, 60))),
    )
    made = decide(made, last.action, last.to, "2", {**last.variants}, START, evidence=final,
                  verified_state=last.verified_state)  # fmt: skip
    assert of(made, "2").requests == 350 + 60
    assert of(made, "2").verdicts == {"pass": 2}
