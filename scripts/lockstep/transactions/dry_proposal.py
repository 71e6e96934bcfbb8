"""A dry run of ``propose``: its plan, whose refusals are collected, and what later gates read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lockstep.gate_sources.mlflow.advice import what_to_log
from lockstep.model.document import value_at
from lockstep.model.dry_proposal import DryProposal, Lack, LaterGate
from lockstep.model.errors import LockstepError
from lockstep.model.evidence import Evidence, Question, Verdict
from lockstep.model.finding import Finding
from lockstep.model.one_cause import by_cause
from lockstep.model.outcome import exit_code_of
from lockstep.model.paths import record_path
from lockstep.report.counting import count
from lockstep.rollout.chain import chain_end
from lockstep.rollout.gate_questions import questions_of_proposal, questions_of_steps
from lockstep.transactions.gates import ask_gates
from lockstep.transactions.propose import (
    GatesNotPassed,
    ProposalPlan,
    ProposalRequest,
    branch_of,
    plan_proposal,
)
from lockstep.transactions.run import Run

_REGISTRY = "mlflow"
"""The source of gates whose evidence a training pipeline logs."""


def rehearse(run: Run, request: ProposalRequest) -> DryProposal:
    """What ``propose`` would do, and everything that it would refuse the version for.

    What it would commit is written to a store of objects that is gone afterwards. Raises what
    leaves nothing to find out: a family that cannot be read, or is not there.
    """
    refused: list[LockstepError] = []

    @contextmanager
    def collecting() -> Iterator[None]:
        try:
            yield
        except LockstepError as error:
            refused.append(error)

    with run.git.storing() as git:
        plan = plan_proposal(run, git, request, collecting)
        later = _later_gates(run, plan)
    made = plan.decisions[0] if plan.decisions and not refused else None
    return DryProposal(
        family=plan.state.title,
        version=plan.chosen.version if plan.chosen else request.version or "",
        missing=tuple(_missing(run, plan, refused)),
        evidence=plan.evidence,
        later=later,
        unchecked=tuple(_unchecked(plan, refused)),
        decision=made,
        branch=(run.options.branch or branch_of(made)) if made else "",
        chosen=plan.chosen.why if plan.chosen else "",
    )


def _missing(run: Run, plan: ProposalPlan, refused: Sequence[LockstepError]) -> Iterator[Lack]:
    """What each error says is missing, in the order in which a proposal would end with them."""
    gates = any(isinstance(error, GatesNotPassed) for error in refused)
    for error in refused:
        if isinstance(error, GatesNotPassed):
            yield from _gates(run, plan, error)
        elif error.findings:
            # The record that was made in spite of its gates: what they say is shown already.
            own = record_path(*_place(plan), chain_end(plan.state.family)[0]) if gates else ""
            yield from _found(error, tuple(f for f in error.findings if f.file != own))
        else:
            yield Lack(error.located(), error.fix, error.exit_code)


def _place(plan: ProposalPlan) -> tuple[str, str]:
    return plan.state.family.environment, plan.state.family.name


def _found(error: LockstepError, findings: tuple[Finding, ...]) -> Iterator[Lack]:
    """What a check of the result has found, as one thing with all of its findings."""
    if findings:
        whole = findings == error.findings
        code = error.exit_code if whole else exit_code_of(findings)
        yield Lack(f"a check of the result fails: {count(len(findings), 'finding')}",
                      error.fix, code, by_cause(findings))  # fmt: skip


def _gates(run: Run, plan: ProposalPlan, error: GatesNotPassed) -> Iterator[Lack]:
    """Each gate of the proposal that has not passed, and what to log."""
    version = plan.chosen.version if plan.chosen else ""
    asked = questions_of_proposal(plan.state.family, version, plan.lock["spec"], run.options.now)
    for question, item in zip(asked, plan.evidence, strict=True):
        if item.verdict is not Verdict.PASS:
            gate = f"gate {item.gate.get('name')} in {item.cluster}"
            reason = f"{gate}: {item.verdict.value}: {item.reason}"
            yield Lack(reason, _remedy(question, item) or error.fix, error.exit_code)
    if not asked:  # those of a segment that no cluster has
        yield Lack(error.located(), error.fix, error.exit_code)


def _later_gates(run: Run, plan: ProposalPlan) -> tuple[LaterGate, ...]:
    """What the gates of the steps that read the registry say of the version now."""
    family = plan.state.family
    if plan.chosen is None or plan.lock is None:
        return ()
    version, lock = plan.chosen.version, plan.lock["spec"]
    asked = [
        question
        for question in questions_of_steps(family, version, lock, run.options.now)
        if question.gate.get("source") == _REGISTRY
    ]
    evidence = ask_gates(run.git, run.options, plan.state, asked)
    waves = value_at(family.spec, ("rollout", "waves"), [])
    number = {region: at for at, wave in enumerate(waves, start=1) for region in wave}
    found = (
        LaterGate(number.get(question.region, 0), question.region, item, _remedy(question, item))
        for question, item in zip(asked, evidence, strict=True)
    )
    return tuple(sorted(found, key=lambda each: each.wave))


def _remedy(question: Question, item: Evidence) -> str:
    """What to log, where that is what a gate waits for; empty otherwise."""
    waits = item.verdict is Verdict.INCONCLUSIVE and question.gate.get("source") == _REGISTRY
    return what_to_log(question) if waits else ""


def _unchecked(plan: ProposalPlan, refused: list[LockstepError]) -> Iterator[str]:
    """What could not be found out because of what is missing."""
    if plan.lock is None:
        yield "rules and gates: there is no version to ask about"
    elif not plan.decisions and refused and not any(error.findings for error in refused):
        yield (
            "the rules: they judge what a merge would lead to, which there is none of until the "
            "above is done"
        )
