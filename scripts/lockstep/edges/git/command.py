"""How git is run: without ``GIT_*`` variables that point elsewhere, without prompts or a shell."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Self

from lockstep.edges import process
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import last_part

# Who commits, and how a remote is reached, are for the user to say. GIT_DIR, GIT_INDEX_FILE and
# the like are set by the hooks that run Lockstep, and are about another repository or index.
_KEPT = (
    "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSH", "GIT_SSL_", "GIT_ASKPASS", "GIT_CONFIG_",
    "GIT_HTTP_", "GIT_PROXY_", "GIT_EXEC_PATH",
)  # fmt: skip
# Paths are read as they are, so git must not quote them; a file may be named ``*`` or
# ``:(top)x``, so paths are not patterns; and core.fsmonitor names a program that git would run,
# which anyone who writes to .git/config could choose.
_GIT = ("git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "--literal-pathspecs")
_TIMEOUT = 300.0  # seconds; the first fetch of a long history takes minutes
_LEAST = 0.1  # seconds of a git that starts when the time for all is over: it fails, with a reason


def _note_nothing(_name: str) -> None:
    """For a verb that moves no family: it has no note."""


class GitCommand:
    """Runs git in one folder: ``root``, the fleet's, which is the top of the work tree as a rule.

    ``prefix`` is the path of that folder in the repository, with a slash at the end; it is empty
    where they are the same. All paths of files that come in or go out are relative to ``root``.
    """

    def __init__(self, root: Path, prefix: str = "") -> None:
        self.root = root
        self.prefix = prefix
        self._variables: dict[str, str] = {}
        self._ends: float | None = None
        self._paths: dict[str, Path] = {}
        """Where git keeps things, by name (see GitReferences.path_of): a run stays in one place."""
        self.before_lock: Callable[[str], None] = _note_nothing
        """Called with the name of what git is about to lock for a fetch or after a push, so that
        a run can note it (see leftovers)."""

    def within(self, seconds: float) -> Self:
        """The same repository; all gits that are run there end in that time from now, together.

        For a verb that has something to show without the answer of a server.
        """
        made = copy(self)
        made._ends = time.monotonic() + seconds
        return made

    def _with(self, variables: Mapping[str, str]) -> Self:
        """The same repository; each git that is run there has these variables, too."""
        made = copy(self)
        made._variables = self._variables | dict(variables)
        # A variable may say where objects are.
        made._paths = {name: path for name, path in self._paths.items() if name != "objects"}
        return made

    def _at_top(self) -> Self:
        """The same repository, with paths relative to the top of the work tree."""
        made = copy(self)
        made.root = self.root.joinpath(*[".."] * self.prefix.count("/")).resolve()
        made.prefix = ""
        return made

    def _output(
        self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> bytes:
        """What git wrote to stdout. Raises LockstepError where it failed."""
        done = self._run(*args, stdin=stdin, env=env)
        if done.returncode:
            raise self._failure(args[0], done)
        return done.stdout

    def _failure(self, verb: str, done: process.Completed) -> LockstepError:
        return LockstepError(
            f"git {verb} failed: {last_part(done.error_text, 500)}", where=str(self.root),
            fix="fix what git reports, then run it again",
        )  # fmt: skip

    def _run(
        self, *args: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> process.Completed:
        """Run git to its end, whatever its status; ``env`` adds to the environment."""
        variables = _environment() | self._variables | dict(env or {})
        left = _TIMEOUT if self._ends is None else max(self._ends - time.monotonic(), _LEAST)
        return process.run(
            [*_GIT, *args], cwd=self.root, stdin=stdin, env=variables, timeout=min(left, _TIMEOUT)
        )

    def _talk(self, *args: str) -> process.Coprocess:
        """Start a git that answers what it is asked."""
        env = _environment() | self._variables
        return process.Coprocess([*_GIT, *args], cwd=self.root, env=env)


def settings(values: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The environment that adds settings of git to those of its files.

    Other users can read a command line, where ``-c`` would show an address with a token in it.
    https://git-scm.com/docs/git-config#ENVIRONMENT
    """
    given = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isdecimal() else 0  # the caller may have some of its own
    added = {"GIT_CONFIG_COUNT": str(first + len(values))}
    for number, (key, value) in enumerate(values, start=first):
        added |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return added


def _environment() -> dict[str, str]:
    """The caller's environment without the ``GIT_*`` that would point git elsewhere."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("GIT_") or key.startswith(_KEPT)
    }
    # A replacement (refs/replace) would show another commit than the one that its id names, a
    # prompt would wait forever in CI, and messages are compared with English words (see push).
    own = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C.UTF-8"}
    return kept | own
