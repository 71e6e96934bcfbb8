"""Locks: written so that they read back exactly, and compared with the registry."""

import re
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.model.document import Document, Json
from lockstep.model.errors import Invalid
from lockstep.model.finding import Severity
from lockstep.spec.lock import build_lock, compare_lock, refresh_lock, write_lock
from lockstep.spec.yaml.load import load_yaml

PATH = "clusters/prod/fraud-detection/locks/42.yaml"
SPEC: Json = {
    "identity": {
        "registry": "mlflow",
        "model": "fraud",
        "version": "42",
        "digest": "sha256:" + "ab" * 32,
        "source": "models:/m-1",
        "modelId": "m-1",
        "run": None,
    },
    "facts": {
        "readAt": "2026-01-31T08:00:00Z",
        "status": "READY",
        "archived": False,
        "datasets": [{"name": "train", "digest": "1e3", "context": "training"}],
        "metrics": [
            {
                "name": "auc",
                "value": 0.95,
                "dataset": "holdout-eu-west-1",
                "datasetDigest": "0123",
                "samples": 5000,
                "measuredAt": "2026-01-30T08:00:00Z",
                "problem": "",
            }
        ],
        "signature": None,
        "tags": {"NO": "1:30", "team": "risk"},
        "lineage": {"copiedFrom": None},
    },
}


def lock_with(**facts: Json) -> Json:
    spec = deepcopy(SPEC)
    spec["facts"].update(facts)
    return build_lock("prod", "fraud-detection", spec)


def written(lock: Json) -> Document:
    document, findings = load_yaml(PATH, write_lock(lock))
    assert findings == []
    assert document is not None
    return document


def test_a_lock_reads_back_as_it_was_and_says_who_wrote_it() -> None:
    data = write_lock(lock_with())
    assert data.startswith(b"# machine-written by lockstep lock; do not edit\n")
    assert written(lock_with()).value == lock_with()
    assert data == write_lock(deepcopy(lock_with()))


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
TRAPS = ["no", "NO", "1:30", "012", "2026-01-31", "1e3", "~", "null", "", " a", "<<", "&a", "*a"]
TRAPS += [
    "!!x",
    "- a",
    "a: b",
    "a #b",
    "'",
    '"',
    "\\",
    "{}",
    "%a",
    "@a",
    "=",
    ".nan",
    "0x1f",
    "---",
]
TRAPS += ["\u200b", "\u202e", "\u2060", "e\u0301", "\u00e9", "yes", " leading", "trailing "]
TRAPS += ["\x85", "\u2028", "\ufeff", "\x00", "\n", "\t", "\x7f", "\N{ROCKET}"]
traps = st.sampled_from(TRAPS)
scalars = st.one_of(
    text,
    traps,
    st.booleans(),
    st.none(),
    st.integers(min_value=-(10**15), max_value=10**15),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.one_of(text, traps), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(values)
def test_any_facts_read_back_exactly(value: Json) -> None:
    lock = lock_with(tags={"anything": value})
    assert written(lock).value == lock


def test_a_lock_that_would_be_too_large_is_not_written() -> None:
    with pytest.raises(Invalid) as caught:
        write_lock(lock_with(tags={str(i): "x" * 1000 for i in range(600)}))
    message = caught.value.message
    assert re.match(
        r"the lock would have \d+ bytes; at most 524288 are allowed: tags \d+, ", message
    )
    assert caught.value.fix.endswith("facts are never cut")


def test_a_lock_of_too_many_values_is_not_written() -> None:
    with pytest.raises(Invalid, match="could not be read again: the file has more than 50000 val"):
        write_lock(lock_with(tags={"x": [1] * 50_000}))


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u202e", "\u2060", "\ufeff", "\U000e0041", "\r", "\r\n", "\x00", "\ufffe"]
)
def test_invisible_characters_are_written_as_escapes_and_read_back(hidden: str) -> None:
    lock = lock_with(tags={f"a{hidden}b": f"{hidden}c"})
    assert hidden not in write_lock(lock).decode().replace("\n", "")
    assert written(lock).value == lock


def test_another_time_of_reading_is_no_difference() -> None:
    fresh = lock_with(readAt="2026-02-28T08:00:00Z")
    assert compare_lock(written(lock_with()), fresh) == []


def test_another_identity_is_an_error_at_the_field_that_differs() -> None:
    fresh = lock_with()
    fresh["spec"]["identity"]["digest"] = "sha256:" + "cd" * 32
    (finding,) = compare_lock(written(lock_with()), fresh)
    assert (finding.rule, finding.severity) == ("lock.identity", Severity.ERROR)
    assert finding.pointer == "/spec/identity/digest"
    line = write_lock(lock_with()).decode().splitlines()[finding.line - 1]
    assert line.strip().startswith("digest:")
    assert "ab" * 32 in finding.message
    assert "cd" * 32 in finding.message


