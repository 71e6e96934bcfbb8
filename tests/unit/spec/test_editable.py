"""Files that a rollout could not edit are found before it begins, and no others."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.model.errors import Invalid
from lockstep.model.finding import Finding
from lockstep.model.fleet import Cluster
from lockstep.spec import editable
from lockstep.spec.assemble import assemble
from lockstep.spec.edit import edit_variants
from tests.unit.fleets import FAMILY

PATH = "clusters/prod/fraud/a.yaml"
HEAD = b"kind: ModelCluster\nspec:\n  region: a\n"
STABLE = '    - {name: stable, version: "41", weight: 100}\n'


def cluster(body: str, family: bytes = FAMILY) -> tuple[Cluster, bytes]:
    data = HEAD + body.encode()
    fleet, findings = assemble({"clusters/prod/environment.yaml": b"kind: Environment",
                                "clusters/prod/fraud/family.yaml": family, PATH: data})  # fmt: skip
    assert not findings
    return fleet.environments["prod"].families["fraud"].clusters[0], data


def found(body: str, family: bytes = FAMILY) -> Finding | None:
    return editable.check_editable(*cluster(body, family))


@pytest.mark.parametrize(
    ("body", "place", "says"),
    [
        ('  variants:\n    - {name: stable, version: "41", weight: &all 100}\n'
         "  serving: {replicas: *all}\n",
         (5, 45), "the anchor '&all' in variants is used on line 6"),
        ('  variants:\n    - &one {name: stable, version: "41", weight: 100}\n  note: *one\n',
         (5, 7), "the anchor '&one' in variants is used on line 6"),
        ('  variants: [{name: stable, version: "41", weight: 100}]\n', (4, 13), "flow list"),
        ('  variants:\n    -\n      name: stable\n      version: "41"\n      weight: 100\n',
         (5, 5), "does not follow a plain dash"),
        (f"  x: &v\n{STABLE}  variants: *v\n", (6, 13), "an alias (*) repeats variants"),
    ],
)  # fmt: skip
def test_what_a_rollout_could_not_edit_is_a_finding_at_its_line(
    body: str, place: tuple[int, int], says: str
) -> None:
    finding = found(body)
    assert finding is not None and says in finding.message
    assert (finding.rule, finding.line, finding.column) == ("structure.not-editable", *place)
    assert finding.fix


def test_inherited_variants_are_found_in_the_cluster_that_lacks_its_own() -> None:
    family = FAMILY + b"  defaults:\n    variants:\n  " + STABLE.encode()
    finding = found("  host: a\n", family)
    assert finding is not None and "inherited from the family's defaults" in finding.message


@pytest.mark.parametrize(
    "body",
    [
        f"  variants:\n{STABLE}",
        f"  variants: # who serves\n{STABLE}",
        f'  note: "a & b"\n  variants:\n{STABLE}',
        '  variants:\n    - {name: stable, version: &v "41", weight: &w 100}\n',
        f"  memory: &m 1Gi\n  limit: *m\n  variants:\n{STABLE}",
        '  variants:\n    - name: stable\n      version: "41"\n      weight: 100\n',
    ],
)
def test_what_a_rollout_can_edit_is_no_finding(body: str) -> None:
    assert found(body) is None


ITEMS = (
    STABLE, "    # a comment\n", "    -\n      name: stable\n      version: '1'\n      weight: 1\n",
    '    - {name: candidate, version: "2", weight: &w 0}\n',
    '    - {name: arm, version: "3", weight: 0, experiment: true}\n',
    "    - name: previous\n      version: &v '4'\n      weight: 0\n      warm: true\n",
)  # fmt: skip
HEADS = ("  variants:\n", "  variants:   # c\n", "  variants: &all\n", '  "variants":\n')


@given(st.sampled_from(HEADS), st.lists(st.sampled_from(ITEMS), min_size=1, unique=True))
def test_what_is_not_tried_could_be_edited(head: str, items: list[str]) -> None:
    """The quick look agrees with every edit."""
    if not any("stable" in item for item in items):
        items = [STABLE, *items]
    one, data = cluster(head + "".join(items))
    if editable.check_editable(one, data) is not None:
        return
    for wanted in edits(one):
        edit_variants(one.document, data, wanted)


def edits(one: Cluster) -> Iterator[list[dict[str, object]]]:
    """The edits that are tried; those of a malformed file, which another check reports, end."""
    try:
        yield from editable._edits(one.variants)
    except (ValueError, Invalid):
        return
