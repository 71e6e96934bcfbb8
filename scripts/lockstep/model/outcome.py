"""The result of a check: everything that a report needs, whatever its format."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from lockstep.model.document import Json
from lockstep.model.errors import LockstepError
from lockstep.model.exit_codes import ExitCode
from lockstep.model.finding import Finding, arrange
from lockstep.model.one_cause import by_cause

SCHEMA_VERSION: Literal[1] = 1
"""That of the JSON of all verbs: raised when a field changes its meaning or is removed.

New fields do not raise it."""

POLICY = "policy."
"""The rule id of what a policy finds is this and the rule's name."""

POLICY_ERROR = POLICY + "error"
"""The rule id of a finding that says: this spec could not be evaluated. Never a pass."""

_RUN_INVALID = "run.invalid"
RUN_FAILED = {
    ExitCode.COULD_NOT_RUN: "run.could-not-run",
    ExitCode.USAGE: "run.usage",
    ExitCode.NOTHING_TO_CHECK: "run.nothing-to-check",
}
"""The rule ids that say: nothing was checked. See failed_run."""

UNEVALUATED = {POLICY_ERROR: ExitCode.COULD_NOT_RUN} | {r: code for code, r in RUN_FAILED.items()}
"""The rule ids that say: something was not checked; the exit code of each."""

# Nine digits at most: Python refuses to read very long numbers.
_PLACE = re.compile(r"([^\s:]+\.[a-z0-9]+)(?::(\d{1,9}))?(?::(\d{1,9}))?")
_EVERYWHERE = "clusters"
"""The file of a finding that is about a whole run: every report format needs one."""

SHIPPED = "lockstep:"
"""What reports put before the path of a file that ships with the program."""

UNUSED_WAIVER = "waiver.unused"
"""The rule id of a waiver that waives nothing; it counts only where all shards report it."""

SHARD = "shard"
"""In the summary of an outcome about a part of a fleet: which part, such as ``2/4``."""

CLUSTERS = "clusters"
"""In a summary: how many clusters were checked."""

OF = "of"
"""In the summary of an outcome about a part of a fleet: how many clusters the whole fleet has."""

BASE = "base"
"""In such a summary, too: what the others are as on, such as ``main``.

It may be any name that git allows, so reports escape it."""

CONTENT = "content"
"""In such a summary, too: the digest of the checked files and of the base, equal in all shards."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a report says about a rule: its id in findings, a title, a description, its category."""

    id: str
    title: str
    description: str
    category: str = ""