def test_a_missing_identity_is_an_error_too() -> None:
    lock = lock_with()
    del lock["spec"]["identity"]
    findings = compare_lock(written(lock), lock_with())
    assert {f.rule for f in findings} == {"lock.identity"}


def test_other_facts_are_one_warning_that_lists_them() -> None:
    metric = {**SPEC["facts"]["metrics"][0], "value": 0.91}
    fresh = lock_with(metrics=[metric], status="FAILED", tags={"team": "fraud"})
    (finding,) = compare_lock(written(lock_with()), fresh)
    assert (finding.rule, finding.severity) == ("lock.stale", Severity.WARNING)
    for part in ("metric auc on holdout-eu-west-1", "status", "tag NO", "tag team"):
        assert part in finding.message
    assert "readAt" not in finding.message


def test_a_long_list_of_changes_is_cut_and_counted() -> None:
    fresh = lock_with(tags={f"tag-{i}": "x" for i in range(20)})
    (finding,) = compare_lock(written(lock_with()), fresh)
    assert "and 14 more" in finding.message


def test_a_refresh_writes_new_facts() -> None:
    fresh = lock_with(status="FAILED", readAt="2026-02-28T08:00:00Z")
    assert refresh_lock(written(lock_with()), fresh) == (fresh, [])


def test_a_refresh_never_changes_the_identity() -> None:
    fresh = lock_with(status="FAILED")
    fresh["spec"]["identity"]["modelId"] = "m-2"
    lock, findings = refresh_lock(written(lock_with()), fresh)
    assert lock == lock_with()
    assert [f.rule for f in findings] == ["lock.identity"]


OLD: Json = {
    "inputs": [{"name": "a", "type": "long"}],
    "outputs": [{"name": "", "type": "double"}],
}
WHOLE: Json = {
    "inputs": [{"name": "a", "type": "long", "required": False}],
    "outputs": [{"name": None, "type": "double", "required": True}],
    "params": [],
}


def messages(known: Json, fresh: Json) -> list[tuple[str, Severity, str]]:
    found = compare_lock(written(known), fresh)
    return [(each.rule, each.severity, each.message) for each in found]


def test_a_lock_of_an_earlier_version_is_read_and_can_be_refreshed() -> None:
    fresh = lock_with(signature=WHOLE)
    expected = (
        "an earlier version of Lockstep wrote the lock, without the params of the signature and "
        "without which columns are required"
    )
    assert messages(lock_with(signature=OLD), fresh) == [("lock.stale", Severity.WARNING, expected)]
    assert refresh_lock(written(lock_with(signature=OLD)), fresh) == (fresh, [])
    assert messages(fresh, fresh) == []


@pytest.mark.parametrize("inputs", [[], [{"name": "b", "type": "long"}], "lost", None])
def test_another_signature_in_an_old_lock_is_a_change(inputs: Json) -> None:
    found = messages(lock_with(signature={**OLD, "inputs": inputs}), lock_with(signature=WHOLE))
    assert found[-1][2] == "the registry has changed since the lock was written: signature"


def test_required_and_params_are_facts_that_can_change() -> None:
    for side, value in (("inputs", []), ("params", [{"name": "p"}])):
        found = messages(lock_with(signature={**WHOLE, side: value}), lock_with(signature=WHOLE))
        assert [each[2] for each in found] == [
            "the registry has changed since the lock was written: signature"
        ]


REMOVED: Json = {"copiedFrom": "models:/a/1", "removed": ["copiedFrom", "loggedModel", "run"]}


def test_what_was_removed_is_a_warning_at_its_place_and_not_another_identity() -> None:
    known = lock_with(lineage={"copiedFrom": "models:/a/1"})
    found = compare_lock(written(known), lock_with(lineage=REMOVED))
    assert {(each.rule, each.severity) for each in found} == {("lock.removed", Severity.WARNING)}
    assert [each.pointer for each in found] == [
        "/spec/facts/lineage",
        "/spec/identity/modelId",
        "/spec/identity/run",
    ]
    assert found[0].message == (
        "the registry has removed the version models:/a/1 that it was copied from; the version "
        "and its files are intact, and facts that only this could show stay as the lock has them"
    )


def test_what_was_removed_is_reported_as_long_as_it_is() -> None:
    known = lock_with(lineage=REMOVED)
    assert len(compare_lock(written(known), known)) == 3
    restored = lock_with(lineage={"copiedFrom": "models:/a/1"})
    assert [each.rule for each in compare_lock(written(known), restored)] == ["lock.stale"]
