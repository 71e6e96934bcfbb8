"""The state of a fleet as one screen: a block for each family, what needs people most first."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from textwrap import wrap

from lockstep.model.decision import Action
from lockstep.model.evidence import Verdict
from lockstep.model.file_results import Status
from lockstep.model.outcome import Outcome
from lockstep.model.status import (
    FamilyStatus,
    GateVerdict,
    LastDecision,
    RegionStatus,
    RolloutState,
    ShownTree,
    VariantStatus,
)
from lockstep.model.times import format_duration, parse_time
from lockstep.report.block import WIDTH_OF_A_BLOCK, Line, Style, format_block
from lockstep.report.counting import count
from lockstep.report.text import format_outcome
from lockstep.report.waits import describe_waits, is_overdue
from lockstep.text.phrases import listed
from lockstep.text.sanitise import bare_address, lines, one_line, plain_line, shorten

_STYLES = {
    RolloutState.MALFORMED: Style.BAD, RolloutState.BROKEN: Style.BAD,
    RolloutState.DIVERGED: Style.BAD, RolloutState.SHIFTED: Style.BAD,
    RolloutState.HELD: Style.WARNING, RolloutState.ROLLING: Style.RUNNING,
    RolloutState.PROPOSED: Style.RUNNING, RolloutState.NEW: Style.WARNING,
    RolloutState.STEADY: Style.GOOD,
}  # fmt: skip

_VERDICTS = {
    Verdict.PASS: Style.GOOD, Verdict.INCONCLUSIVE: Style.WARNING, Verdict.ERROR: Style.BAD,
    Verdict.FAIL: Style.BAD,
}  # fmt: skip

_NEEDS_OWNER = (
    RolloutState.MALFORMED, RolloutState.BROKEN, RolloutState.DIVERGED, RolloutState.HELD,
    RolloutState.NEW,
)  # fmt: skip

_URGENCY = tuple(RolloutState)
_BY_WORST = tuple(reversed(Verdict))
_LONGEST = 300
"""Characters of a reason or a problem; audit and the JSON report have the whole of it."""

_REASON = 120
"""Characters of a reason that is shown elsewhere, too: below the gates, as a rule."""

_DID = {
    Action.PROPOSE: "proposal of version", Action.ADVANCE: "next step of version",
    Action.VERIFY: "verification of version", Action.HOLD: "hold of version",
    Action.RESUME: "resumption of version", Action.SHIFT: "shift of traffic away from version",
    Action.RESTORE: "rollback of version", Action.RETIRE: "end of the arms of version",
    Action.RELEASE: "release of version", Action.ADOPT: "adoption of version",
}  # fmt: skip

_FEW_PASSES = 4
"""So many passes are shown each with its reason; more of them only by their names and places."""

Row = tuple[str, Line]


def format_status(
    result: Status, *, width: int = WIDTH_OF_A_BLOCK, colour: bool = False, brief: bool = False
) -> str:
    """The state of each family, then what is malformed; ends without a line break.

    ``width`` is in columns; ``colour`` is for a terminal only. With ``brief`` the findings are
    left out: the blocks of the families have what is wrong with each.
    """
    now = parse_time(result.now)
    ordered = sorted(result.families, key=lambda each: _URGENCY.index(each.state))
    blocks = [
        format_block(_head(each), list(_rows(each, now)), width=width, colour=colour)
        for each in ordered
    ]
    head = [*describe_shown(result.shown, now, width), *_wrapped(_summary(result), width)]
    parts = [lines("\n".join(head)), *blocks]
    if result.findings and not brief:
        parts.append(format_outcome(Outcome(result.findings), colour=colour))
    return "\n\n".join(parts)


def describe_shown(shown: ShownTree, now: datetime, width: int) -> Iterator[str]:
    """Which branch or work tree is shown, and where it may be old, how old, and why."""
    # Not wrapped, so that an address can be copied.
    yield one_line(f"Of {_what(shown)}")
    if shown.fetched or (shown.commit and not shown.remote):
        return
    for text in _age(shown, now):
        yield from _wrapped(text, width, "  ")


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return wrap(
        plain_line(text, _LONGEST), width, initial_indent=indent, subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )  # fmt: skip


def _age(shown: ShownTree, now: datetime) -> Iterator[str]:
    if shown.remote:
        at = parse_time(shown.fetched_at) if shown.fetched_at else None
        when = f"{shown.fetched_at}, {_ago(at, now)}" if at else "at a time that is not known"
        yield f"NOT FETCHED: {_name(shown)} is as last fetched {when}"
    if shown.behind:
        yield f"HEAD lacks {count(shown.behind, 'commit')} of {_name(shown)}"
    if shown.problem:
        yield f"because {bare_address(shown.problem)}"


def _what(shown: ShownTree) -> str:
    if shown.commit is None:
        return "the work tree"
    if not shown.remote:
        return f"branch {shown.branch} of this repository, which has no remote"
    return f"branch {shown.branch} of {shown.remote}, {shown.address}"


def _name(shown: ShownTree) -> str:
    return f"{shown.remote}/{shown.branch}" if shown.remote else shown.branch


def _ago(then: datetime, now: datetime) -> str:
    return f"{format_duration(now - then)} {'ago' if then <= now else 'ahead'}"


def _summary(result: Status) -> str:
    found = Counter(each.state for each in result.families)
    states = ", ".join(f"{found[state]} {state.value}" for state in _URGENCY if found[state])
    number = len(result.families)
    families = "1 family" if number == 1 else f"{number:,} families" if number else "no families"
    return f"At {result.now}: {families}" + (f": {states}" if states else "")


def _head(family: FamilyStatus) -> Line:
    state = (family.state.value.upper(), _STYLES[family.state])
    about = describe_progress(family)
    return [(f"{family.title}  ", Style.BOLD), state, (f"  {about}" if about else "", Style.PLAIN)]


def describe_progress(family: FamilyStatus) -> str:
    """Of which version the rollout is and how far; which one serves where none runs."""
    at = family.rollout
    if at is None:
        served = {v.version for region in family.regions for v in region.serving}
        alone = family.state is RolloutState.STEADY and len(served) == 1
        return f"version {served.pop()}" if alone else ""
    if family.state is RolloutState.SHIFTED:
        return f"version {at.version} is being rolled back"
    if at.wave is None or at.step is None:
        return f"version {at.version}, no traffic yet"
    return f"version {at.version}, wave {at.wave} of {at.waves}, step {at.step} of {at.steps}"


def _rows(family: FamilyStatus, now: datetime) -> Iterator[Row]:
    yield from _labelled("problem", _problems(family))
    yield from _labelled("waits for", describe_waits(family, now))
    yield from _labelled("next", describe_next(family))
    yield from _labelled("serving", _serving(family.regions))
    yield from _labelled("skew", describe_skew(family, now))
    yield from _labelled("freeze", _freezes(family, now))
    yield from _labelled("gates", _verdicts(family))
    yield from _labelled("last", _last(family.last, now))
    yield from _labelled("quarantine", _quarantine(family))
    if family.owner and (family.state in _NEEDS_OWNER or is_overdue(family, now)):
        yield "owner", [(family.owner, Style.PLAIN)]


def _labelled(label: str, texts: Iterable[Line]) -> Iterator[Row]:
    for index, text in enumerate(texts):
        yield "" if index else label, text


def _problems(family: FamilyStatus) -> Iterator[Line]:
    for each in family.problems:
        yield [(shorten(f"{each.file}:{each.line}: {each.message}", _LONGEST), Style.BAD)]


def describe_next(family: FamilyStatus) -> Iterator[Line]:
    """The step that comes next, and the verification, each as early as it can be."""
    at = family.rollout
    if at is None or at.verified_at is None:
        return
    verified = f"verified at {at.verified_at} at the earliest"
    if at.next is None:
        yield [(verified, Style.PLAIN)]
        return
    where = f"{at.next.weight}% in {listed(at.next.regions)}"
    step = f"wave {at.next.wave} step {at.next.step}: {where}, at {at.next.at} at the earliest"
    yield [(f"{step}; {verified}", Style.PLAIN)]


def _serving(regions: Sequence[RegionStatus]) -> Iterator[Line]:
    """The shares of the traffic, once for all regions that have the same."""
    alike: dict[tuple[VariantStatus, ...], list[str]] = {}
    names = _places(regions)
    for each in regions:
        alike.setdefault(each.serving, []).append(names[each.cluster])
    for variants, places in alike.items():
        shares = ", ".join(map(_share, variants)) or "nothing"
        yield [(f"{', '.join(places)}: {shares}", Style.PLAIN)]


def _share(variant: VariantStatus) -> str:
    # Arms are marked: they are no part of the rollout, and do not count as skew.
    arm = f" (arm {variant.name})" if variant.experiment else ""
    return f"{variant.weight}% version {variant.version}{arm}"


def _places(regions: Sequence[RegionStatus]) -> dict[str, str]:
    """What a cluster is called: by its region where it is the only one of the family there."""
    found = Counter(each.region for each in regions)
    return {
        each.cluster: each.region if each.region and found[each.region] == 1 else each.cluster
        for each in regions
    }


def describe_skew(family: FamilyStatus, now: datetime) -> Iterator[Line]:
    """Which versions serve side by side, since when, and for how long they may."""
    skew = family.skew
    if len(skew.versions) < 2:
        return
    text = f"versions {listed(skew.versions)} serve"
    if skew.since:
        text += f" since {skew.since} ({format_duration(now - parse_time(skew.since))})"
    if skew.breached:
        yield [(f"{text}, longer than allowed: until {skew.allowed_until}", Style.BAD)]
    else:
        until = f", allowed until {skew.allowed_until}" if skew.allowed_until else ""
        yield [(text + until, Style.PLAIN)]


def _freezes(family: FamilyStatus, now: datetime) -> Iterator[Line]:
    for each in family.freezes:
        left = format_duration(parse_time(each.until) - now)
        text = f"{each.name} until {each.until} (in {left}): {each.reason}"
        yield [(shorten(text, _LONGEST), Style.WARNING)]


def _verdicts(family: FamilyStatus) -> Iterator[Line]:
    """The verdicts of the newest decision with evidence, the worst first."""
    if not family.verdicts or family.judged is None:
        return
    judged = family.judged
    asked = f"version {judged.version}, by record {judged.sequence} ({judged.action.value})"
    asked += f" of {judged.decided_at}"
    yield [(asked, Style.DIM)]
    places = _places(family.regions)
    passes = [each for each in family.verdicts if each.verdict is Verdict.PASS]
    whole = passes if len(passes) <= _FEW_PASSES else []
    others = (each for each in family.verdicts if each.verdict is not Verdict.PASS)
    for each in sorted([*others, *whole], key=lambda one: _BY_WORST.index(one.verdict)):
        where = f" {each.gate} in {places.get(each.cluster, each.cluster)}: {each.reason}"
        yield [
            (each.verdict.value, _VERDICTS[each.verdict]),
            (shorten(where, _LONGEST), Style.PLAIN),
        ]
    if not whole:
        yield from _listed_passes(passes, places)


def _listed_passes(passes: Iterable[GateVerdict], places: dict[str, str]) -> Iterator[Line]:
    by_gate: dict[str, list[str]] = {}
    for each in passes:
        by_gate.setdefault(each.gate, []).append(places.get(each.cluster, each.cluster))
    for gate, where in by_gate.items():
        yield [
            (Verdict.PASS.value, Style.GOOD),
            (shorten(f" {gate} in {', '.join(where)}", _LONGEST), Style.PLAIN),
        ]


def _last(last: LastDecision | None, now: datetime) -> Iterator[Line]:
    if last is None:
        return
    head = f"record {last.sequence}, {_DID[last.action]} {last.version}"
    when = f"{last.decided_at} ({_ago(parse_time(last.decided_at), now)})"
    text = f"{head} at {when} by {last.actor}: {shorten(last.reason, _REASON)}"
    yield [(text, Style.PLAIN)]


def _quarantine(family: FamilyStatus) -> Iterator[Line]:
    for each in family.quarantine:
        since = f" since {each.since}" if each.since else ""
        text = f"version {each.version}{since}: {shorten(each.reason, _REASON)}"
        yield [(text, Style.WARNING)]
