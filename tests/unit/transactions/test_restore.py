"""What a restore does with a verified state that is not as Lockstep records it."""

import pytest

from lockstep.render.provenance import FILE_NAME, parse_provenance
from lockstep.transactions.restore import CannotRestore, _marked, _without_change
from tests.unit.render.rendering import cluster, inputs_in, render_one

COMMIT = "c" * 40


@pytest.mark.parametrize("inside", [{}, {FILE_NAME: b"?"}, {FILE_NAME: b"{}"}])
@pytest.mark.parametrize("inputs", [None, {"spec": "x"}])
def test_a_tree_that_is_not_a_rendered_folder_is_refused(
    inside: dict[str, bytes], inputs: dict[str, str] | None
) -> None:
    with pytest.raises(CannotRestore, match="has no valid PROVENANCE"):
        _marked("rendered/prod/clusters/a", inside, inputs, COMMIT)


def test_the_mark_holds_the_inputs_of_today_and_else_those_of_the_bytes() -> None:
    files = dict(render_one(cluster()).files)
    today = _marked("a", files, {"spec": "x"}, COMMIT)
    assert parse_provenance(today[FILE_NAME]).restored_for == {"spec": "x"}
    unknown = _marked("a", files, None, COMMIT)
    assert parse_provenance(unknown[FILE_NAME]).restored_for == inputs_in(files[FILE_NAME])
    assert {n for n in files if files[n] != unknown[n]} == {FILE_NAME}


@pytest.mark.parametrize(
    ("field", "old", "new", "without"),
    [
        ("a.yaml#/spec/x", b"spec: {x: 1}", b"spec: {x: 2}", b'{"spec": {"x": 1}}'),
        ("a.yaml#/spec/x", b"spec: {}", b"spec: {x: 2}", b'{"spec": {}}'),
        ("a.yaml#/spec/x", b"spec: {x: 1}", b"spec: {}", b'{"spec": {"x": 1}}'),
        ("a.yaml#/s/x~1y#z", b"s: {x/y#z: 1}", b"s: {x/y#z: 2}", b'{"s": {"x/y#z": 1}}'),
        ("a#b.yaml#/x", b"x: [1]", b"x: [2]", b'{"x": [1]}'),
    ],
)  # fmt: skip
def test_one_changed_field_is_as_verified(
    field: str, old: bytes, new: bytes, without: bytes
) -> None:
    path = field.partition(".yaml")[0] + ".yaml"
    tree = {path: new, "other": b"stays"}
    assert _without_change(field, tree, {path: old}) == {path: without, "other": b"stays"}
