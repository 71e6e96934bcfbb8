"""A dry run of a proposal as text and as data: everything that is missing, each with what to do."""

import json

from lockstep.model.decision import Phase
from lockstep.model.dry_proposal import DryProposal, Lack, LaterGate
from lockstep.model.evidence import Answer, Evidence, Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding
from lockstep.model.result import OnBranch
from lockstep.report.dry_proposal import format_dry_proposal
from lockstep.report.envelope import validator
from lockstep.report.quiet import format_quiet
from lockstep.report.result_data import to_envelope
from tests.unit.rollout.ledgers import in_phase

TITLE = "prod/scoring"
QUARANTINED = Lack("version 9 is in quarantine", "propose another version", ExitCode.DENIED)
RULES = Lack(
    "a check of the result fails: 1 finding", "fix the findings above", ExitCode.DENIED,
    (Finding("clusters/prod/scoring/family.yaml", 3, 5, "policy.model-card", "no card", "log it"),),
)  # fmt: skip


def evidence(verdict: Verdict, reason: str) -> Evidence:
    gate = {"name": "offline", "source": "mlflow", "metric": "auc", "min": 0.9}
    at = "2026-06-01T08:00:00Z"
    return Evidence(gate, "scoring-eu-west-1", "9", "8", at, at, Answer("auc"), verdict, reason)


LATER = (
    LaterGate(1, "eu-west-1", evidence(Verdict.INCONCLUSIVE, "no measurement"), "log auc"),
    LaterGate(2, "us-east-1", evidence(Verdict.FAIL, "0.5, must be at least 0.9"), ""),
)


def lines(result: DryProposal) -> list[str]:
    return format_dry_proposal(result).splitlines()


def data(result: DryProposal) -> dict[str, object]:
    """The one item of the report, which fits its schema."""
    report = json.loads(to_envelope(OnBranch("main", (result,)), "propose").format())
    validator("propose").validate(report)
    assert report["exitCode"] == int(result.exit_code)
    item: dict[str, object] = report["items"][0]
    return item


def test_all_that_is_missing_is_numbered_and_the_first_gives_the_exit_code() -> None:
    result = DryProposal(TITLE, "9", (QUARANTINED, RULES), (), (), ("the rules: not yet",))
    said = lines(result)
    assert said[0] == f"{TITLE}: DRY RUN: version 9 would not be proposed: 2 things are in its way"
    assert "  1. version 9 is in quarantine (exit code 11)" in said
    assert "     fix: propose another version" in said
    assert any(line.startswith("  2. a check of the result fails") for line in said)
    assert any("no card" in line for line in said)
    assert "  not checked: the rules: not yet" in said
    assert result.exit_code is ExitCode.DENIED
    assert [each["reason"] for each in data(result)["missing"]] == [  # type: ignore[attr-defined]
        QUARANTINED.reason, RULES.reason,
    ]  # fmt: skip


def test_a_version_that_would_be_proposed_names_its_branch_and_what_passed() -> None:
    made = in_phase(Phase.PROPOSED).records[-1].decision
    passed = evidence(Verdict.PASS, "0.95, must be at least 0.9")
    result = DryProposal(TITLE, "9", (), (passed,), (), (), made, "lockstep/prod/scoring/9-abc")
    said = lines(result)
    assert said[0] == f"{TITLE}: DRY RUN: version 9 would be proposed"
    assert "  on branch lockstep/prod/scoring/9-abc" in said
    assert any("0.95" in line for line in said)
    assert data(result)["branch"] == "lockstep/prod/scoring/9-abc"


def test_later_gates_say_what_to_log_and_do_not_change_the_exit_code() -> None:
    result = DryProposal(TITLE, "9", (), (), LATER, ())
    said = "\n".join(lines(result))
    assert "wave 1, eu-west-1: inconclusive" in said and "to do: log auc" in said
    assert "as it is, the version would not get past this gate" in said
    assert result.exit_code is ExitCode.CLEAN


def test_quiet_still_says_what_is_missing_and_nothing_else() -> None:
    refused = DryProposal(TITLE, "9", (QUARANTINED,), (), (), ())
    assert "in quarantine" in format_quiet(OnBranch("main", (refused,)))
    assert not format_quiet(OnBranch("main", (DryProposal(TITLE, "9", (), (), LATER, ()),)))
