"""When nothing moves forward."""

import sys
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lockstep.model.document import Document, Json
from lockstep.model.fleet import Environment
from lockstep.spec import freezes
from lockstep.spec.freezes import check_freezes, cron_problem, freezes_in_force
from lockstep.spec.yaml.load import load_yaml

ONCE = {"name": "audit", "reason": "books", "from": "2026-06-01T08:00:00Z",
        "until": "2026-06-02T08:00:00Z"}  # fmt: skip
FRIDAYS = {"name": "weekend", "reason": "no staff", "cron": "0 16 * * FRI", "lasts": "64h"}


def in_force(at: str, *freezes: Json, family: str | None = "fraud") -> list[Json]:
    document = Document("clusters/prod/environment.yaml", {"spec": {"freezes": list(freezes)}})
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return freezes_in_force(Environment("prod", document), family, moment)


@pytest.mark.parametrize(
    ("at", "held"),
    [
        ("2026-06-01T07:59:59", False), ("2026-06-01T08:00:00", True),
        ("2026-06-02T07:59:59", True), ("2026-06-02T08:00:00", False),
    ],
)  # fmt: skip
def test_a_freeze_that_comes_once_holds_from_its_begin_to_just_before_its_end(
    at: str, held: bool
) -> None:
    frozen = {"name": "audit", "reason": "books", "until": "2026-06-02T08:00:00Z"}
    assert in_force(at, ONCE) == ([frozen] if held else [])


@pytest.mark.parametrize(
    ("at", "held"),
    [
        ("2026-06-05T15:59:59", False),  # a Friday
        ("2026-06-05T16:00:00", True),
        ("2026-06-07T12:00:00", True),
        ("2026-06-08T07:59:59", True),
        ("2026-06-08T08:00:00", False),
        ("2026-06-10T12:00:00", False),
    ],
)
def test_a_freeze_that_comes_again_holds_for_its_length(at: str, held: bool) -> None:
    assert [freeze["until"] for freeze in in_force(at, FRIDAYS)] == (
        ["2026-06-08T08:00:00Z"] if held else []
    )


def test_the_latest_end_of_a_freeze_is_named() -> None:
    both = {**FRIDAYS, "from": "2026-06-05T12:00:00Z", "until": "2026-06-12T12:00:00Z"}
    (held,) = in_force("2026-06-06T12:00:00", both)
    assert held["until"] == "2026-06-12T12:00:00Z", "not that of the cron expression, on Monday"
    (held,) = in_force("2026-06-06T12:00:00", {**both, "until": "2026-06-06T13:00:00Z"})
    assert held["until"] == "2026-06-08T08:00:00Z"


BERLIN = {"name": "night", "reason": "no staff", "timeZone": "Europe/Berlin", "lasts": "1h"}


@pytest.mark.parametrize(
    ("cron", "at", "until"),
    [
        ("0 16 * * *", "2026-07-01T13:59:59", ""),  # summer: two hours before UTC
        ("0 16 * * *", "2026-07-01T14:00:00", "2026-07-01T15:00:00Z"),
        ("0 16 * * *", "2026-12-01T14:59:59", ""),  # winter: one hour
        ("0 16 * * *", "2026-12-01T15:00:00", "2026-12-01T16:00:00Z"),
        # The gap: on 2026-03-29 at 01:00 UTC clocks go from 02:00 to 03:00.
        ("30 1 * * *", "2026-03-29T00:30:00", "2026-03-29T01:30:00Z"),
        ("30 2 * * *", "2026-03-29T00:29:59", ""),
        ("30 2 * * *", "2026-03-29T00:30:00", "2026-03-29T01:30:00Z"),
        ("30 2 * * *", "2026-03-29T01:00:00", "2026-03-29T01:30:00Z"),
        ("30 2 * * *", "2026-03-29T01:30:00", "2026-03-29T02:30:00Z"),
        ("30 2 * * *", "2026-03-29T02:30:00", ""),
        ("30 3 * * *", "2026-03-29T01:30:00", "2026-03-29T02:30:00Z"),
        # The overlap: on 2026-10-25 at 01:00 UTC they go from 03:00 back to 02:00.
        ("30 2 * * *", "2026-10-25T00:29:59", ""),
        ("30 2 * * *", "2026-10-25T00:30:00", "2026-10-25T01:30:00Z"),
        ("30 2 * * *", "2026-10-25T01:29:59", "2026-10-25T01:30:00Z"),
        ("30 2 * * *", "2026-10-25T01:30:00", "2026-10-25T02:30:00Z"),
        ("30 2 * * *", "2026-10-25T02:30:00", ""),
        ("30 3 * * *", "2026-10-25T02:30:00", "2026-10-25T03:30:00Z"),
    ],
)
def test_a_freeze_follows_the_clocks_of_its_zone_and_their_changes(
    cron: str, at: str, until: str
) -> None:
    held = in_force(at, {**BERLIN, "cron": cron})
    assert [each["until"] for each in held] == ([until] if until else [])


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_a_freeze_that_always_holds_has_no_hole_where_clocks_change(day: str) -> None:
    always = {**BERLIN, "cron": "*/30 * * * *", "lasts": "30m"}
    start = datetime.fromisoformat(day)
    moments = (start + timedelta(minutes=10 * step) for step in range(36 * 6))
    assert all(in_force(moment.isoformat(), always) for moment in moments)


