"""What a review says, in words that text and Markdown share.

``mark`` sets off what others wrote from the words of the report: see Mark.
"""

from collections.abc import Iterator, Sequence

from lockstep.model.exit_codes import ExitCode
from lockstep.model.forecast import Follow, Forecast, ForecastStep
from lockstep.model.forge import APPROVAL_STATUS
from lockstep.model.review import (
    ApprovalGate,
    ClusterReview,
    FamilyReview,
    MetricReview,
    MetricValue,
    PartChange,
    Review,
    VariantShare,
)
from lockstep.report.counting import Kind, Mark, count, headline, kind
from lockstep.text.phrases import alternatives

_CANDIDATE, _PREVIOUS, _STABLE = "candidate", "previous", "stable"
_ROLES = (_STABLE, _CANDIDATE, _PREVIOUS)


CLUSTER_COLUMNS = ("region", "cluster", "wave", "version", "weights", "state")
METRIC_COLUMNS = ("region", "gate", "candidate", "baseline", "bounds", "verdict")
STEP_COLUMNS = ("wave", "regions", "step", "weight", "at the earliest")


def verdict(review: Review, mark: Mark) -> str:
    """The answer in one line: whether Lockstep blocks the change, and what it found."""
    outcome = review.outcome
    if not outcome.has_checked:
        return "Lockstep could not check this change"
    found = headline(outcome.findings, outcome.summary, mark)
    dangerous = len(review.diff.dangerous) if review.diff else 0
    if dangerous:
        found += f"; {count(dangerous, 'dangerous change')}"
    if review.left_findings:
        found += f"; and {count(review.left_findings, 'finding')} more"
    if outcome.exit_code is ExitCode.COULD_NOT_RUN:
        return f"Lockstep could not evaluate all of this change: {found}"
    if outcome.exit_code is not ExitCode.CLEAN:
        return f"Lockstep blocks this change: {found}"
    if any(kind(each) is Kind.APPROVAL for each in outcome.findings):
        return f"Lockstep passes this change, and people have to approve it: {found}"
    return f"Lockstep passes this change: {found}"


def states(family: FamilyReview, mark: Mark) -> str:
    """How the state of a family's rollout changes: ``steady → version 42 proposed``."""
    if family.change is PartChange.ADDED:
        return f"new: {mark(family.after)}"
    if family.change is PartChange.REMOVED:
        return f"removed; it was {mark(family.before)}"
    return _from_to(family.before, family.after, mark)


def versions(cluster: ClusterReview, mark: Mark) -> str:
    """The version that a cluster is about, from → to."""
    return _from_to(_main(cluster.before), _main(cluster.after), mark)


def weights(cluster: ClusterReview, mark: Mark) -> str:
    """The shares of the versions in a cluster, from → to."""
    return _from_to(_shares(cluster.before), _shares(cluster.after), mark)


def cluster_row(cluster: ClusterReview, mark: Mark) -> list[str]:
    """The cells of a cluster, for CLUSTER_COLUMNS."""
    return [
        mark(cluster.region), mark(cluster.name), str(cluster.wave or "none"),
        versions(cluster, mark), weights(cluster, mark), state_of(cluster),
    ]  # fmt: skip


def state_of(cluster: ClusterReview) -> str:
    """What the traffic of a cluster does after the merge, in our words alone."""
    if cluster.change is PartChange.REMOVED:
        return "removed"
    text = _traffic(cluster.after)
    same = {PartChange.SAME: "unchanged: ", PartChange.ADDED: "added: "}
    return same.get(cluster.change, "") + text


def _traffic(shares: Sequence[VariantShare]) -> str:
    roles = {each.name: each.weight for each in shares if each.name in _ROLES}
    arms = ", with an experiment" if any(each.name not in _ROLES for each in shares) else ""
    if any(map(_is_leaving, shares)):
        return f"traffic shifted away from the candidate{arms}"
    if _CANDIDATE in roles and roles[_CANDIDATE] == 0:
        return f"the candidate has no traffic{arms}"
    if _CANDIDATE in roles:
        return f"canary at {roles[_CANDIDATE]} %{arms}"
    if _PREVIOUS in roles:
        return f"all on the new version, the one before runs on{arms}"
    return f"one version{arms}"


def _main(shares: Sequence[VariantShare]) -> str:
    """The version that a cluster moves to: its candidate, or else what is stable."""
    roles = {each.name: each for each in shares if not _is_leaving(each)}
    for role in (_CANDIDATE, _STABLE):
        if role in roles:
            return roles[role].version
    return ", ".join(each.version for each in shares)


def _is_leaving(share: VariantShare) -> bool:
    """A candidate from which the traffic was shifted: it runs until the restore."""
    return share.name == _CANDIDATE and share.weight == 0 and share.warm


def _shares(shares: Sequence[VariantShare]) -> str:
    return ", ".join(
        f"{each.version}: {each.weight} %" + ("" if each.name in _ROLES else f" ({each.name})")
        for each in shares
    )


def _from_to(before: str, after: str, mark: Mark) -> str:
    return mark(after) if before == after else f"{mark(before)} → {mark(after)}"


def bounds(metric: MetricReview) -> str:
    """The bounds of a gate: ``at least 0.94, at most 0.005 below the baseline``."""
    parts = [
        text.format(_plain(metric.bounds[name]))
        for name, text in _BOUNDS.items()
        if name in metric.bounds
    ]
    return ", ".join(parts) or "none"


