"""Whatever text is in the values of a page, it becomes text there and never markup."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from html.parser import HTMLParser
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import asdict, replace

from lockstep.edges.resources import site_templates
from lockstep.model.evidence import Verdict
from lockstep.model.file_results import Status
from lockstep.model.finding import Finding
from lockstep.model.fleet_page import EndingWaiver, FamilyLedger, FleetPage
from lockstep.model.status import (
    FamilyProblem,
    FamilyStatus,
    FreezeInForce,
    GateVerdict,
    LastDecision,
    QuarantineEntry,
    RegionStatus,
    RolloutState,
    RolloutStatus,
    ShownTree,
    SkewStatus,
    VariantStatus,
    WaitFor,
    WaitKind,
)
from lockstep.model.timeline import Doubt, LedgerEntry, ServingSpan, TrafficChange
from lockstep.model.times import format_time
from lockstep.site.pages import fleet_pages, page_path
from tests.unit.model.records import FULL

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIME = "2026-03-01T08:00:00Z"
BREAKOUTS = (
    "<script>alert(1)</script>", "</title><script>x", "\" onload=alert(1) x=\"", "' onclick=x '",
    "</bdi></p></details><img src=x onerror=alert(1)>", "</svg><style>*{}</style>",
    "<!--", "]]>", "{{ 7*7 }}{% include 'x' %}", "\u202e<b>\u2066", "\x1b[31m<i>\n<u>",
)  # fmt: skip


class Tags(HTMLParser):
    """The elements of a page and the names of their attributes, in order."""

    def __init__(self, source: bytes) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(source.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(" ".join((tag, *(name for name, _ in attrs))))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.found.append("a comment")


def spoilt(value: Any, text: str) -> Any:
    """The same value with a text after each string in it; times stay, as they are read before."""
    if isinstance(value, Enum) or value == TIME:
        return value
    if isinstance(value, str):
        return value + text
    if isinstance(value, Mapping):
        return {key: spoilt(each, text) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(spoilt(each, text) for each in value)
    if isinstance(value, Struct):
        return type(value)(**{k: spoilt(v, text) for k, v in asdict(value).items()})
    if is_dataclass(value):
        return type(value)(**{f.name: spoilt(getattr(value, f.name), text) for f in fields(value)})  # type: ignore[misc]
    return value


def page() -> FleetPage:
    """A page on which everything that a page can show is there."""
    variants = (
        VariantStatus("stable", "1", 90), VariantStatus("arm", "2", 10, experiment=True),
        VariantStatus("old", "0", 0, warm=True),
    )  # fmt: skip
    weights: Any = (
        {"name": "stable", "version": "1", "weight": 90},
        {"name": "candidate", "version": "2", "weight": 10},
    )
    last = LastDecision(7, FULL.action, "42", TIME, True, "a", "b", FULL.verdict, FULL.id)
    status = FamilyStatus(
        "prod", "fraud", "owner", RolloutState.HELD,
        (RegionStatus("fraud-a", "eu", "consumer", variants),),
        RolloutStatus("42", 2, 2, 0, 0, 10, ("eu",), TIME, None, TIME, TIME),
        tuple(
            WaitFor(kind, TIME, None, ("name",), ("fraud-a",), "reason", "role", 1, "id")
            for kind in WaitKind
        ),
        SkewStatus(("1", "2"), TIME, TIME, True), last, last,
        (GateVerdict("auc", "mlflow", "fraud-a", "42", FULL.evidence[0].verdict, "r", TIME),),
        (QuarantineEntry("3", "sha256:3", "uri", "model", TIME, "reason", "id"),),
        (FreezeInForce("sales", TIME, "reason"),),
        (FamilyProblem("clusters/a.yaml", 1, "message"),),
    )  # fmt: skip
    change = TrafficChange("fraud-a", "eu", weights[:1], weights)
    entries = (
        LedgerEntry(FULL, NOW - timedelta(hours=1), (change,), "a problem"),
        LedgerEntry(FULL, NOW - timedelta(days=90), (change,), "a problem"),
    )
    span = ServingSpan("fraud-a", "eu", NOW - timedelta(days=1), None, weights, 1)
    ledger = FamilyLedger(
        "prod", "fraud", (span,), entries[:1], (Doubt("ledger/x.json", 3, "problem", True),)
    )
    gone = FamilyLedger("prod", "gone", (span,), entries)
    waiver = EndingWaiver("rule", "prod", "owner", "r", "T-1", date(2026, 3, 9), "policies/w", 1)
    finding = Finding("clusters/a.yaml", 1, 1, "schema", "message", "fix")
    shown = ShownTree("c" * 40, "main", "origin", "address", False, TIME, 2, "problem")
    ledgers = {("prod", "fraud"): ledger, ("prod", "gone"): gone}
    whole = Status((status,), (finding,), shown, format_time(NOW))
    return FleetPage(whole, NOW, ledgers, (waiver,))


def elements(text: str) -> list[list[str]]:
    """The elements of each page where every value ends with ``text``."""
    found = spoilt(page(), text)
    first, gone = found.ledgers.values()
    (status,) = found.status.families
    judged = replace(status.judged, decision=first.entries[0].decision.id)
    whole = Status((replace(status, judged=judged),), found.status.findings, found.status.shown,
                   format_time(NOW))  # fmt: skip
    ledgers = {(each.environment, each.family): each for each in (first, gone)}
    shown = FleetPage(whole, NOW, ledgers, found.waivers)
    files = fleet_pages(shown, site_templates())
    assert not {"\u202e", "\u2066", "\x1b"} & set("".join(map(bytes.decode, files.values())))
    paths = ("index.html", *(page_path(*name) for name in ledgers))
    return [Tags(files[path]).found for path in paths]


@pytest.mark.parametrize("text", BREAKOUTS)
def test_no_text_adds_an_element_or_an_attribute_to_any_page(text: str) -> None:
    hostile, plain = elements(text), elements("x" * len(text))
    assert [len(each) for each in hostile] == [len(each) for each in plain]
    # Not as one list: the difference of long ones takes minutes to write down.
    assert not [pair for two in zip(hostile, plain, strict=True) for pair in zip(*two, strict=True)
                if pair[0] != pair[1]]  # fmt: skip


def test_every_state_can_be_shown() -> None:
    for state in RolloutState:
        families = (FamilyStatus("prod", "fraud", "owner", state),)
        whole = Status(families, now=format_time(NOW))
        files = fleet_pages(FleetPage(whole, NOW), site_templates())
        for each in files.values():
            assert f">{state.value}</span>".encode() in each


def test_every_verdict_can_be_shown_and_the_worst_comes_first() -> None:
    evidence = tuple(replace(FULL.evidence[0], verdict=each) for each in Verdict)
    entry = LedgerEntry(replace(FULL, evidence=evidence), NOW, ())
    ledger = FamilyLedger("prod", "fraud", (), (entry,))
    shown = FleetPage(Status((), now=format_time(NOW)), NOW, {("prod", "fraud"): ledger})
    text = fleet_pages(shown, site_templates())[page_path("prod", "fraud")].decode()
    rows = text.split("<caption>")[1]
    places = [rows.index(f">{each.value}</span>") for each in reversed(Verdict)]
    assert places == sorted(places)


def test_what_is_left_out_of_a_page_is_counted() -> None:
    (status,) = page().status.families
    status = replace(status, quarantine=status.quarantine * 103)
    ledger = page().ledgers["prod", "fraud"]
    ledger = FamilyLedger("prod", "fraud", ledger.spans, ledger.entries, ledger.doubts * 24)
    whole = Status((status,), now=format_time(NOW))
    files = fleet_pages(FleetPage(whole, NOW, {("prod", "fraud"): ledger}), site_templates())
    text = files[page_path("prod", "fraud")].decode()
    assert "And 3 more: <code>lockstep status prod/fraud</code>" in text
    assert "And 4 more: <code>lockstep audit --verify prod/fraud</code>" in text