@dataclass(frozen=True)
class Outcome:
    """The findings of one check in report order, and what they are shown with.

    ``summary`` has counts of what was checked, such as ``{"clusters": 3}``, and where that is only
    a part of the fleet, which part (see SHARD, OF and BASE). ``excerpts`` are the source lines of
    the findings, by file and line. ``rules`` are the evaluated policy rules.
    """

    findings: tuple[Finding, ...]
    summary: Mapping[str, object] = field(default_factory=dict)
    excerpts: Mapping[tuple[str, int], str] = field(default_factory=dict)
    rules: tuple[RuleText, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """See exit_code_of."""
        return exit_code_of(self.findings)

    def naming_shipped(self, paths: Collection[str]) -> "Outcome":
        """The same, with these files named as those of the program: ``lockstep:<path>``."""
        if not paths:
            return self

        def named(file: str) -> str:
            return SHIPPED + file if file in paths else file

        findings = (
            replace(f, file=named(f.file),
                    related=tuple(replace(r, file=named(r.file)) for r in f.related))
            for f in self.findings
        )  # fmt: skip
        excerpts = {(named(file), line): text for (file, line), text in self.excerpts.items()}
        return replace(self, findings=arrange(findings), excerpts=excerpts)

    @property
    def has_checked(self) -> bool:
        """False where an error ended the run before anything was checked (see failed_run)."""
        never = {*RUN_FAILED.values(), _RUN_INVALID}
        return not any(finding.rule in never for finding in self.findings)

    def to_json(self) -> Json:
        """Plain JSON data, to be kept and read back by from_json."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "summary": dict(self.summary),
            "excerpts": [[file, line, text] for (file, line), text in self.excerpts.items()],
            "rules": [[r.id, r.title, r.description, r.category] for r in self.rules],
        }

    @classmethod
    def from_json(cls, data: Json) -> "Outcome":
        """The inverse of to_json. Raises KeyError, TypeError or ValueError on another shape."""
        return cls(
            tuple(map(Finding.from_json, data["findings"])),
            dict(data["summary"]),
            {(file, line): text for file, line, text in data["excerpts"]},
            tuple(RuleText(*rule) for rule in data["rules"]),
        )


def exit_code_of(findings: Iterable[Finding]) -> ExitCode:
    """The exit code for findings: what was not checked counts most, then what is malformed.

    1 where a spec could not be evaluated, 10 where one is malformed, 11 where policy denies;
    1, 2 or 3 where the run itself has failed (see failed_run).
    """
    # By the rule ids alone, so that a report that is read back has the exit code of its run.
    stopping = {finding.rule for finding in findings if finding.stops}
    if unevaluated := UNEVALUATED.keys() & stopping:
        # The lowest code is the most serious of them: could not run, usage, nothing to check.
        return min(UNEVALUATED[rule] for rule in unevaluated)
    if any(not rule.startswith(POLICY) for rule in stopping):
        return ExitCode.INVALID
    return ExitCode.DENIED if stopping else ExitCode.CLEAN


def failed_run(error: LockstepError, summary: Mapping[str, object]) -> Outcome:
    """The outcome of a run that an error ended: one finding, with the error's exit code."""
    rule = RUN_FAILED.get(error.exit_code, _RUN_INVALID)
    # An error may have several lines, the message of a finding one.
    message = "; ".join(line.strip() for line in error.message.splitlines())
    place = _PLACE.fullmatch(error.where)
    # A server, a command or a path outside of the repository cannot be annotated by a forge.
    if place is None or place[1].startswith("/"):
        message = f"{error.where}: {message}" if error.where else message
        return Outcome((Finding(_EVERYWHERE, 1, 1, rule, message, error.fix),), summary)
    # At least 1: an error can name line 0, and findings count from 1.
    line, column = (max(int(number or 1), 1) for number in place.group(2, 3))
    return Outcome((Finding(place[1], line, column, rule, message, error.fix),), summary)


def merge_outcomes(outcomes: Iterable[Outcome]) -> Outcome:
    """Several outcomes about parts of one fleet as one; counts of the same name are added.

    Where any is about what a change touches only, so is the whole.
    """
    parts = tuple(outcomes)
    summary: dict[str, object] = {}
    for part in parts:
        for name, value in part.summary.items():
            if name in (OF, BASE):
                continue
            # Only counts add up: text, such as the digest of a shard, is that of the last part.
            known = summary.get(name, 0)
            both = isinstance(value, int) and isinstance(known, int)
            summary[name] = known + value if both else value  # type: ignore[operator]
    summary |= _scope_of(parts)
    excerpts = {place: text for part in parts for place, text in part.excerpts.items()}
    rules = {rule.id: rule for part in parts for rule in part.rules}
    found = by_cause(arrange(finding for part in parts for finding in part.findings))
    idle = [set(part.findings) for part in parts if SHARD in part.summary]
    found = tuple(finding for finding in found if _agreed(finding, idle))
    return Outcome(found, summary, excerpts, tuple(rules[name] for name in sorted(rules)))


def _scope_of(parts: Sequence[Outcome]) -> dict[str, object]:
    """OF and BASE of the whole; empty where all parts are about all clusters."""
    partial = [part.summary for part in parts if OF in part.summary]
    if not partial:
        return {}
    if any(SHARD in part.summary for part in parts):
        of = partial[0][OF]  # each shard has the size of the one fleet
    else:  # of several fleets: of one that was checked as a whole, its clusters are all
        sizes = (part.summary.get(OF, part.summary.get(CLUSTERS)) for part in parts)
        of = sum(size for size in sizes if isinstance(size, int))
    bases = {str(summary.get(BASE, "")) for summary in partial}
    # Without a base, reports say that the others were not checked. That is so where a run failed.
    if len(bases) > 1 or "" in bases or not all(part.has_checked for part in parts):
        return {OF: of}
    return {OF: of, BASE: bases.pop()}


def _agreed(finding: Finding, of_shards: Iterable[Collection[Finding]]) -> bool:
    """Whether a finding holds for the whole: a waiver may be used in another shard."""
    return finding.rule != UNUSED_WAIVER or all(finding in each for each in of_shards)
