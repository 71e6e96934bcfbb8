"""Which policy files reach OPA, and which are refused."""

from pathlib import Path

import pytest

from lockstep.edges.opa_files import ARGUMENTS, IMPURE, policy_files, write_policy_files
from lockstep.model.errors import LockstepError
from tests.unit.edges.opa_parts import shipped_policies

MAIN = {"policies/main.rego": b"package lockstep\n"}
RULE = "policies/rules/one/one.rego"


def test_shipped_policies_are_accepted() -> None:
    files = policy_files(shipped_policies())
    assert "policies/rules/residency/residency.rego" in files
    assert "policies/data/residency.yaml" in files


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
    with pytest.raises(LockstepError, match="is not one of Lockstep's policies") as caught:
        policy_files({**MAIN, RULE: text})
    assert caught.value.where == RULE


@pytest.mark.parametrize("builtin", IMPURE)
def test_impure_builtins_are_refused_with_their_line(builtin: str) -> None:
    text = f"package lockstep.rules.one\n\n# fine\nx := {builtin}(input)\n".encode()
    with pytest.raises(LockstepError, match="depend on more than its input") as caught:
        policy_files({**MAIN, RULE: text})
    assert caught.value.where == f"{RULE}:4"


def test_impure_builtins_in_brackets_are_refused() -> None:
    with pytest.raises(LockstepError, match="must not use"):
        policy_files({**MAIN, RULE: b'package lockstep.rules.one\n\nx := http["send"](input)\n'})


def test_a_comment_may_speak_of_them() -> None:
    text = b"# never http.send\npackage lockstep.rules.one\n"
    assert RULE in policy_files({**MAIN, RULE: text})


def test_all_folders_that_opa_is_told_of_exist(tmp_path: Path) -> None:
    write_policy_files({**MAIN, RULE: b"package lockstep.rules.one\n"}, tmp_path)
    assert all((tmp_path / argument).exists() for argument in ARGUMENTS)
    assert (tmp_path / RULE).read_bytes() == b"package lockstep.rules.one\n"
