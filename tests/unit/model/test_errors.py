"""Errors: each kind has its exit code, and says where it is wrong and what to do."""

import pytest

from lockstep.model.errors import (
    Denied,
    Invalid,
    LockstepError,
    NotConfigured,
    NothingToCheck,
    UsageError,
    VerificationFailed,
)
from lockstep.model.exit_codes import ExitCode


@pytest.mark.parametrize(
    ("kind", "code"),
    [(LockstepError, 1), (UsageError, 2), (NothingToCheck, 3), (Invalid, 10), (Denied, 11),
     (VerificationFailed, 13)],
)  # fmt: skip
def test_every_kind_is_one_error_with_one_exit_code(kind: type[LockstepError], code: int) -> None:
    error = kind("it failed")
    assert isinstance(error, LockstepError)
    assert error.exit_code == code and str(error) == "it failed"


def test_no_two_meanings_share_an_exit_code() -> None:
    assert [code.value for code in ExitCode] == [0, 1, 2, 3, 10, 11, 12, 13]
    kinds: list[type[LockstepError]] = [LockstepError, *LockstepError.__subclasses__()]
    own = [kind for kind in kinds if kind.__module__ == LockstepError.__module__]
    # A server that is not configured is one of the reasons for which a verb could not run.
    defined = [kind.exit_code for kind in own if kind is not NotConfigured]
    assert NotConfigured.exit_code is ExitCode.COULD_NOT_RUN
    assert len(set(defined)) == len(defined)


@pytest.mark.parametrize(
    ("where", "fix", "text"),
    [
        ("a.yaml:3", "fix it", "error: a.yaml:3: it failed\n  fix: fix it"),
        ("a.yaml:3", "", "error: a.yaml:3: it failed"),
        ("", "fix it", "error: it failed\n  fix: fix it"),
        ("", "", "error: it failed"),
    ],
)
def test_the_text_names_the_place_and_the_way_out(where: str, fix: str, text: str) -> None:
    assert LockstepError("it failed", where=where, fix=fix).diagnostics() == text
