"""What ``lockstep drift`` found, as text for people and as JSON."""

import json
from collections.abc import Iterator, Sequence

from lockstep.model.document import Json
from lockstep.model.drift import Compared, Drift, DriftClass, DriftField, DriftReport, Unread
from lockstep.report.counting import count
from lockstep.report.envelope import Envelope
from lockstep.text.phrases import brief, listed
from lockstep.text.sanitise import cut, lines, one_line

_TITLES = {
    DriftClass.FAMILY: "breaks the consistency of a family",
    DriftClass.PERSON: "a person has to look",
    DriftClass.HEALS: "Argo CD restores it",
}
_MOST = 500
"""Drifts in the text: JSON has all of them."""
_FIELDS = 20
_VALUE = 160


def format_text(report: DriftReport) -> str:
    """The report for a terminal: what breaks a family first, what could not be read last."""
    return lines("\n".join(_text(report)))


def format_json(report: DriftReport) -> str:
    """The report as JSON; ``schemas/drift.json`` next to this file defines it."""
    data = report.to_json()
    summary = {"shown": report.shown, "commit": report.commit, **data["compared"]}
    more = {"unread": data["unread"]}
    return Envelope("drift", report.exit_code, summary, data["drifts"], more=more).format()


def _text(report: DriftReport) -> Iterator[str]:
    if report.shown:
        yield f"Of {report.shown}"
    yield _compared(report.compared)
    shown = report.drifts[:_MOST]
    for classified in DriftClass:
        drifts = [each for each in shown if each.classified is classified]
        if drifts:
            every = sum(each.classified is classified for each in report.drifts)
            yield f"\n{_TITLES[classified]}: {count(every, 'drift')}"
        for each in drifts:
            yield from _drift(each)
    if len(report.drifts) > _MOST:
        yield f"\nNot shown: {count(len(report.drifts) - _MOST, 'drift')}; --format json has all"
    if report.unread:
        yield f"\nnot compared, because it could not be read: {len(report.unread)}"
    yield from _unread(report.unread)
    yield f"\n{_verdict(report)}"


def _unread(every: Sequence[Unread]) -> Iterator[str]:
    """What could not be read, once for each reason: one missing file is missing for all."""
    alike: dict[tuple[str, str], list[str]] = {}
    for each in every:
        alike.setdefault((each.why, each.fix), []).append(one_line(each.what))
    for (why, fix), names in alike.items():
        yield f"  {listed(names)}: {one_line(why)}"
        if fix:
            yield f"    fix: {one_line(fix)}"


def _verdict(report: DriftReport) -> str:
    if report.unread:
        return "incomplete: what could not be read may have drifted"
    return f"{count(len(report.drifts), 'drift')}" if report.drifts else "no drift"


def _compared(compared: Compared) -> str:
    text = (
        f"{count(compared.clusters, 'cluster')} with {count(compared.objects, 'object')}, "
        f"{count(compared.applications, 'Application')} and "
        f"{count(compared.versions, 'version')} in the registry compared"
    )
    return f"{text}; left out: {', '.join(compared.left)}" if compared.left else text


def _drift(drift: Drift) -> Iterator[str]:
    name = f"{drift.namespace}/{drift.name}" if drift.namespace else drift.name
    place = " ".join(filter(None, (drift.owner, drift.place)))
    yield f"  {place}: {drift.object_kind} {one_line(name)}: {one_line(drift.what)}"
    for each in drift.fields[:_FIELDS]:
        yield f"    {one_line(each.path)}: {_values(each)}"
    if len(drift.fields) > _FIELDS:
        yield f"    and {count(len(drift.fields) - _FIELDS, 'field')} more"
    yield f"    {one_line(drift.means)}"
    if drift.fix:
        yield f"    fix: {one_line(drift.fix)}"


def _values(field: DriftField) -> str:
    live = "(not shown: it could be a secret)" if field.hidden else _value(field.live)
    return f"git {_value(field.git)}, live {live}"


def _value(value: Json) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return cut(one_line(json.dumps(value, ensure_ascii=False)), _VALUE)
    return brief(value)
