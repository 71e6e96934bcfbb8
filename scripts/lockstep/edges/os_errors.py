"""What to do about an error of the operating system, by its number."""

import errno

from lockstep.model.errors import LockstepError

_FULL = "make room on the disk, or raise the quota"
_DESCRIPTORS = "raise the limit on open files (ulimit -n)"

_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EMFILE: _DESCRIPTORS,
    errno.ENFILE: _DESCRIPTORS,
    errno.EAGAIN: "raise the limit on processes (ulimit -u), or end some",
    errno.ENOMEM: "end programs that need much memory, or use a larger machine",
    errno.EIO: "check the disk, or the terminal that the output goes to",
}
_OF_A_LIMIT = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EROFS, errno.EIO}
)


def advice(error: OSError, otherwise: str) -> str:
    """What to do about the error; ``otherwise`` where its number does not say enough."""
    return _ADVICE.get(error.errno or 0, otherwise)


def of_a_limit(error: OSError) -> bool:
    """Whether the system had no room, or no descriptor: wherever the program would have written."""
    return error.errno in _OF_A_LIMIT


def reason(error: OSError) -> str:
    """The system's own words; the type of the error where it has none."""
    return error.strerror or str(error) or type(error).__name__


def cannot_write(error: OSError, where: str, fix: str) -> LockstepError:
    """The error for a file that cannot be written; ``fix`` where its number says nothing better."""
    return LockstepError(f"cannot write it: {reason(error)}", where=where, fix=advice(error, fix))
