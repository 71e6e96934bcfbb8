"""Which files of a tree a verb reads for one family, and which family a name means."""

import pytest

from lockstep.model.errors import UsageError
from lockstep.model.fleet import Fleet
from lockstep.spec.assemble import assemble
from lockstep.spec.selection import (
    by_family,
    choose_families,
    choose_family,
    missing_heads,
    only_heads,
)

FILES = dict.fromkeys(
    (
        "clusters/prod/environment.yaml",
        "clusters/prod/fraud/family.yaml",
        "clusters/prod/fraud/locks/1.yaml",
        "clusters/prod/other/family.yaml",
        "clusters/stray.yaml",
        "ledger/README.md",
        "ledger/prod/stray.json",
        "ledger/prod/fraud/000001.json",
        "ledger/prod/other/000001.json",
        "policies/main.rego",
    ),
    b"",
)


def test_a_family_is_read_with_its_environment_and_what_all_share() -> None:
    shared, families = by_family(FILES)
    assert list(shared) == ["clusters/prod/environment.yaml", "policies/main.rego"]
    assert {name: list(tree) for name, tree in families.items()} == {
        "fraud": [
            "clusters/prod/fraud/family.yaml",
            "clusters/prod/fraud/locks/1.yaml",
            "ledger/prod/fraud/000001.json",
        ],
        "other": ["clusters/prod/other/family.yaml", "ledger/prod/other/000001.json"],
    }


def test_heads_name_environments_and_families() -> None:
    assert list(only_heads(FILES)) == [
        "clusters/prod/environment.yaml",
        "clusters/prod/fraud/family.yaml",
        "clusters/prod/other/family.yaml",
    ]


def test_an_unknown_family_is_named_as_it_was_given() -> None:
    files = dict.fromkeys(("clusters/staging/environment.yaml",), b"kind: Environment\n")
    with pytest.raises(UsageError, match="there is no family 'staging/fraud'"):
        choose_family(assemble(files)[0], "staging/fraud", None)


@pytest.mark.parametrize(
    ("asked", "environment", "says", "fix"),
    [
        ("fraud", "stagin", "there is no environment 'stagin'", "choose from staging, prod"),
        ("stagin/fraud", None, "there is no environment 'stagin'", "choose from staging, prod"),
        ("fraud", "staging", "there is no family 'fraud' in the environment staging",
         "choose from prod/fraud"),
        ("staging/fraud", None, "there is no family 'staging/fraud'", "choose from prod/fraud"),
        ("fraud", "", "there is no environment ''", "choose from prod, staging"),
    ],
)  # fmt: skip
def test_a_family_of_another_environment_is_named_with_its_own(
    asked: str, environment: str | None, says: str, fix: str
) -> None:
    heads = (f"clusters/{name}/environment.yaml" for name in ("prod", "staging"))
    files = dict.fromkeys(heads, b"kind: Environment\n")
    fleet, _ = assemble({**files, "clusters/prod/fraud/family.yaml": b"kind: ModelFamily\n"})
    with pytest.raises(UsageError) as error:
        choose_family(fleet, asked, environment)
    assert (error.value.message, error.value.fix) == (says, fix)


@pytest.mark.parametrize(
    ("asked", "fix"),
    [
        (
            "prod/m10x",
            "choose from prod/m10, prod/fraud, prod/m00, prod/m01, prod/m02, prod/m03, prod/m04, "
            "prod/m05, prod/m06, prod/m07 and 2 more",
        ),
        (
            "scoring",
            "choose from prod/fraud, prod/m00, prod/m01, prod/m02, prod/m03, prod/m04, prod/m05, "
            "prod/m06, prod/m07, prod/m08 and 2 more",
        ),
    ],
)
def test_an_unknown_family_has_a_fix_of_bounded_length(asked: str, fix: str) -> None:
    names = ["fraud", *(f"m{number:02}" for number in range(11))]
    files = {f"clusters/prod/{name}/family.yaml": b"kind: ModelFamily\n" for name in names}
    fleet, _ = assemble({"clusters/prod/environment.yaml": b"kind: Environment\n", **files})
    with pytest.raises(UsageError) as error:
        choose_family(fleet, asked, None)
    assert error.value.fix == fix


def test_a_whole_name_may_be_given_with_its_environment_too() -> None:
    family = {"clusters/prod/fraud/family.yaml": b"kind: ModelFamily\n"}
    fleet, _ = assemble({"clusters/prod/environment.yaml": b"kind: Environment\n", **family})
    assert choose_family(fleet, "prod/fraud", "prod")[1].name == "fraud"
    assert [each.name for each in choose_families(fleet, "prod/fraud", "prod")] == ["fraud"]
    with pytest.raises(UsageError, match="'prod/fraud' is of another environment than ") as error:
        choose_family(fleet, "prod/fraud", "staging")
    assert "leave out --environment" in error.value.fix


def test_a_fleet_without_families_has_a_fix_too() -> None:
    with pytest.raises(UsageError) as error:
        choose_family(Fleet(), "fraud", None)
    assert "lockstep validate" in error.value.fix


def test_families_that_are_gone_or_unreadable_get_an_empty_head() -> None:
    heads = missing_heads(FILES, assemble(FILES)[0])
    assert heads["clusters/prod/environment.yaml"] == b"kind: Environment"
    both = {f"clusters/prod/{name}/family.yaml" for name in ("fraud", "other")}
    assert heads.keys() == {"clusters/prod/environment.yaml", *both}
    assert missing_heads({}, Fleet()) == {}
