"""Freezes that a schema lets through and that never come."""

import pytest

from lockstep.model.fleet import Environment
from lockstep.spec.structure.freezes import check_freezes
from lockstep.spec.yaml.load import load_yaml

HEAD = "spec:\n  freezes:\n    - "


def found(freeze: str) -> list[tuple[str, int, int]]:
    document, findings = load_yaml("clusters/prod/environment.yaml", f"{HEAD}{freeze}\n".encode())
    assert document is not None and not findings
    return [(f.rule, f.line, f.column) for f in check_freezes(Environment("prod", document))]


@pytest.mark.parametrize(
    ("freeze", "rule"),
    [
        ('{name: a, cron: "61 * * * *", lasts: 1h}', "structure.cron"),
        ('{name: a, cron: "0 0 31 2 *", lasts: 1h}', "structure.cron"),
        ('{name: a, from: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z"}',
         "structure.freeze-ends-first"),
        ("{name: a, families: [lost]}", "structure.unknown-family"),
    ],
)  # fmt: skip
def test_what_no_calendar_can_follow(freeze: str, rule: str) -> None:
    ((seen, line, column),) = found(freeze)
    assert (seen, line) == (rule, 3)
    assert column > 10


def test_what_can_be_followed_and_what_is_for_the_schema() -> None:
    assert found('{name: a, cron: "0 16 * * FRI", lasts: 64h}') == []
    assert found('{name: a, from: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z"}') == []
    assert found("{name: a, from: never, until: [1]}") == []
    assert found("none") == []
