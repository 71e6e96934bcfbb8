"""What the answers of servers mean: by pointer, and never a pass where it is not clear."""

import pytest

from lockstep.gate_sources.http_json.reading import Missing, at_pointer, condition, measure
from lockstep.model.document import Json
from lockstep.model.evidence import Measurement

NOW = "2026-03-01T10:00:00Z"
# The document of RFC 6901, 5.
RFC: Json = {
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6,
    " ": 7, "m~n": 8,
}  # fmt: skip


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", RFC), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1),
        ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8),
    ],
)  # fmt: skip
def test_pointers_are_those_of_the_rfc(pointer: str, value: Json) -> None:
    assert at_pointer(RFC, pointer) == value


@pytest.mark.parametrize(
    "pointer", ["/foo/2", "/foo/-1", "/foo/-", "/foo/01", "/foo/0/x", "/none", "foo", "/m~1n"]
)
def test_a_pointer_to_nothing_finds_nothing(pointer: str) -> None:
    with pytest.raises(Missing):
        at_pointer(RFC, pointer)


@pytest.mark.parametrize("value", [None, True, "0.02", "NaN", [0.02], {"value": 0.02}], ids=str)
def test_what_is_not_a_number_is_not_measured(value: Json) -> None:
    found = measure({"value": "/v", "max": 1}, {"v": value}, NOW)
    assert found.value is None and "is not a number" in found.problem


def test_a_value_that_is_missing_is_not_measured() -> None:
    found = measure({"value": "/v", "max": 1}, {"w": 1}, NOW)
    assert (found.value, found.problem) == (None, "there is nothing at '/v'")


def test_a_value_without_a_time_was_measured_when_it_was_asked_for() -> None:
    assert measure({"value": "/v"}, {"v": 3}, NOW) == Measurement(3, None, NOW)


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-01T08:00:00Z",
        "2026-03-01T09:00:00.5+01:00",
        1772352000,
        1772352000000,
        1772352000.9,
    ],
)
def test_times_are_text_with_a_zone_or_numbers_since_1970(time: Json) -> None:
    found = measure({"value": "/v", "time": "/t"}, {"v": 1, "t": time}, NOW)
    assert found.time == "2026-03-01T08:00:00Z"


@pytest.mark.parametrize(
    "time", [None, True, "", "2026-03-01T08:00:00", "noon", [], 1e300, -1e14, "1772352000"], ids=str
)
def test_a_time_that_cannot_be_told_is_a_problem(time: Json) -> None:
    found = measure({"value": "/v", "time": "/t"}, {"v": 1, "t": time}, NOW)
    assert found.value is None and "is not a time with a zone" in found.problem


def test_samples_are_a_whole_number() -> None:
    gate = {"value": "/v", "samples": "/n"}
    assert measure(gate, {"v": 1, "n": 400.0}, NOW).samples == 400
    for count in (None, True, "400", -1, 0.5, 2**53, [400]):
        found = measure(gate, {"v": 1, "n": count}, NOW)
        assert found.value is None and "is not a count of samples" in found.problem


@pytest.mark.parametrize(
    ("value", "expected", "holds"),
    [
        ("SUCCESS", "SUCCESS", True), ("FAIL", "SUCCESS", False), (1, 1.0, True), (2, 1, False),
        (True, True, True), (False, True, False), (["a", 1], ["a", 1], True),
        (["a"], ["a", "b"], False), (["b", "a"], ["a", "b"], False), ([1], [True], False),
        (None, "SUCCESS", None), (1, "SUCCESS", None), (1, True, None), ("true", True, None),
        ({"a": 1}, "a", None), ("a", ["a"], None),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_neither_holds_nor_fails(
    value: Json, expected: Json, holds: bool | None
) -> None:
    assert condition({"value": "/v", "equals": expected}, {"v": value}, expected).holds is holds


def test_a_missing_value_neither_holds_nor_fails() -> None:
    found = condition({"value": "/v", "equals": 1}, {}, 1)
    assert (found.holds, found.reason) == (None, "there is nothing at '/v'")


GATE: Json = {"each": "/tests", "value": "/status", "equals": "SUCCESS"}


@pytest.mark.parametrize(
    ("statuses", "holds", "reason"),
    [
        (["SUCCESS", "SUCCESS"], True, "all 2 are SUCCESS"),
        (["SUCCESS", "FAIL"], False, "test 1 is FAIL, must be SUCCESS"),
        ([None, "FAIL"], False, "test 1 is FAIL, must be SUCCESS"),
        ([None, "SUCCESS"], None, "test 0 is null, must be SUCCESS"),
        (["FAIL"] * 5, False,
         "test 0 is FAIL, test 1 is FAIL, test 2 is FAIL and 2 more, must be SUCCESS"),
        ([], None, "there is no item at '/tests'"),
    ],
)  # fmt: skip
def test_all_items_have_to_be_as_expected(
    statuses: list[Json], holds: bool | None, reason: str
) -> None:
    tests = [{"name": f"test {i}", "status": status} for i, status in enumerate(statuses)]
    found = condition(GATE, {"tests": tests}, "SUCCESS")
    assert (found.holds, found.reason) == (holds, reason)


@pytest.mark.parametrize(
    "tests", [None, {"a": 1}, "SUCCESS", [1], ["SUCCESS"], [{}], [[]]], ids=str
)
def test_items_of_another_form_never_hold(tests: Json) -> None:
    assert condition(GATE, {"tests": tests}, "SUCCESS").holds is None


def test_more_items_than_can_be_compared_never_hold() -> None:
    tests = [{"status": "SUCCESS"}] * 10_001
    assert condition(GATE, {"tests": tests}, "SUCCESS").holds is None


def test_what_a_server_says_stays_on_one_line() -> None:
    tests = [{"name": "a\x1b[2J\nb", "status": "no\x1b\n"}]
    assert condition(GATE, {"tests": tests}, "SUCCESS").reason.isprintable()
