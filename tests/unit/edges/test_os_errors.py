"""Errors of the operating system: each says what to do, and none is without a reason."""

import errno
import os

from lockstep.edges.os_errors import advice, cannot_write, of_a_limit, reason


def test_the_number_of_an_error_says_what_to_do() -> None:
    assert "ulimit -n" in advice(OSError(errno.EMFILE, "x"), "other")
    assert advice(OSError(errno.ENOTDIR, "x"), "other") == "other"
    assert advice(OSError("no number"), "other") == "other"


def test_a_lack_of_room_is_told_from_all_else() -> None:
    assert of_a_limit(OSError(errno.EDQUOT, "x"))
    assert not of_a_limit(PermissionError(errno.EACCES, "x")) and not of_a_limit(OSError())


def test_there_is_always_a_reason() -> None:
    assert reason(OSError(errno.EFBIG, os.strerror(errno.EFBIG))) == "File too large"
    assert (reason(OSError("said")), reason(OSError())) == ("said", "OSError")


def test_a_file_that_cannot_be_written_is_named() -> None:
    error = cannot_write(OSError(errno.EROFS, os.strerror(errno.EROFS)), "a/b", "other")
    assert error.located() == "a/b: cannot write it: Read-only file system"
    assert error.fix == "other"