_BOUNDS = {
    "min": "at least {}",
    "max": "at most {}",
    "equals": "exactly {}",
    "maxDropVsStable": "at most {} below the baseline",
    "maxRiseVsStable": "at most {} above the baseline",
    "minSamples": "from {} samples on",
    "confidence": "with confidence {}",
}


def measured(value: MetricValue | None, mark: Mark) -> str:
    """``42: 0.957 (4,121 samples)``."""
    if value is None:
        return "none"
    number = "no value" if value.value is None else _plain(value.value)
    samples = "" if value.samples is None else f" ({value.samples:,} samples)"
    return mark(f"{value.version}: {number}{samples}")


def _plain(number: float) -> str:
    whole = isinstance(number, int) and abs(number) <= 10**9
    return f"{number:,}" if whole else f"{number:.6g}"


def metric_verdict(metric: MetricReview) -> str:
    """The verdict, and where the numbers of it are from."""
    return f"{metric.verdict.value}{'' if metric.recorded else ', by the locks'}"


def metric_row(metric: MetricReview, mark: Mark) -> list[str]:
    """The cells of what was measured for a gate, for METRIC_COLUMNS."""
    return [
        mark(metric.region), mark(metric.gate), measured(metric.candidate, mark),
        measured(metric.baseline, mark), bounds(metric), metric_verdict(metric),
    ]  # fmt: skip


def follows(family: FamilyReview, mark: Mark) -> list[str]:
    """What happens to a family after the merge, in sentences."""
    found = family.follows
    if family.change is PartChange.REMOVED:
        return ["Argo CD removes its clusters after the merge."]
    if found is None:
        return [f"not known: {mark(family.problem or 'it could not be read')}"]
    if found.kind is Follow.STEPS:
        return list(_steps(found, mark))
    lines = [_OTHERWISE[found.kind] + (f" Reason: {mark(found.reason)}" if found.reason else "")]
    moved = sum(_traffic_by_version(c.before) != _traffic_by_version(c.after)
                for c in family.clusters if c.change is PartChange.CHANGED)  # fmt: skip
    if moved and found.kind is Follow.NOTHING:
        lines.append(f"{count(moved, 'cluster')} will serve {_other_versions(family)}.")
    return lines


def _other_versions(family: FamilyReview) -> str:
    if any(each.action == "restore" for each in family.decisions):
        return "what was verified before"
    return "other versions than before, and no step, bake or gate is in between"


def _traffic_by_version(shares: Sequence[VariantShare]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in shares:
        if each.weight:
            found[each.version] = found.get(each.version, 0) + each.weight
    return found


_OTHERWISE = {
    Follow.NOTHING: "No rollout runs: Argo CD applies the manifests as soon as it sees the merge.",
    Follow.RESUME: "The rollout is held: nothing moves it forward until lockstep resume.",
    Follow.RESTORE: "The next lockstep advance restores the verified state.",
    Follow.ADOPT: "It has no record: nothing moves it forward until lockstep adopt.",
    Follow.SETTLE: "It has diverged: nothing moves it forward; hold, revert and adopt work.",
}


def _steps(found: Forecast, mark: Mark) -> Iterator[str]:
    if found.steps:
        first = found.steps[0]
        yield (
            f"The next step is {step(first, found)} for version {mark(found.version)} in "
            f"{regions(first, mark)}, by lockstep advance, at the earliest at {mark(first.at)}."
        )
    yield (
        f"Version {mark(found.version)} is verified at the earliest at {mark(found.verified_at)}, "
        f"if this is merged at {mark(found.merged)} and every gate passes."
    )
    if found.gates:
        yield f"Gates on the way: {', '.join(map(mark, found.gates))}."
    else:
        yield "No gate is on the way, so lockstep advance waits for people."
    if found.freezes:
        yield f"Freezes delay it: {', '.join(map(mark, found.freezes))}."


def step(each: ForecastStep, found: Forecast) -> str:
    """``wave 1 of 3, step 2 of 4, with 10 %``."""
    return (
        f"wave {each.wave} of {found.waves}, step {each.step} of {found.steps_of_wave}, "
        f"with {each.weight} %"
    )


def step_row(each: ForecastStep, mark: Mark) -> list[str]:
    """The cells of a step, for STEP_COLUMNS."""
    return [
        str(each.wave), mark(", ".join(each.regions)), str(each.step), f"{each.weight} %",
        mark(each.at),
    ]  # fmt: skip


def regions(each: ForecastStep, mark: Mark) -> str:
    """The regions of a step, by name."""
    return ", ".join(map(mark, each.regions))


def approvers(review: Review, mark: Mark) -> str:
    """Who may approve what the change brings without gates; empty where nothing needs it."""
    if not any(kind(each) is Kind.APPROVAL for each in review.findings):
        return ""
    roles = [
        f"{mark(each.role)} ({', '.join(map(mark, each.people)) or 'nobody'})"
        for each in review.approvers
    ]
    if not roles:
        return "Nobody may approve it: the base names no role for pull requests."
    return (
        f"A person with the role {alternatives(roles)} approves it at the forge; "
        f"the status {APPROVAL_STATUS} says whether one has."
    )


def approval_gate(gate: ApprovalGate, mark: Mark) -> str:
    """Who approves which decisions of a rollout."""
    people = "1 person" if gate.count == 1 else f"{gate.count} people"
    when = _WHEN.get(gate.when, "each step")
    return f"gate {mark(gate.gate)}: {people} with the role {mark(gate.role)}, for {when}"


_WHEN = {"propose": "the proposal and the first step", "promote": "the promotion"}
"""Which decisions a gate is asked for, by its field ``when``."""
