"""The state of a family as values: what serves, how far a rollout is, what it waits for."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lockstep.model.decision import Action, Phase, Position
from lockstep.model.evidence import Verdict
from lockstep.model.finding import Finding
from lockstep.model.fleet import Family, Fleet
from lockstep.model.ledger import LedgerFile
from lockstep.model.status import FamilyStatus, RolloutState, WaitKind
from lockstep.rollout.next_id import id_of_next_move
from lockstep.rollout.status import family_status, unreadable_status
from tests.unit.fleets import digest_of, fleet, tree
from tests.unit.rollout.ledgers import START, decide, in_phase, rolled_back, stepped, with_variants
from tests.unit.rollout.live_answers import asked, with_live_gate

HOUR = timedelta(hours=1)


def with_gates(made: Family, *gates: dict[str, Any]) -> Family:
    value = {**made.document.value, "spec": {**made.spec, "gates": list(gates)}}
    return replace(made, document=replace(made.document, value=value))


def status(
    made: Family, now: datetime = START, *found: Finding, freezes: str = "", of: Fleet | None = None
) -> FamilyStatus:
    files = tree()
    path = "clusters/prod/environment.yaml"
    files[path] = files[path].replace(b"regions: []", f"regions: [], freezes: [{freezes}]".encode())
    around = of or fleet(files)
    home = around.environments["prod"]
    around = Fleet({"prod": replace(home, families={made.name: made})})
    return family_status(around, made, now, found)


def kinds(made: FamilyStatus) -> list[WaitKind]:
    return [each.kind for each in made.waits_for]


@pytest.mark.parametrize(
    ("phase", "state", "waits"),
    [
        (Phase.NEW, RolloutState.NEW, [WaitKind.ADOPTION]),
        (Phase.STEADY, RolloutState.STEADY, []),
        (Phase.PROPOSED, RolloutState.PROPOSED, [WaitKind.DECISION]),
        (Phase.ROLLING, RolloutState.ROLLING, [WaitKind.BAKE, WaitKind.GATES, WaitKind.DECISION]),
        (Phase.HELD, RolloutState.HELD, [WaitKind.RESUME]),
        (Phase.SHIFTED, RolloutState.SHIFTED, [WaitKind.DECISION]),
    ],
)
def test_each_phase_is_a_state_that_waits_for_something(
    phase: Phase, state: RolloutState, waits: list[WaitKind]
) -> None:
    made = status(in_phase(phase))
    assert (made.state, kinds(made)) == (state, waits)


def test_a_step_says_where_it_is_until_when_it_bakes_and_what_follows() -> None:
    made = status(in_phase(Phase.ROLLING))
    at = made.rollout
    assert at is not None and at.next is not None
    assert (at.version, at.wave, at.waves, at.step, at.steps) == ("2", 1, 2, 1, 2)
    assert (at.weight, at.regions, at.began) == (10, ("a",), "2026-03-01T08:00:00Z")
    assert made.waits_for[0].until == "2026-03-01T09:00:00Z"
    assert (at.next.wave, at.next.step, at.next.weight, at.next.at) == (
        1, 2, 100, "2026-03-01T09:00:00Z",
    )  # fmt: skip
    assert at.verified_at == "2026-03-01T14:00:00Z"
    # Patience (4h) counts from the end of the bake.
    assert at.overdue_at == "2026-03-01T13:00:00Z"


def test_a_step_that_has_baked_waits_for_its_gates_alone() -> None:
    made = status(in_phase(Phase.ROLLING), START + 9 * HOUR)
    assert kinds(made) == [WaitKind.GATES, WaitKind.DECISION]
    assert (made.waits_for[0].names, made.waits_for[0].clusters) == (("fpr",), ("fraud-a",))


def test_where_argo_cd_says_what_is_live_the_bake_has_a_length_and_no_end() -> None:
    made = status(with_live_gate(in_phase(Phase.ROLLING)), START + 9 * HOUR)
    live, bake, *_ = made.waits_for
    assert (live.kind, live.names, live.clusters) == (WaitKind.LIVE, ("live",), ("fraud-a",))
    assert (bake.kind, bake.until, bake.seconds) == (WaitKind.BAKE, None, 3600)
    shifted = status(with_live_gate(in_phase(Phase.SHIFTED)))
    assert kinds(shifted) == [WaitKind.LIVE, WaitKind.DECISION]


def test_a_freeze_is_waited_for_and_is_shown_where_nothing_rolls_out() -> None:
    freeze = "{name: sales, reason: 'no risk now', from: '2026-03-01T07:00:00Z', "
    freeze += "until: '2026-03-02T07:00:00Z'}"
    made = status(in_phase(Phase.ROLLING), freezes=freeze)
    waited = next(each for each in made.waits_for if each.kind is WaitKind.FREEZE)
    assert (waited.names, waited.until, waited.reason) == (
        ("sales",), "2026-03-02T07:00:00Z", "no risk now",
    )  # fmt: skip
    assert made.rollout and made.rollout.next and made.rollout.next.at == "2026-03-02T07:00:00Z"
    steady = status(in_phase(Phase.STEADY), freezes=freeze)
    assert [each.name for each in steady.freezes] == ["sales"] and not steady.waits_for


def test_an_approval_names_the_decision_that_people_sign() -> None:
    made = with_gates(
        in_phase(Phase.ROLLING),
        {"name": "managers", "source": "approval", "role": "release-managers", "count": 2},
    )
    (waited,) = (w for w in status(made).waits_for if w.kind is WaitKind.APPROVAL)
    assert (waited.names, waited.role, waited.count) == (("managers",), "release-managers", 2)
    assert waited.decision == id_of_next_move(made) != ""


def test_regions_have_their_weights_as_numbers_and_arms_are_marked() -> None:
    made = status(in_phase(Phase.ROLLING))
    serving = {
        each.region: [(v.name, v.version, v.weight) for v in each.serving] for each in made.regions
    }
    assert serving == {
        "a": [("stable", "1", 90), ("candidate", "2", 10)],
        "b": [("stable", "1", 100)], "c": [("stable", "1", 100)],
    }  # fmt: skip
    assert (made.skew.versions, made.skew.since) == (("1", "2"), "2026-03-01T08:00:00Z")
    assert made.skew.allowed_until == "2026-03-02T08:00:00Z" and not made.skew.breached
    assert status(in_phase(Phase.ROLLING), START + 25 * HOUR).skew.breached
    arms = with_variants(
        in_phase(Phase.NEW),
        {"name": "stable", "version": "1", "weight": 80},
        {"name": "b", "version": "2", "weight": 20, "experiment": True},
    )
    assert [v.experiment for v in status(arms).regions[0].variants] == [False, True]
    assert status(arms).skew.versions == ("1",)


def test_verdicts_are_those_of_the_newest_decision_with_evidence() -> None:
    rolling = in_phase(Phase.ROLLING)
    now = START + 2 * HOUR
    evidence = tuple(asked(rolling, now, {}))
    variants = {c.name: c.variants for c in rolling.clusters}
    made = decide(rolling, Action.ADVANCE, Position(Phase.ROLLING, 0, 1), "2", variants, now,
                  evidence=evidence, verdict=Verdict.PASS)  # fmt: skip
    made = decide(made, Action.HOLD, Position(Phase.HELD, 0, 1), "2", now=now + HOUR)
    shown = status(made, now + 2 * HOUR)
    assert shown.judged and shown.judged.action is Action.ADVANCE and shown.judged.sequence == 4
    (verdict,) = shown.verdicts
    assert (verdict.gate, verdict.cluster, verdict.verdict) == ("fpr", "fraud-a", Verdict.PASS)
    assert verdict.asked_at == "2026-03-01T10:00:00Z"
    assert shown.last and shown.last.action is Action.HOLD and shown.last.reason == "because"


def test_verdicts_of_an_earlier_version_are_not_shown() -> None:
    rolling = in_phase(Phase.ROLLING)
    evidence = tuple(asked(rolling, START, {}, value=0.5))
    failed = rolled_back(rolling, "2")
    variants = {c.name: c.variants for c in failed.clusters}
    failed = decide(failed, Action.RESTORE, Position(Phase.STEADY), "2", variants,
                    evidence=evidence, verdict=Verdict.FAIL)  # fmt: skip
    assert status(failed).verdicts
    again = decide(failed, Action.PROPOSE, Position(Phase.PROPOSED), "3", variants)
    assert status(again).verdicts == () and status(again).judged is None
    # A rollback by hand of the stable version says nothing about the one before it.
    by_hand = decide(failed, Action.RESTORE, Position(Phase.STEADY), "1", variants)
    assert status(by_hand).verdicts == ()
    # A release is about another version, and hides nothing.
    released = decide(failed, Action.RELEASE, Position(Phase.STEADY), "9", variants)
    assert status(released).verdicts


def test_a_version_that_was_rolled_back_is_in_quarantine() -> None:
    made = status(rolled_back(in_phase(Phase.ROLLING), "2"))
    (entry,) = made.quarantine
    assert (entry.version, entry.digest, entry.since, entry.reason) == (
        "2", digest_of("2"), "2026-03-01T08:00:00Z", "because",
    )  # fmt: skip
    assert made.state is RolloutState.STEADY and made.last and made.last.action is Action.RESTORE


def test_a_broken_record_is_named_and_hides_step_and_bake() -> None:
    rolling = in_phase(Phase.ROLLING)
    file = LedgerFile("ledger/prod/fraud/000003.json", 3, "sha256:x", problem="it cannot be read")
    made = status(replace(rolling, records=rolling.records[:2], broken=(file,)))
    assert made.state is RolloutState.BROKEN and made.rollout is None
    assert kinds(made) == [WaitKind.SETTLE]
    assert (made.problems[0].file, made.problems[0].message) == (file.path, "it cannot be read")
    assert len(made.regions) == 3


def test_specs_that_people_edited_have_diverged_and_the_place_is_named() -> None:
    edited = with_variants(
        in_phase(Phase.STEADY), {"name": "stable", "version": "2", "weight": 100}
    )
    made = status(edited)
    assert made.state is RolloutState.DIVERGED and made.rollout is None
    assert made.problems[0].file == "clusters/prod/fraud/a.yaml"
    assert made.problems[0].line == 7
    assert "stable 2@100, the record says stable 1@100" in made.problems[0].message


def test_a_malformed_file_is_named() -> None:
    found = Finding("clusters/prod/fraud/b.yaml", 3, 1, "yaml.syntax", "no value", "write it")
    made = status(in_phase(Phase.ROLLING), START, found)
    assert made.state is RolloutState.MALFORMED and kinds(made) == [WaitKind.SETTLE]
    assert made.problems[0].message == "no value"
    nothing = unreadable_status(in_phase(Phase.NEW), [found])
    assert nothing.state is RolloutState.MALFORMED and nothing.owner == "risk-ml@example.com"


def test_a_plan_that_people_changed_needs_people_before_anything_moves() -> None:
    made = in_phase(Phase.ROLLING)
    shorter = {**made.spec["rollout"], "steps": [{"weight": 100, "bake": "1h"}]}
    value = {**made.document.value, "spec": {**made.spec, "rollout": shorter}}
    changed = replace(made, document=replace(made.document, value=value))
    (waited,) = status(changed).waits_for
    assert waited.kind is WaitKind.SETTLE and "spec.rollout" in waited.reason
    later = decide(made, Action.ADVANCE, Position(Phase.ROLLING, 0, 1), "2")
    gone = replace(later, document=replace(made.document, value=value))
    assert status(gone).rollout is not None  # and no index out of the plan


def test_a_candidate_without_its_lock_is_named() -> None:
    made = in_phase(Phase.ROLLING)
    locks = {version: lock for version, lock in made.locks.items() if version != "2"}
    (waited,) = status(replace(made, locks=locks)).waits_for
    assert waited.kind is WaitKind.SETTLE and "locks/2.yaml" in waited.reason


def test_json_has_values_and_no_display_text() -> None:
    data = status(stepped(in_phase(Phase.PROPOSED), "2", {"a": 10})).to_json()
    assert data["state"] == "rolling" and data["rollout"]["verifiedAt"] == "2026-03-01T14:00:00Z"
    assert data["regions"][0]["variants"][1] == {
        "name": "candidate", "version": "2", "weight": 10, "warm": False, "experiment": False,
    }  # fmt: skip
    assert data["waitsFor"][0]["kind"] == "bake" and data["last"]["action"] == "advance"
