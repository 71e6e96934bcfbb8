"""Gates of a promotion: of which clusters they are asked, and what the record of it has to hold."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import replace as evolve

from lockstep.gates.verdicts import judge_question
from lockstep.model.decision import Action, Decision, Phase, PromotedFrom
from lockstep.model.document import Json
from lockstep.model.evidence import Answer, Evidence, Question, Verdict
from lockstep.model.fleet import Family, Fleet
from lockstep.model.times import format_time
from lockstep.rollout.gate_questions import has_propose_gates, questions, questions_of_proposal
from lockstep.rollout.history import check_history
from lockstep.rollout.needs import unmet_needs
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.next_id import id_of_proposal
from lockstep.rollout.promotion_gates import (
    gates_not_passed,
    has_promote_gates,
    promote_gates,
    questions_of_promotion,
    why_not_askable,
)
from lockstep.rollout.replay import replay as replayed
from lockstep.rollout.served import served_before
from lockstep.rollout.transitions import Need
from lockstep.spec import variants as forms
from lockstep.spec.assemble import assemble
from tests.unit.fleets import digest_of, family, fleet, recorded, tree
from tests.unit.rollout.ledgers import (
    PROPOSED,
    SOMEBODY,
    START,
    adopted,
    in_phase,
    proposed,
    rolled_back,
    stepped,
    target_of,
    verified,
)

DAY = timedelta(days=1)
NOW = START + DAY
HERE = DecisionContext(NOW, SOMEBODY, "c" * 40)
SERVED: Json = {"name": "served", "source": "ledger", "when": "promote", "served": "12h"}
SMOKE: Json = {"name": "smoke", "source": "http-json", "when": "promote"}
ERRORS: Json = {"name": "errors", "source": "prometheus", "when": "promote",
                "measure": "error_ratio", "max": 0.01, "block": "10m"}  # fmt: skip
LOCK: Json = {"identity": {"version": "2", "digest": digest_of("2")}}


def staging() -> Family:
    """The predecessor's family, which has verified version 2 a day ago, in regions of its own."""
    files = {
        path.replace("/prod/", "/staging/"): data.replace(b"prod", b"staging").replace(
            b"fraud-", b"s-"
        )
        for path, data in tree().items()
        if not path.endswith("/c.yaml")
    }
    made = assemble(files)[0].environments["staging"].families["fraud"]
    return verified(stepped(proposed(adopted(made), "2"), "2", {"a": 10}), "2", START)


def prod(*gates: Json) -> Family:
    made = adopted(family())
    made.spec["gates"] += [dict(each) for each in (gates or (SERVED,))]
    return made


def answered(asked: list[Question], source: Family) -> tuple[Evidence, ...]:
    served = served_before(source, digest_of("2"))
    return tuple(judge_question(each, Answer("ledger of staging", served=served)) for each in asked)


def promoted(before: Family, source: Family, **changes: object) -> Decision:
    """The proposal of a promotion of version 2, which has another number here."""
    asked = questions_of_promotion(before, source, "2", LOCK, NOW)
    variants = {c.name: forms.proposed(c.variants, "3") for c in before.clusters}
    record = source.records[-1]
    details = {
        "evidence": answered(asked, source),
        "verdict": Verdict.PASS,
        "promote_gates": promote_gates(before, source),
        "promoted_from": PromotedFrom("staging", "2", record.decision.sequence, record.digest),
        **changes,
    }
    return next_decision(
        before, Action.PROPOSE, PROPOSED, target_of("3"), variants, "because", HERE, **details
    )  # fmt: skip


def found(made: Family) -> list[str]:
    return [finding.message for finding in replayed(made)]


def test_the_clusters_of_the_predecessor_are_asked_about_its_version() -> None:
    source, target = staging(), prod(SMOKE, SERVED)
    asked = questions_of_promotion(target, source, "2", LOCK, NOW)
    assert [(q.environment, q.cluster, q.gate["name"]) for q in asked] == [
        ("staging", "s-a", "smoke"), ("staging", "s-a", "served"), ("staging", "s-b", "smoke"),
    ], "a ledger is that of the family, and is asked once"  # fmt: skip
    assert all(q.candidate == LOCK and q.stable is None for q in asked)
    assert {(q.since, q.now) for q in asked} == {(format_time(START), format_time(NOW))}
    assert {q.decision for q in asked} == {id_of_proposal(target, target_of("2"))}
    assert promote_gates(target, source) == {"s-a": ["smoke", "served"], "s-b": ["smoke"]}


def test_blocks_are_counted_of_the_newest_time_only() -> None:
    source, target = staging(), prod(ERRORS)
    soon = questions_of_promotion(target, source, "2", LOCK, NOW)
    assert {q.since for q in soon} == {format_time(START)}, "a day has half of the blocks"
    late = questions_of_promotion(target, source, "2", LOCK, START + 30 * DAY)
    assert {q.since for q in late} == {format_time(START + 28 * DAY - timedelta(minutes=1))}


