"""What a dry run of ``propose`` found: all that a version lacks, and what later gates will read."""

from dataclasses import dataclass

from lockstep.model.decision import Decision
from lockstep.model.document import Json
from lockstep.model.evidence import Evidence, Verdict
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding


@dataclass(frozen=True)
class Lack:
    """One reason for which the version would not be proposed, and what to do about it.

    ``exit_code`` is the one that ``propose`` would end with, if it was the only reason. Where rules
    found it, ``findings`` are theirs.
    """

    reason: str
    fix: str
    exit_code: ExitCode
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> Json:
        """Its fields, without the findings."""
        return {"reason": self.reason, "fix": self.fix, "exitCode": int(self.exit_code)}


@dataclass(frozen=True)
class LaterGate:
    """What a gate of the steps says already now, of one cluster.

    ``wave`` is the number, from 1 on, of the wave in which it is asked first. ``log`` is what it
    will read, and empty where it has that and passes.
    """

    wave: int
    region: str
    evidence: Evidence
    log: str

    @property
    def fails(self) -> bool:
        """Whether it has what it reads, and that would roll the version back."""
        return self.evidence.verdict is Verdict.FAIL

    def to_json(self) -> Json:
        """Its fields."""
        return {
            "wave": self.wave, "region": self.region, "log": self.log,
            "evidence": self.evidence.to_json(),
        }  # fmt: skip


@dataclass(frozen=True)
class DryProposal:
    """What ``propose`` would do with a version now; nothing was written, committed or pushed.

    ``decision`` is the one that would be recorded, and ``branch`` where, if nothing is missing.
    ``evidence`` is that of the gates that a proposal has to pass, ``later`` that of those of the
    steps that read the registry. ``unchecked`` says what could not be found out, and why.
    ``chosen`` says why it is this version, where none was named.
    """

    family: str
    version: str
    missing: tuple[Lack, ...]
    evidence: tuple[Evidence, ...]
    later: tuple[LaterGate, ...]
    unchecked: tuple[str, ...]
    decision: Decision | None = None
    branch: str = ""
    chosen: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """That of ``propose``, which ends with the first thing that is missing."""
        return self.missing[0].exit_code if self.missing else ExitCode.CLEAN

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What rules and schemas find wrong with the result."""
        return tuple(finding for each in self.missing for finding in each.findings)
