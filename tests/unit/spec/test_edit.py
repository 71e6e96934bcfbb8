"""Edits of human files: the change is made, and every other byte stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.document import value_at
from lockstep.model.errors import Invalid
from lockstep.spec import variants as forms
from lockstep.spec.edit import VARIANTS, edit_variants
from lockstep.spec.yaml.load import load_yaml

HUMAN = b"""\
# yaml-language-server: $schema=x.json
kind: ModelCluster   # odd   spacing
spec:
  region: 'eu-west-1'
  variants:          # who serves
    # the one that pays the bills
    - {name: stable, version: "41", weight: 100}  # keep me
    # after the list

  host: "a"
"""


def edit(data: bytes, wanted: list[dict[str, object]]) -> bytes:
    document, findings = load_yaml("c.yaml", data)
    assert document is not None and not findings
    return edit_variants(document, data, wanted)


def variants_in(data: bytes) -> list[dict[str, object]]:
    document, _ = load_yaml("c.yaml", data)
    assert document is not None
    variants: list[dict[str, object]] = value_at(document.value, VARIANTS)
    return variants


def test_propose_adds_one_line_and_nothing_else() -> None:
    after = edit(HUMAN, forms.proposed(variants_in(HUMAN), "42"))
    added = b'    - {name: candidate, version: "42", weight: 0}\n'
    assert added not in HUMAN
    assert after.replace(added, b"") == HUMAN


def test_a_whole_rollout_and_the_way_back_give_the_same_bytes() -> None:
    data = edit(HUMAN, forms.proposed(variants_in(HUMAN), "42"))
    for weight in (1, 10, 50, 100):
        data = edit(data, forms.stepped(variants_in(data), "42", weight)) if weight < 100 else data
    data = edit(data, forms.shifted(variants_in(data), "42"))
    assert edit(data, [{"name": "stable", "version": "41", "weight": 100}]) == HUMAN


def test_roles_swap_at_a_hundred_percent_and_settle_when_verified() -> None:
    rolling = edit(HUMAN, forms.stepped(forms.proposed(variants_in(HUMAN), "42"), "42", 50))
    whole = edit(rolling, forms.stepped(variants_in(rolling), "42", 100))
    assert variants_in(whole) == [
        {"name": "stable", "version": "42", "weight": 100},
        {"name": "previous", "version": "41", "weight": 0, "warm": True},
    ]
    assert edit(whole, forms.verified(variants_in(whole))) == HUMAN.replace(b'"41"', b'"42"')


BLOCK_ITEMS = b"""\
spec:
  variants:
  -   name: stable   # role
      version: '41'
      weight: 60
  # an arm of the ranking test
  -   name: arm-b
      version: "7"
      weight: 40
      experiment: true

  # belongs to host
  host: a
"""


def test_block_mappings_keep_their_style_and_the_quotes_of_a_value() -> None:
    goal = forms.stepped(variants_in(BLOCK_ITEMS), "42", 100)
    after = edit(BLOCK_ITEMS, goal)
    assert b"version: '42'" in after
    assert b'\n  - {name: previous, version: "41", weight: 0, warm: true}\n\n' in after
    restored = edit(after, variants_in(BLOCK_ITEMS))
    assert restored == BLOCK_ITEMS


def test_windows_line_ends_stay_as_they_are() -> None:
    data = HUMAN.replace(b"\n", b"\r\n")
    after = edit(data, forms.proposed(variants_in(data), "42"))
    assert after.count(b"\r\n") == after.count(b"\n") == data.count(b"\n") + 1
    assert edit(after, variants_in(data)) == data


def test_an_anchor_that_nothing_uses_stays() -> None:
    data = HUMAN.replace(b'version: "41"', b"version: &v '41'").replace(b"100}", b"&w 100}")
    after = edit(data, [{"name": "stable", "version": "42", "weight": 99}])
    assert b"{name: stable, version: &v '42', weight: &w 99}  # keep me" in after
    assert edit(after, variants_in(data)) == data


STABLE = '{name: stable, version: "1", weight: 100}'


@pytest.mark.parametrize(
    "body", [f"x: &v\n    - {STABLE}\n  variants: *v", f"x: &v {STABLE}\n  variants:\n    - *v"]
)
def test_variants_that_an_alias_repeats_are_refused(body: str) -> None:
    with pytest.raises(Invalid, match="an alias"):
        edit(f"spec:\n  {body}\n".encode(), [{"name": "stable", "version": "2", "weight": 100}])


def test_a_version_that_an_alias_repeats_is_written_in_its_place() -> None:
    data = b'spec:\n  x: &v "1"\n  variants:\n    - {name: stable, version: *v, weight: 100}\n'
    wanted = [{"name": "stable", "version": "2", "weight": 100}]
    assert edit(data, wanted) == data.replace(b"*v", b'"2"')


def test_a_file_without_a_final_newline_comes_back_without_one() -> None:
    data = b'spec:\n  variants:\n    - {name: stable, version: "1", weight: 100}'
    after = edit(data, forms.proposed(variants_in(data), "2"))
    assert not after.endswith(b"\n")
    assert edit(after, variants_in(data)) == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'spec:\n  variants: [{name: stable, version: "1", weight: 100}]\n', "flow list"),
        (b"spec:\n  region: a\n", "inherited"),
        (
            b'spec:\n  variants:\n    - {name: stable, version: &v "1", weight: 100}\n  note: *v\n',
            "would change more than its variants",
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_refused_with_how_to_rewrite(
    data: bytes, reason: str
) -> None:
    with pytest.raises(Invalid, match=reason) as caught:
        edit(
            data,
            [
                {"name": "stable", "version": "2", "weight": 100},
                {"name": "previous", "version": "1", "weight": 0, "warm": True},
            ],
        )
    assert "one item a line" in caught.value.fix
    assert caught.value.where.startswith("c.yaml:")


def test_a_version_that_could_become_structure_is_refused() -> None:
    with pytest.raises(Invalid, match="safely"):
        edit(HUMAN, [{"name": "stable", "version": '1"}\nx: {y', "weight": 100}])


@given(st.lists(st.sampled_from(["propose", "1", "50", "100", "shift", "verify"]), max_size=12))
def test_any_path_of_forms_changes_variants_only_and_can_go_back(path: list[str]) -> None:
    first = variants_in(HUMAN)
    data = HUMAN
    for name in path:
        now = variants_in(data)
        goal = {
            "propose": lambda v: forms.proposed(v, "42"),
            "shift": lambda v: forms.shifted(v, "42"),
            "verify": forms.verified,
        }.get(name, lambda v, weight=name: forms.stepped(v, "42", int(weight)))(now)
        data = edit(data, goal)
    assert edit(data, first) == HUMAN
