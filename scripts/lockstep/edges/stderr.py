"""Standard error as native libraries use it: they write to it without Python's knowledge."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Discard what is written to standard error in the block.

    rapidyaml prints each text that it refuses, with a line of its own source, in addition to the
    exception that Lockstep turns into a finding. Only the file descriptor reaches what native code
    writes, and the whole process shares it: use it in one thread at a time, and start no programs
    in the block.
    """
    # Python may still hold text from before the block, which must not be discarded with the rest.
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # standard error is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
