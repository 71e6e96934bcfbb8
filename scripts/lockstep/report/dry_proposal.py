"""What a dry run of ``propose`` found, as text for people: everything that is missing, at once."""

from collections.abc import Iterator

from lockstep.model.dry_proposal import DryProposal, Lack, LaterGate
from lockstep.model.evidence import Verdict
from lockstep.model.outcome import Outcome
from lockstep.report.counting import count
from lockstep.report.history import describe_evidence
from lockstep.report.text import format_findings
from lockstep.report.wrapping import wrapped
from lockstep.text.sanitise import one_line


def format_dry_proposal(result: DryProposal) -> str:
    """Whether the version would be proposed, what it lacks, and what later gates will read."""
    return "\n".join(_lines(result))


def _lines(result: DryProposal) -> Iterator[str]:
    what = f"version {result.version} would" if result.version else "no version would"
    verdict = f"not be proposed: {_count(result)}" if result.missing else "be proposed"
    yield one_line(f"{result.family}: DRY RUN: {what} {verdict}")
    yield "  nothing was written, committed or pushed"
    if result.chosen:
        yield one_line(f"  chosen: {result.chosen}")
    for number, each in enumerate(result.missing, start=1):
        yield from _missing(number, each)
    yield from (wrapped(each, "  not checked: ", "    ") for each in result.unchecked)
    yield from _passed(result)
    if result.decision:
        yield one_line(f"  as candidate with weight 0 in {', '.join(result.decision.variants)}")
        yield one_line(f"  on branch {result.branch}")
    yield from _later(result.later)


def _count(result: DryProposal) -> str:
    things = count(len(result.missing), "thing")
    return f"{things} {'is' if len(result.missing) == 1 else 'are'} in its way"


def _missing(number: int, missing: Lack) -> Iterator[str]:
    label = f"  {number}. "
    yield wrapped(f"{missing.reason} (exit code {int(missing.exit_code)})", label, "     ")
    if missing.findings:
        found = format_findings(Outcome(missing.findings))
        yield from (f"     {line}" for line in found.splitlines())
    elif missing.fix:
        yield wrapped(missing.fix, "     fix: ", "       ")


def _passed(result: DryProposal) -> Iterator[str]:
    passed = [item for item in result.evidence if item.verdict is Verdict.PASS]
    if passed:
        yield "  gates of the proposal that pass"
    yield from (one_line(f"    {describe_evidence(item)}") for item in passed)


def _later(later: tuple[LaterGate, ...]) -> Iterator[str]:
    """What the gates of the steps say now, none of which keeps the version from being proposed."""
    if later:
        yield "  later, at the steps of each wave, these gates will be asked; now they say"
    for each in later:
        where = f"wave {each.wave}, {each.region}"
        yield one_line(f"    {where}: {describe_evidence(each.evidence)}")
        if each.fails:
            yield "      as it is, the version would not get past this gate"
        elif each.log:
            yield wrapped(each.log, "      to do: ", "        ")
