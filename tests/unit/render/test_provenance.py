"""PROVENANCE: the inputs that were used, the outputs that must be there, a restore's mark."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.canonical import digest_bytes
from lockstep.render.provenance import (
    FILE_NAME,
    RENDER_FORMAT,
    Provenance,
    digests,
    original_provenance,
    parse_provenance,
    restore_provenance,
)
from tests.unit.render.rendering import STABLE, cluster, inputs_in, render_one
from tests.unit.render.specs import known

COMMIT = "c" * 40


def provenance_of(**spec: Any) -> Provenance:
    return parse_provenance(render_one(cluster(**spec)).files[FILE_NAME])


def test_it_holds_the_digest_of_every_other_file() -> None:
    folder = render_one(cluster())
    provenance = parse_provenance(folder.files[FILE_NAME])
    assert provenance.outputs == {
        name: digest_bytes(data) for name, data in folder.files.items() if name != FILE_NAME
    }
    assert provenance.holds(folder.files)
    assert not provenance.holds({**folder.files, "more.yaml": b""})
    assert not provenance.holds({**folder.files, "service.yaml": b""})


def test_it_names_the_templates_and_locks_that_were_used() -> None:
    provenance = provenance_of()
    assert known(provenance.templates) == [
        "application", "deployment", "destinationrule", "service", "serviceaccount",
        "virtualservice",
    ]  # fmt: skip
    assert sorted(provenance.inputs) == ["environment", "locks", "spec"]
    assert sorted(provenance.inputs["locks"]) == ["41"]
    assert (provenance.render_format, provenance.restored_from) == (RENDER_FORMAT, None)


def test_it_names_no_version_of_the_package_and_no_time() -> None:
    body = json.loads(render_one(cluster()).files[FILE_NAME])
    assert sorted(body) == ["inputs", "outputs", "renderFormat", "templates"]


@pytest.mark.parametrize(
    "spec",
    [
        {"host": "other.models.example.com"},
        {"namespace": "other"},
        {"hosts": ["fraud.example.com"]},
        {"gateways": ["istio-ingress/models"]},
        {"traffic": {"timeout": "3s"}},
        {"variants": [{**STABLE, "weight": 99}]},
        {"variants": [STABLE, {"name": "previous", "version": "42", "weight": 0, "warm": True}]},
    ],
)
def test_a_field_that_is_used_changes_the_inputs(spec: dict[str, Any]) -> None:
    assert provenance_of(**spec).inputs != provenance_of().inputs


@pytest.mark.parametrize(
    "spec",
    [
        {"residency": ["EU", "CH"]},
        {"variants": [STABLE, {"name": "candidate", "version": "42", "weight": 0}]},
        {"variants": [{**STABLE, "name": "champion"}]},
        {"traffic": {}},
    ],
)
def test_a_field_that_is_not_used_changes_nothing(spec: dict[str, Any]) -> None:
    assert render_one(cluster(**spec)).files == render_one(cluster()).files


DIGESTS = st.dictionaries(
    st.text(), st.text("0123456789abcdef").map(lambda t: digest_bytes(t.encode()))
)


@given(st.dictionaries(st.text(), st.text() | DIGESTS), DIGESTS, DIGESTS, st.booleans())
def test_writing_and_reading_are_inverse(
    inputs: dict[str, Any], templates: dict[str, str], outputs: dict[str, str], restored: bool
) -> None:
    marks = (COMMIT, inputs) if restored else (None, None)
    provenance = Provenance(inputs, templates, outputs, 1, *marks)
    data = provenance.to_bytes()
    assert parse_provenance(data) == provenance
    body = json.loads(data)
    assert data == (json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


GOOD: dict[str, Any] = {"renderFormat": 1, "inputs": {}, "templates": {}, "outputs": {}}


@pytest.mark.parametrize(
    "body",
    [
        [], "text", 1, None, {},
        {**GOOD, "renderFormat": "1"},
        {**GOOD, "renderFormat": True},
        {**GOOD, "inputs": []},
        {**GOOD, "outputs": {"a.yaml": "sha256:12"}},
        {**GOOD, "outputs": {"a.yaml": 12}},
        {**GOOD, "templates": None},
        {**GOOD, "restoredFrom": "main", "restoredFor": {}},
        {**GOOD, "restoredFrom": COMMIT},
        {**GOOD, "restoredFor": {}},
        {**GOOD, "more": 1},
    ],
)  # fmt: skip
def test_another_shape_is_refused(body: object) -> None:
    with pytest.raises(ValueError, match="PROVENANCE"):
        parse_provenance(json.dumps(body).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|PROVENANCE"):
        parse_provenance(data)


def test_a_restore_marks_the_old_provenance_and_keeps_all_of_it() -> None:
    old = render_one(cluster()).files[FILE_NAME]
    fresh = inputs_in(render_one(cluster(host="new.models.example.com")).files[FILE_NAME])
    marked = parse_provenance(restore_provenance(old, fresh, COMMIT))
    assert marked.restored_from == COMMIT
    assert marked.restored_for == fresh
    assert original_provenance(marked).to_bytes() == old
    assert marked.outputs == parse_provenance(old).outputs


def test_a_restore_of_a_restored_folder_names_the_newer_commit() -> None:
    old = render_one(cluster()).files[FILE_NAME]
    once = restore_provenance(old, inputs_in(old), COMMIT)
    twice = restore_provenance(once, inputs_in(old), "d" * 40)
    assert parse_provenance(twice).restored_from == "d" * 40


@pytest.mark.parametrize("commit", ["", "main", "c" * 39, "C" * 40, "c" * 40 + "\n"])
def test_only_a_full_commit_id_can_be_restored_from(commit: str) -> None:
    old = render_one(cluster()).files[FILE_NAME]
    with pytest.raises(ValueError, match="restoredFrom"):
        restore_provenance(old, inputs_in(old), commit)


def test_digests_leave_provenance_out() -> None:
    assert list(digests({"b.yaml": b"", FILE_NAME: b"", "a.yaml": b""})) == ["a.yaml", "b.yaml"]
