"""Which policy files reach OPA, and which are refused."""

from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.opa.files import (
    ARGUMENTS,
    as_in_repository,
    policies_digest,
    policy_files,
    write_policy_files,
)
from tests.unit.opa.parts import shipped_policies

MAIN = {"policies/main.rego": b"package lockstep\n"}
RULE = "policies/rules/one/one.rego"


def test_shipped_policies_are_accepted() -> None:
    files = policy_files(shipped_policies())
    assert "policies/rules/residency/residency.rego" in files
    assert "policies/data/organisation.yaml" in files


def test_only_rego_and_data_are_loaded() -> None:
    others = {
        "policies/schemas/family.json": b"{}",
        "policies/data/waivers/a.yaml": b"{}",
        "policies/rules/one/README.md": b"",
        "policies/rules/one/one_test.rego": b"package lockstep.rules.one_test\n",
        "policies/main_test.rego": b"package lockstep_test\n",
        "policies/rules/../../outside.rego": b"package lockstep.rules.one\n",
        "policies//main.rego": b"",
        "clusters/a.rego": b"package lockstep.rules.one\n",
    }
    assert policy_files({**MAIN, **others}) == MAIN


def test_tests_are_loaded_on_demand() -> None:
    tests = {
        "policies/rules/one/one_test.rego": b"package lockstep.rules.one_test\n",
        "policies/main_test.rego": b"package lockstep_test\n",
    }
    assert policy_files({**MAIN, **tests}, tests=True) == {**MAIN, **tests}


def test_no_entry_point_is_never_a_pass() -> None:
    with pytest.raises(LockstepError, match=r"no policies/main\.rego"):
        policy_files({RULE: b"package lockstep.rules.one\n"})


@pytest.mark.parametrize(
    "package",
    ["system.authz", "lockstep.server", "lockstep.server.more", "other", 'system["authz"]'],
)
def test_foreign_packages_are_refused(package: str) -> None:
    text = f"# METADATA\n# title: x\n\n  package\n  {package}\n".encode()
    with pytest.raises(LockstepError, match="is not a package of Lockstep's policies") as caught:
        policy_files({**MAIN, RULE: text})
    assert caught.value.where == RULE


@pytest.mark.parametrize(
    "start", ["\ufeff", "\r", "# a comment\n\r", "\r\n \t", "# one\n# package lockstep.lib.one\n"]
)
def test_a_foreign_package_hides_behind_nothing_that_opa_reads_over(start: str) -> None:
    text = f"{start}package system.authz\n\nallow := true\n".encode()
    with pytest.raises(LockstepError, match=r"package system\.authz is not a package"):
        policy_files({**MAIN, RULE: text})


@pytest.mark.parametrize(
    "text", ["", "# only this\n", "x := 1\n", "package\n", ";package lockstep\n"]
)
def test_a_file_without_a_package_is_refused(text: str) -> None:
    with pytest.raises(LockstepError, match="does not begin with its package") as caught:
        policy_files({**MAIN, RULE: text.encode()})
    assert caught.value.where == RULE


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("policies/lib/one.rego", "lockstep.rules.one"),
        ("policies/lib/one.rego", "lockstep"),
        ("policies/main.rego", "lockstep.lib.one"),
        ("policies/rules/one/one.rego", "lockstep.lib.one"),
        ("policies/rules/one/one.rego", "lockstep.rules.two"),
        ("policies/rules/one/one.rego", "lockstep.rules.one_"),
        ("policies/rules/one.rego", "lockstep.rules.one"),
    ],
)
def test_no_file_adds_to_the_package_of_another_folder(path: str, package: str) -> None:
    with pytest.raises(LockstepError, match="belongs to another folder") as caught:
        policy_files({**MAIN, path: f"package {package}\n".encode()})
    assert caught.value.where == path


@pytest.mark.parametrize("name", ["lockstep.bundle", "lockstep.probe", "lockstep.server.x"])
def test_what_lockstep_itself_answers_with_cannot_be_claimed(name: str) -> None:
    with pytest.raises(LockstepError, match="is not a package of Lockstep's policies"):
        policy_files({**MAIN, RULE: f"package {name}\n".encode()})


def test_thresholds_of_a_rule_are_data_and_other_files_beside_it_are_not() -> None:
    thresholds = b"thresholds: {one: {max: 1}}\n"
    others = {
        "policies/rules/one/thresholds.yaml": thresholds,
        "policies/rules/one/examples.yaml": b"a: 1\n",
        "policies/rules/one/thresholds.schema.json": b"{}",
        "policies/rules/one/more/thresholds.yaml": b"a: 1\n",
        "policies/rules/thresholds.yaml": b"a: 1\n",
    }
    loaded = policy_files({**MAIN, **others})
    assert loaded == {**MAIN, "policies/data/rule-one.yaml": thresholds}
    assert as_in_repository("policies/data/rule-one.yaml: bad") == (
        "policies/rules/one/thresholds.yaml: bad"
    )


def test_a_name_that_two_files_are_loaded_under_is_refused() -> None:
    both = {
        "policies/rules/one/thresholds.yaml": b"thresholds: {a: 1}\n",
        "policies/data/rule-one.yaml": b"thresholds: {b: 1}\n",
    }
    with pytest.raises(
        LockstepError, match=r"OPA loads policies/rules/one/thresholds\.yaml under this name"
    ):
        policy_files({**MAIN, **both})


def test_the_digest_is_of_what_is_loaded_and_of_nothing_else() -> None:
    tests = {"policies/rules/one/one_test.rego": b"package lockstep.rules.one_test\n"}
    known = policies_digest(policy_files(MAIN))
    assert known == policies_digest(policy_files({**MAIN, **tests, "policies/schemas/a.json": b""}))
    one = {RULE: b"package lockstep.rules.one\n"}
    other = {RULE.replace("one.rego", "two.rego"): b"package lockstep.rules.one\n"}
    all_digests = [known, *(policies_digest({**MAIN, **more}) for more in (one, other))]
    assert len(set(all_digests)) == 3
    assert policies_digest({"policies/lib/\udcff.rego": b""}).startswith("sha256:")


def test_all_folders_that_opa_loads_exist(tmp_path: Path) -> None:
    write_policy_files({**MAIN, RULE: b"package lockstep.rules.one\n"}, tmp_path)
    assert all((tmp_path / argument).exists() for argument in ARGUMENTS)
    assert (tmp_path / RULE).read_bytes() == b"package lockstep.rules.one\n"
