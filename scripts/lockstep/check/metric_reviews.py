"""What was measured of a candidate and its baseline, by region, with the bounds of the gates.

From the newest record of the change, where a gate has given evidence, and from the locks otherwise:
so nothing is asked of a registry.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from math import isfinite

from lockstep.gate_sources.mlflow import dataset_name
from lockstep.gates.verdicts import judge_question
from lockstep.model.blocks import Count
from lockstep.model.decision import Decision
from lockstep.model.document import Json, value_at
from lockstep.model.evidence import Answer, Evidence, Measurement, Question
from lockstep.model.fleet import Cluster, Family
from lockstep.model.forecast import LONGEST_NAME, LONGEST_TEXT
from lockstep.model.review import MetricReview, MetricValue
from lockstep.model.times import format_time
from lockstep.rollout.comparisons import gates_of, segment_of
from lockstep.rollout.position import step_began
from lockstep.spec import variants as forms
from lockstep.text.sanitise import cut

_BOUNDS = ("min", "max", "equals", "maxDropVsStable", "maxRiseVsStable", "minSamples", "confidence")
_MOST_SAMPLES = 10**15


def metric_reviews(
    family: Family, before: Family | None, new: list[Decision], now: datetime
) -> Iterator[MetricReview]:
    """Each gate of each cluster that has something to compare or to bound.

    ``before`` is the family at the base, ``new`` the decisions that the change brings.
    """
    evidence = new[-1].evidence if new else ()
    regions = {cluster.name: cluster.region for cluster in family.clusters}
    asked = set()
    for item in evidence:
        asked.add((str(item.gate.get("name")), item.cluster))
        yield _recorded(item, regions.get(item.cluster, ""))
    locks = {**(before.locks if before else {}), **family.locks}
    past = {each.name: each for each in before.clusters} if before else {}
    began = step_began(family) or now
    for cluster in family.clusters:
        pair = versions_compared(cluster, past.get(cluster.name))
        for gate in gates_of(family, cluster) if pair else ():
            if pair and gate["source"] == "mlflow" and (gate["name"], cluster.name) not in asked:
                specs = [value_at(locks[v].value, ("spec",)) if v in locks else None for v in pair]
                yield _of_locks(_question(gate, cluster, specs, began, now), pair)


def versions_compared(cluster: Cluster, before: Cluster | None) -> tuple[str, str] | None:
    """The version that comes with a change or rolls out, and the one that it is compared with.

    The latter is empty for a new cluster. None where the change brings no version to a role.
    """
    candidate = forms.role(cluster.variants, forms.CANDIDATE)
    stable = forms.role(cluster.variants, forms.STABLE)
    # After a shift the candidate is what is on its way out.
    if candidate and stable and not (candidate["weight"] == 0 and candidate.get("warm")):
        return str(candidate["version"]), str(stable["version"])
    known = forms.role_versions(before.variants) if before else set()
    if stable and stable["version"] not in known:
        was = forms.role(before.variants, forms.STABLE) if before else None
        return str(stable["version"]), str(was["version"]) if was else ""
    return None


def _recorded(item: Evidence, region: str) -> MetricReview:
    answer, stable = item.answer, item.stable_version
    candidate, baseline = answer.candidate, answer.stable
    if answer.blocks:
        candidate = _counted(block.candidate for block in answer.blocks)
        baseline = _counted(block.baseline for block in answer.blocks)
    return MetricReview(
        gate=cut(str(item.gate.get("name")), LONGEST_NAME),
        cluster=cut(item.cluster, LONGEST_NAME),
        region=region,
        what=cut(answer.query, LONGEST_TEXT),
        bounds=_bounds(item.gate),
        candidate=_value(item.candidate_version, candidate),
        baseline=_value(stable, baseline) if stable else None,
        verdict=item.verdict,
        reason=cut(item.reason, LONGEST_TEXT),
        recorded=True,
    )


def _of_locks(question: Question, pair: tuple[str, str]) -> MetricReview:
    """What the gate would say of the numbers in the locks, as if they were asked for now."""
    gate = question.gate
    dataset, problem = _dataset(question)
    metric = str(gate.get("metric", ""))
    answer = Answer(
        query=f"{metric} on {dataset}" if dataset else metric,
        candidate=_measured(question.candidate, metric, dataset),
        stable=_measured(question.stable, metric, dataset) if question.stable else None,
        failure=problem,
    )
    evidence = judge_question(question, answer)
    return MetricReview(
        gate=str(gate["name"]),
        cluster=question.cluster,
        region=question.region,
        what=cut(answer.query, LONGEST_TEXT),
        bounds=_bounds(gate),
        candidate=_value(pair[0], answer.candidate),
        baseline=_value(pair[1], answer.stable) if pair[1] else None,
        verdict=evidence.verdict,
        reason=cut(evidence.reason, LONGEST_TEXT),
        recorded=False,
    )


def _question(
    gate: Json, cluster: Cluster, specs: list[Json], since: datetime, now: datetime
) -> Question:
    return Question(
        gate=gate,
        cluster=cluster.name,
        region=cluster.region,
        environment=cluster.environment,
        candidate=specs[0],
        stable=specs[1],
        since=format_time(since),
        now=format_time(max(since, now)),
        segment=segment_of(cluster),
    )


def _dataset(question: Question) -> tuple[str | None, str]:
    try:
        return dataset_name(question), ""
    except ValueError as error:
        return None, str(error)


def _measured(lock: Json, metric: str, dataset: str | None) -> Measurement:
    """The newest value of a metric that a lock holds."""
    listed = value_at(lock, ("facts", "metrics"), [])
    found = [
        each
        for each in listed
        if value_at(each, ("name",)) == metric and value_at(each, ("dataset",)) == dataset
    ]
    if not found:
        where = f"on dataset {dataset}" if dataset else "without a dataset"
        return Measurement(problem=f"the lock has no {metric} {where}")
    newest = max(found, key=lambda each: str(value_at(each, ("measuredAt",), "")))
    return Measurement(
        value=value_at(newest, ("value",)),
        samples=value_at(newest, ("samples",)),
        time=value_at(newest, ("measuredAt",)),
        dataset_digest=value_at(newest, ("datasetDigest",)),
        problem=str(value_at(newest, ("problem",), "")),
    )


def _value(version: str, measured: Measurement | None) -> MetricValue:
    value = _number(measured.value) if measured else None
    samples = measured.samples if measured else None
    if not isinstance(samples, int) or not 0 <= samples <= _MOST_SAMPLES:
        samples = None
    return MetricValue(cut(version, LONGEST_NAME), value, samples)


def _counted(counts: Iterable[Count | None]) -> Measurement:
    """The share of bad requests in all blocks in which a version was measured."""
    known = [each for each in counts if each]
    bad, total = sum(each.bad for each in known), sum(each.total for each in known)
    share = bad / total if total > 0 else None
    return Measurement(value=share, samples=total)


def _bounds(gate: Mapping[str, Json]) -> dict[str, float | int]:
    """The bounds of a gate that are numbers."""
    found = {name: _number(gate.get(name)) for name in _BOUNDS}
    return {name: value for name, value in found.items() if value is not None}


def _number(value: Json) -> float | int | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return value if usable else None
