"""A gate's own query: one number for the candidate, and one for the stable version."""

from datetime import datetime
from math import isfinite

from lockstep.gate_sources.placeholders import placeholder_values
from lockstep.gate_sources.prometheus.api import Partial, PrometheusApi, milliseconds, time_of
from lockstep.model.evidence import Measurement, Question, Workloads
from lockstep.text.promql import filled, names_version

_COMPARING = ("maxDropVsStable", "maxRiseVsStable")


def queries(question: Question, place: Workloads, *, stable: bool) -> list[str]:
    """The gate's query, and that for the count of samples where it gives one, for one version.

    Empty for the stable version where the gate does not compare with it, or there is none. Raises
    ValueError for texts that cannot be filled in.
    """
    gate = question.gate
    if stable:
        if not any(name in gate for name in _COMPARING) or not question.stable or not place.stable:
            return []
        if not names_version(str(gate["query"])):
            raise ValueError(
                "the query names neither {workload} nor {version}, so that the candidate would be "
                "compared with itself"
            )
    values = placeholder_values(question, stable=stable)
    names = [name for name in ("query", "samplesQuery") if name in gate]
    return [filled(str(gate[name]), values) for name in names]


def measurement(api: PrometheusApi, texts: list[str], now: datetime) -> Measurement:
    """What Prometheus answers now: ``problem`` says why there is no number.

    Raises LockstepError where it could not be asked.
    """
    value, problem = _number(api, texts[0], now)
    if value is None:
        return Measurement(problem=problem)
    samples = None
    if len(texts) > 1:
        count, problem = _number(api, texts[1], now)
        if count is None or count < 0:
            return Measurement(problem=f"samplesQuery: {problem or 'the count is negative'}")
        samples = int(count)
    return Measurement(value, samples, time_of(milliseconds(now)))


def _number(api: PrometheusApi, text: str, now: datetime) -> tuple[float | None, str]:
    try:
        found = api.instant(text, now)
    except Partial as error:
        return None, error.message
    if not found:
        return None, "the query has no result: no series has a sample in the last five minutes"
    if len(found) > 1:
        return None, f"the query has {len(found)} results; exactly one is needed"
    time, value = found[0].samples[0]
    if time != milliseconds(now):
        when = "after" if time > milliseconds(now) else "before"
        return None, f"the answer is for {time_of(time)}, {when} the time that was asked for"
    if not isfinite(value):
        return None, f"the result is {'NaN' if value != value else value}"
    return value, ""
