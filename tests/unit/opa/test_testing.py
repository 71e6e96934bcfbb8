"""opa check and opa test: what the compiler itself refuses, and what it reports."""

from pathlib import Path

import pytest

from lockstep.model.errors import LockstepError
from lockstep.opa.testing import OpaReport, check_and_test
from tests.unit.opa.parts import opa_program

MAIN = "policies/main.rego"
TESTS = "policies/main_test.rego"


def report(main: str, tests: str = "") -> OpaReport:
    files = {MAIN: f"package lockstep\n\n{main}\n".encode()}
    if tests:
        files[TESTS] = f"package lockstep_test\n\nimport data.lockstep\n\n{tests}\n".encode()
    return check_and_test(files, opa_program())


def test_all_that_ran_is_counted() -> None:
    assert report("one := 1", "test_one if lockstep.one == 1") == OpaReport(
        passed=1, coverage=100.0
    )


def test_no_tests_are_no_success() -> None:
    assert report("one := 1").passed == 0


@pytest.mark.parametrize(
    "call",
    [
        'http.send({"method": "get", "url": "http://127.0.0.1:1"})',
        "opa.runtime()",
        'net.lookup_ip_addr("localhost")',
        "time.now_ns()",
        'rand.intn("x", 3)',
        'json.match_schema({}, {"$ref": "http://127.0.0.1:1"})',
    ],
)
def test_the_compiler_knows_no_impure_builtin(call: str) -> None:
    refused = report(f"x := {call}").refused
    assert "policies/main.rego:3" in refused
    assert "must not use" in refused


def test_a_test_that_fails_to_run_has_not_passed() -> None:
    found = report(
        "x(y) := 1 / y", "test_x if lockstep.x(0) == 1\n\ntest_one if lockstep.x(1) == 1"
    )
    assert found.passed == 1
    assert found.failed == (f"{TESTS}:5: test_x",)


def test_a_program_that_is_not_opa_is_an_error(tmp_path: Path) -> None:
    other = tmp_path / "opa"
    other.write_text('#!/bin/sh\n[ "$1" = version ] && echo "Version: 1.22.0" || echo what\n')
    other.chmod(0o755)
    with pytest.raises(LockstepError, match="opa capabilities gave no report: what"):
        check_and_test({MAIN: b"package lockstep\n"}, other)
