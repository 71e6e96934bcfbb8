"""Parts are looked at one by one: one that is broken hides no other."""

from typing import NoReturn

from lockstep.check.probing import MISSING, WARNING, Found, missing, ok, probe_all, warning
from lockstep.model.errors import LockstepError
from lockstep.model.tool_results import Probe


def raising(error: BaseException) -> Found:
    def look() -> NoReturn:
        raise error

    return look()


def test_every_part_is_looked_at_whatever_the_others_raise() -> None:
    failed = LockstepError("it broke", where="here", fix="fix it")
    looks = (
        ("a", MISSING, lambda: raising(failed)),
        ("b", WARNING, lambda: raising(PermissionError(13, "Permission denied", "/x"))),
        ("c", WARNING, lambda: raising(ZeroDivisionError("oh"))),
        ("d", MISSING, lambda: ok("fine")),
        ("e", MISSING, lambda: warning("meh", "do x")),
        ("f", WARNING, lambda: missing("gone", "do y")),
    )
    assert list(probe_all(looks)) == [
        Probe("a", MISSING, "here: it broke", "fix it"),
        Probe("b", WARNING, "/x: Permission denied", "check that you may read it"),
        Probe("c", WARNING, "it cannot be looked at: ZeroDivisionError: oh", ""),
        Probe("d", ok("")[0], "fine"),
        Probe("e", WARNING, "meh", "do x"),
        Probe("f", MISSING, "gone", "do y"),
    ]