def test_a_weekend_lasts_as_many_hours_when_the_clocks_change_in_it() -> None:
    weekend = {**BERLIN, "cron": "0 16 * * FRI", "lasts": "64h"}
    ends = [in_force(f"{day}T12:00:00", weekend)[0]["until"]
            for day in ("2026-03-21", "2026-03-28", "2026-04-04")]  # fmt: skip
    assert ends == ["2026-03-23T07:00:00Z", "2026-03-30T07:00:00Z", "2026-04-06T06:00:00Z"]


def test_a_freeze_may_concern_some_families_only() -> None:
    some = {**ONCE, "families": ["scoring"]}
    assert in_force("2026-06-01T12:00:00", some) == []
    assert len(in_force("2026-06-01T12:00:00", some, family="scoring")) == 1
    assert len(in_force("2026-06-01T12:00:00", some, family=None)) == 1


@pytest.mark.parametrize(
    "malformed",
    [
        7, None, {}, {"from": "2026-06-01T08:00:00Z"}, {**ONCE, "until": None},
        {**ONCE, "from": "2026-06-01"}, {**ONCE, "families": 5}, {**FRIDAYS, "cron": 5},
        {**FRIDAYS, "cron": "0 16 * * X"}, {**FRIDAYS, "lasts": "long"}, {**FRIDAYS, "lasts": [1]},
        {key: value for key, value in ONCE.items() if key != "name"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_malformed_freeze_blocks_nothing_and_hides_no_other(malformed: Json) -> None:
    (held,) = in_force("2026-06-01T12:00:00", malformed, {**ONCE, "name": "other"})
    assert held["name"] == "other"


def test_no_freezes_block_nothing() -> None:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    assert freezes_in_force(Environment("prod", Document("e", {})), "fraud", moment) == []


def test_a_calendar_can_follow_a_cron_expression_or_not() -> None:
    assert cron_problem("0 16 * * FRI") == ""
    assert cron_problem("61 16 * * FRI") != ""
    assert cron_problem("0 0 31 2 *") != ""


@pytest.mark.parametrize(
    "freeze",
    [
        None, "from and cron", {**ONCE, "from": 3}, {**ONCE, "from": "2026-13-41T00:00:00Z"},
        {"from": ONCE["from"], "until": ONCE["until"]}, {**ONCE, "families": 3},
        {"name": "x", "reason": "y", "from": ONCE["from"]}, {**FRIDAYS, "cron": 3},
        {**FRIDAYS, "lasts": "99999999999h"}, {**FRIDAYS, "lasts": None},
    ],
)  # fmt: skip
def test_what_a_schema_rejects_is_not_a_freeze_and_not_a_crash(freeze: Json) -> None:
    held = {"name": "audit", "reason": "books", "until": "2026-06-02T08:00:00Z"}
    assert in_force("2026-06-01T12:00:00", freeze, ONCE) == [held]
    assert in_force("9999-12-31T23:59:59", freeze, ONCE) == []


HEAD = "spec:\n  freezes:\n    - "


def found(freeze: str) -> list[tuple[str, int, int]]:
    document, findings = load_yaml("clusters/prod/environment.yaml", f"{HEAD}{freeze}\n".encode())
    assert document is not None and not findings
    return [(f.rule, f.line, f.column) for f in check_freezes(Environment("prod", document), ())]


@pytest.mark.parametrize(
    ("freeze", "rule"),
    [
        ('{name: a, cron: "61 * * * *", lasts: 1h}', "structure.cron"),
        ('{name: a, cron: "0 0 31 2 *", lasts: 1h}', "structure.cron"),
        ('{name: a, from: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z"}',
         "structure.freeze-ends-first"),
        ("{name: a, families: [lost]}", "structure.unknown-family"),
        ('{name: a, cron: "0 1 * * *", lasts: 1h, timeZone: Europe/Berlim}', "structure.time-zone"),
        ('{name: a, cron: "0 1 * * *", lasts: 1h, timeZone: America/Argentina}',
         "structure.time-zone"),
        ('{name: a, cron: "0 1 * * *", lasts: 1h, timeZone: ../etc/passwd}', "structure.time-zone"),
    ],
)  # fmt: skip
def test_what_no_calendar_can_follow(freeze: str, rule: str) -> None:
    ((seen, line, column),) = found(freeze)
    assert (seen, line) == (rule, 3)
    assert column > 10


def test_a_machine_without_time_zones_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    freeze = '{name: a, cron: "0 1 * * *", lasts: 1h, timeZone: Europe/Paris}'
    document, _ = load_yaml("clusters/prod/environment.yaml", f"{HEAD}{freeze}\n".encode())
    assert document is not None
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath([str(tmp_path)])
    zoneinfo.ZoneInfo.clear_cache()
    freezes.has_zones.cache_clear()
    try:
        (one,) = check_freezes(Environment("prod", document), ())
    finally:
        zoneinfo.reset_tzpath()
        freezes.has_zones.cache_clear()
    assert "this machine has no time zones" in one.message and "tzdata" in one.fix


def test_what_can_be_followed_and_what_is_for_the_schema() -> None:
    assert found('{name: a, cron: "0 16 * * FRI", lasts: 64h}') == []
    assert found('{name: a, from: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z"}') == []
    assert found("{name: a, from: never, until: [1]}") == []
    assert found("none") == []