def test_a_gate_of_a_segment_is_asked_of_the_clusters_that_the_predecessor_has_of_it() -> None:
    source, target = staging(), prod({**SMOKE, "segment": "consumer"})
    assert questions_of_promotion(target, source, "2", LOCK, NOW) == []
    assert has_promote_gates(target) and gates_not_passed(target, ()) == ["smoke"]
    source.clusters[1].effective["spec"]["segment"] = {"name": "consumer", "regulated": False}
    assert promote_gates(target, source) == {"s-b": ["smoke"]}


def test_nothing_but_a_promotion_asks_them() -> None:
    target = prod()
    assert not has_propose_gates(target)
    assert questions_of_proposal(target, "2", LOCK, NOW) == []
    running = in_phase(Phase.PROPOSED)
    running.spec["gates"].append(dict(SERVED))
    assert questions(running, NOW) == []
    at = stepped(proposed(target, "2"), "2", {"a": 10})
    assert [q.gate["name"] for q in questions(at, NOW)] == ["fpr"]


def test_the_record_holds_what_had_to_pass_and_replays_alone() -> None:
    source, target = staging(), prod()
    made = promoted(target, source)
    assert made.plan["promoteGates"] == {"s-a": ["served"]}
    assert found(recorded(target, made)) == []
    assert unmet_needs(target, made) == []


def test_evidence_that_is_missing_is_found() -> None:
    source, target = staging(), prod()
    made = promoted(target, source)
    both = evolve(made, plan={**made.plan, "promoteGates": {"s-a": ["served"], "s-b": ["smoke"]}})
    assert found(recorded(target, both)) == [
        "propose needs these gates, which were not asked: smoke in s-b"
    ]
    forged = evolve(made, plan={**made.plan, "promoteGates": 7})
    assert len(found(recorded(target, forged))) == 1
    without = evolve(made, evidence=(), verdict=None)
    assert unmet_needs(target, without) == [Need.PROMOTE_GATES]


def test_evidence_about_another_version_or_record_is_found() -> None:
    source, target = staging(), prod()
    made = promoted(target, source)
    origin = made.promoted_from
    assert origin is not None
    other = evolve(made, promoted_from=evolve(origin, version="9"))
    assert found(recorded(target, other))[0].endswith("the evidence is about version 2")
    other = evolve(made, promoted_from=evolve(origin, record=digest_of("other")))
    assert "the evidence is about another record" in found(recorded(target, other))[0]
    plain = evolve(made, promoted_from=None)
    assert "names no version that is promoted" in found(recorded(target, plain))[0]


def test_a_verdict_that_does_not_follow_from_what_was_recorded_is_found() -> None:
    source, target = staging(), prod()
    made = promoted(target, source)
    early = [evolve(item, asked_at=format_time(START)) for item in made.evidence]
    texts = found(recorded(target, evolve(made, evidence=tuple(early))))
    assert any("recorded pass, recomputed inconclusive" in text for text in texts)
    later = [evolve(item, since=format_time(NOW + DAY)) for item in made.evidence]
    assert any(
        "which is after it" in t
        for t in found(recorded(target, evolve(made, evidence=tuple(later))))
    )


@pytest.mark.parametrize("weaker", [{"served": "1s"}, {"when": "step"}])
def test_a_pull_request_cannot_weaken_the_gates_of_its_own_promotion(weaker: Json) -> None:
    source, target = staging(), prod()
    weak = prod({**SERVED, **weaker})
    evidence = answered(questions_of_promotion(weak, source, "2", LOCK, NOW), source)
    made = recorded(weak, promoted(weak, source, evidence=evidence))
    assert "replay.gates" not in new_findings(made, weak)
    assert "replay.gates" in new_findings(made, target)


def test_a_rolled_back_version_never_passes() -> None:
    source = rolled_back(staging(), "2", NOW)
    served = served_before(source, digest_of("2"))
    assert served is not None and served.rolled_back
    (item,) = answered(questions_of_promotion(prod(), source, "2", LOCK, NOW), source)
    assert item.verdict is Verdict.FAIL


def new_findings(after: Family, before: Family) -> list[str]:
    """The rules of what is wrong with a change of one family."""
    home = fleet().environments["prod"]
    now, was = (Fleet({"prod": replace(home, families={"fraud": f})}) for f in (after, before))
    return [finding.rule for finding in check_history(now, was)]


def test_a_gate_that_could_never_be_asked_there_is_named() -> None:
    source = staging()
    for askable in (prod(SERVED, SMOKE), prod({**SMOKE, "when": "step", "segment": "vip"})):
        assert why_not_askable(askable, source, other_registry=True) is None
    vip = why_not_askable(prod(SERVED, {**SMOKE, "segment": "vip"}), source, other_registry=False)
    assert vip is not None and not vip.waits
    assert "no cluster of staging/fraud is of the segment vip, of which the gate smoke" in vip.text
    metric = {"name": "auc", "source": "mlflow", "when": "promote", "metric": "auc", "min": 0.9}
    assert why_not_askable(prod(metric), source, other_registry=False) is None
    elsewhere = why_not_askable(prod(metric), source, other_registry=True)
    assert elsewhere is not None and "the gate auc asks the registry of staging" in elsewhere.text
