"""Records as files: one form, read back whole, and refused with ValueError in any other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from lockstep.model.canonical import digest_bytes
from lockstep.model.decision import Decision, VerifiedState
from lockstep.model.document import value_at
from lockstep.model.record import read_record, write_record
from tests.unit.model.records import DECISIONS, FULL

DATA = write_record(FULL)


def test_a_record_is_sorted_indented_json_with_a_final_newline() -> None:
    assert DATA.endswith(b"}\n") and not DATA.endswith(b"\n\n")
    body = json.loads(DATA)
    assert DATA.decode() == json.dumps(body, indent=2, sort_keys=True) + "\n"
    assert body["kind"] == "Decision" and body["spec"]["id"] == FULL.id
    assert all(getattr(FULL, field.name) for field in fields(FULL)), "every field is in it"


def test_a_full_record_reads_back_whole() -> None:
    record = read_record(DATA)
    assert record.decision == FULL
    assert record.stated_id == FULL.id
    assert record.digest.startswith("sha256:")


@given(DECISIONS)
def test_every_decision_comes_back_from_its_own_bytes(decision: Decision) -> None:
    data = write_record(decision)
    record = read_record(data)
    assert record.decision == decision
    assert record.stated_id == decision.id
    assert write_record(record.decision) == record.data == data
    text = json.dumps(json.loads(data), indent=2, sort_keys=True, ensure_ascii=False)
    assert data == (text + "\n").encode()


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused_or_changes_the_digest(at: int, difference: int) -> None:
    changed = bytearray(DATA)
    changed[at] ^= difference
    try:
        record = read_record(bytes(changed))
    except ValueError:
        return
    assert record.digest != read_record(DATA).digest
    # a field whose name was changed is one of a later program, and what is left may say the same
    assert json.loads(record.data) != json.loads(DATA)


@pytest.mark.parametrize(
    "data",
    [
        DATA[:-1], DATA + b"\n", b" " + DATA, b"\xef\xbb\xbf" + DATA, DATA.replace(b"\n", b"\r\n"),
        json.dumps(json.loads(DATA)).encode(), DATA.decode().encode("utf-16"),
        DATA.replace(b'"actor"', b'"actor": "b",\n    "actor"'),
        DATA.replace(b'"quarantines": true', b'"quarantines":  true'),
        DATA.replace(b"every", b"\\u0065very"),
        DATA.replace(b'"kind": "Decision"', b'"kind": "Judgement"'),
        DATA.replace(b"v1alpha1", b"v2"),
        DATA.replace(b'"reason"', b'"motive"'),
    ],
)  # fmt: skip
def test_the_same_in_another_form_is_refused(data: bytes) -> None:
    assert data != DATA
    with pytest.raises(ValueError, match=r"form|required|not a|malformed|Invalid"):
        read_record(data)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"1", b'"x"', b"{}", b"\xff\xfe\xfd", b"NaN", b"[" * 100_000,
        b'{"a":' * 100_000, b'{"apiVersion": "lockstep.dev/v1alpha1", "kind": "Decision"}',
        b"1" * 10_000, b'{"kind": NaN}',
    ],
)  # fmt: skip
def test_what_is_not_a_record_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_record(data)


HOSTILE: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, "", "x", "\ud800", [], ["x"], {}, {"x": 1}, [[]],
    float("nan"), float("inf"),
]  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at]
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        found += [place for key, each in inner for place in places(each, (*at, key))]
    return found


def with_value(place: tuple[Any, ...], value: Any) -> bytes:
    body = json.loads(DATA)
    holder = body
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = value
    return (json.dumps(body, indent=2, sort_keys=True) + "\n").encode()


@pytest.mark.parametrize("place", places(json.loads(DATA))[1:], ids=str)
def test_a_hostile_value_is_refused_or_has_the_type_of_its_field(place: tuple[Any, ...]) -> None:
    for value in HOSTILE:
        data = with_value(place, value)
        try:
            decision = read_record(data).decision
        except ValueError:
            continue
        assert read_record(data).data == data
        assert str(decision.to) and decision.path.endswith(".json")
        assert isinstance(decision.reason, str) and isinstance(decision.variants, dict)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("metadata", "sequence"), True), (("metadata", "sequence"), 0),
        (("metadata", "sequence"), 7.0), (("spec", "to", "wave"), "x"),
        (("spec", "to", "step"), -1), (("spec", "to", "step"), None),
        (("spec", "decidedAt"), "2026-03-01"), (("spec", "decidedAt"), "2026-03-01T09:00:00+01:00"),
        (("spec", "base"), "HEAD"), (("spec", "base"), "a" * 41), (("spec", "base"), "A" * 40),
        (("spec", "verifiedState", "commit"), "--upload-pack=x"),
        (("spec", "verifiedState", "files", "clusters/prod/fraud/a.yaml"), "HEAD:secret\n"),
        (("spec", "verifiedState", "folders", "rendered"), 1),
        (("spec", "variants", "fraud-a"), {}), (("spec", "variants", "fraud-a", 0, "weight"), "1"),
        (("spec", "variants", "fraud-a", 0, "warm"), 1),
        (("spec", "variants", "fraud-a", 0, "version"), 41),
        (("spec", "variants", "fraud-a", 0, "name"), None),
        (("spec", "variants", "fraud-a", 0, "weight"), 101),
        (("spec", "restored", "changed"), "x"), (("spec", "unchecked", 0), {}),
        (("spec", "brokenRecords", "ledger/prod/fraud/000006.json"), 1),
        (("spec", "plan", "waves"), float("nan")), (("spec", "id"), None), (("metadata",), []),
        (("metadata", "sequence"), 1_000_000), (("spec", "action"), "promote"),
    ],
)  # fmt: skip
def test_a_value_that_no_record_has_is_refused(place: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_record(with_value(place, value))


def test_what_json_cannot_say_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_record(replace(FULL, plan={"x": float("nan")}))
    with pytest.raises(ValueError, match="surrogates"):
        write_record(replace(FULL, reason="\udcff"))


def test_a_verified_state_without_objects_is_still_one() -> None:
    assert read_record(
        write_record(replace(FULL, verified_state=VerifiedState(None, {}, {})))
    ).decision.verified_state


def test_a_forged_id_is_read_and_kept_with_the_true_one() -> None:
    forged = DATA.replace(FULL.id.encode(), b"sha256:" + b"0" * 64)
    record = read_record(forged)
    assert (record.stated_id, record.decision.id) == ("sha256:" + "0" * 64, FULL.id)


LATER: Any = {"at": ["a later version", {"of": 1.5}]}
"""A value of a field that this program does not know."""

FIXED = [
    place
    for place in places(json.loads(DATA))
    if place[-2:] not in {("spec", "variants"), ("spec", "plan")}
    and place[-1:] not in {("files",), ("folders",), ("gate",), ("brokenRecords",)}
    and isinstance(value_at(json.loads(DATA), place), dict)
    and "plan" not in place[:-1]
]
"""The places in a record of the objects whose fields are fixed."""


@pytest.mark.parametrize("place", FIXED, ids=str)
def test_a_field_of_a_later_program_is_kept_and_covered_by_the_digest(
    place: tuple[Any, ...],
) -> None:
    data = with_value((*place, "later"), LATER)
    record = read_record(data)
    assert (record.decision, record.data) == (FULL, data)
    assert record.digest == digest_bytes(data) != read_record(DATA).digest
    changed = read_record(with_value((*place, "later"), None))
    assert (changed.decision, changed.stated_id) == (FULL, FULL.id)
    assert changed.digest != record.digest


def test_metadata_says_whose_record_it_is_whatever_else_spec_holds() -> None:
    record = read_record(with_value(("spec", "environment"), "dev"))
    assert record.decision == FULL
    with pytest.raises(ValueError, match="environment"):
        read_record(with_value(("spec", "environment"), "dev").replace(
            b'  "metadata": {\n    "environment": "prod",\n', b'  "metadata": {\n'
        ))  # fmt: skip


@pytest.mark.parametrize(
    ("place", "value"),
    [(("gate",), "x"), (("answer", "candidate", "value"), "0.9"), (("verdict",), "perhaps")],
)
def test_evidence_that_cannot_be_read_is_left_out_and_the_record_says_so(
    place: tuple[str, ...], value: str
) -> None:
    record = read_record(with_value(("spec", "evidence", 0, *place), value))
    assert record.decision == replace(FULL, evidence=())
    assert place[-1] in record.unreadable and read_record(write_record(FULL)).unreadable == ""
