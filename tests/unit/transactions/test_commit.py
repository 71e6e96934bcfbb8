"""What stops a commit: a rule that denies it, and a rule that could not be evaluated."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from lockstep.check.validation import Checked
from lockstep.model.errors import Denied, LockstepError
from lockstep.model.finding import Finding
from lockstep.model.fleet import Fleet
from lockstep.model.outcome import POLICY_ERROR
from lockstep.transactions.commit import FamilyChange, _raise_findings
from lockstep.transactions.state import FamilyState

STATE = cast(FamilyState, SimpleNamespace(invalid=(), family=SimpleNamespace(environment="prod")))
FAILED = Finding(
    "clusters/prod/fraud/a.yaml", 1, 1, POLICY_ERROR, "rule a was not evaluated", "fix the rule"
)
DENIED = Finding("clusters/prod/fraud/b.yaml", 1, 1, "policy.weights-sum", "99", "make it 100")


def stopped_by(*denied: Finding, rollback: bool) -> type[LockstepError]:
    checked = Checked(Fleet(), denied=denied)
    with pytest.raises(LockstepError) as raised:
        _raise_findings(STATE, FamilyChange({}, rollback_only=rollback), checked)
    return raised.type


def test_a_rollback_that_is_denied_does_not_go_on_because_another_rule_fails() -> None:
    assert stopped_by(FAILED, DENIED, rollback=True) is Denied


def test_a_rollback_may_go_on_without_a_rule_that_fails() -> None:
    assert stopped_by(FAILED, rollback=True) is LockstepError


def test_a_forward_move_stops_for_a_rule_that_fails_before_one_that_denies() -> None:
    assert stopped_by(FAILED, DENIED, rollback=False) is LockstepError


@pytest.mark.parametrize("rollback", [True, False])
@pytest.mark.parametrize("top", ["clusters", "ledger", "rendered"])
def test_what_another_environment_serves_stops_no_move(top: str, rollback: bool) -> None:
    elsewhere = replace(DENIED, file=f"{top}/production/fraud/b.yaml")
    checked = Checked(Fleet(), denied=(elsewhere,))
    _raise_findings(STATE, FamilyChange({}, rollback_only=rollback), checked)
    assert stopped_by(elsewhere, DENIED, rollback=rollback) is Denied
    assert stopped_by(replace(DENIED, file="policies/data/a.yaml"), rollback=rollback) is Denied
