"""Remotes: what they are configured as, what they hold, and how a commit gets there.

A remote is reached under an alias that exists for one call only, in the environment. So neither
a fetch nor a push moves a reference of this clone on the way: references are locked while they
move, and a run that is killed would leave the lock. It also makes a mirror clone usable, whose
own remote refuses to push one branch.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from lockstep.edges.git.command import settings
from lockstep.edges.git.objects import GitObjects
from lockstep.edges.git.references import Raced
from lockstep.edges.process import Completed
from lockstep.model.errors import LockstepError
from lockstep.text.sanitise import bare_address, last_part

_ALIASES = "lockstep-run-"
_ALIAS = f"{_ALIASES}{os.getpid()}"
"""Of this process: a hook of its push may run another one, which inherits the environment."""

# What would make a fetch or a push through the alias touch more than what it is asked for.
_NOT_COPIED = (
    "fetch", "push", "mirror", "tagopt", "prune", "prunetags", "skipdefaultupdate", "skipfetchall",
)  # fmt: skip

_FETCH = (
    "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
    "--no-auto-maintenance",
)  # fmt: skip
"""Without tags, submodules or upkeep of the repository: nothing but what is asked for."""

_ADDRESS = re.compile(r"^([^\t\n]+)\t(.*) \((fetch|push)\)(?: \[.*\])?$", re.MULTILINE)
_MOVED = re.compile(r"@\{(\d{1,11})\}$", re.MULTILINE)
_MUST_NOT_EXIST = ""


class PushRefused(LockstepError):
    """The server refused a commit although the branch has not moved: by its rules or its hooks."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote of this clone: ``fetches`` and ``pushes`` are its addresses.

    Each as it is configured and as ``url.<base>.insteadOf`` makes it.
    """

    name: str
    fetches: tuple[str, ...]
    pushes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} ({bare_address(self.fetches[0])})" if self.fetches else self.name


@dataclass(frozen=True, slots=True)
class RemoteTips:
    """What a remote says that it holds: its default branch, and the tips of branches by name."""

    default: str | None
    commits: dict[str, str]


class GitRemotes(GitObjects):
    """Reads from and pushes to the remotes of one repository."""

    def remotes(self) -> list[Remote]:
        """The remotes of this clone, by name."""
        listed = self._output("remote", "-v").decode(errors="surrogateescape")
        found: dict[str, tuple[list[str], list[str]]] = {}
        for name, address, kind in _ADDRESS.findall(listed):
            found.setdefault(name, ([], []))[kind == "push"].append(address)
        for key, address in self._config:
            name, _, field = key.removeprefix("remote.").rpartition(".")
            if key.startswith("remote.") and field == "url" and name in found:
                found[name][0].append(address)
        return [
            Remote(name, tuple(dict.fromkeys(fetches)), tuple(dict.fromkeys(pushes)))
            for name, (fetches, pushes) in sorted(found.items())
            if not name.startswith(_ALIASES)
        ]

    def tips(self, remote: Remote, branches: Sequence[str]) -> RemoteTips:
        """The default branch of a remote, and the tips of those of ``branches`` that it has.

        Raises LockstepError where it cannot be asked.
        """
        wanted = [f"refs/heads/{branch}" for branch in branches]
        done = self._at(remote, "ls-remote", "--symref", _ALIAS, "HEAD", *wanted)
        if done.returncode:
            raise _unreachable("git ls-remote", remote, done)
        default, heads = None, {}
        for line in done.stdout.decode(errors="surrogateescape").splitlines():
            what, _, name = line.partition("\t")
            if name == "HEAD" and what.startswith("ref: refs/heads/"):
                default = what.removeprefix("ref: refs/heads/")
            elif name in wanted or (name == "HEAD" and default is not None):
                branch = default if name == "HEAD" else name.removeprefix("refs/heads/")
                heads[str(branch)] = what
        return RemoteTips(default, heads)

    def fetch(self, remote: Remote, branch: str, commit: str) -> None:
        """Have a commit that the remote says is the tip of a branch, with its history.

        Raises Raced where the branch has moved away from it meanwhile, LockstepError where the
        remote does not give it.
        """
        if self._is_tip_here(commit):
            return
        done = self._at(remote, *_FETCH, _ALIAS, f"refs/heads/{branch}")
        if done.returncode:
            raise _unreachable("git fetch", remote, done)
        if self._run("cat-file", "-e", f"{commit}^{{commit}}").returncode:
            text = f"{branch} of {remote.name} was rewritten while it was fetched"
            raise Raced(text, fix="run it again")
        self.track(remote, branch, commit)

    def fetch_commit(self, remote: Remote, commit: str) -> bool:
        """Fetch one commit with its files; whether the remote gave it.

        Only a shallow clone fetches without history: ``--depth`` would make a whole one shallow.
        """
        depth = ["--depth=1"] if self.is_shallow() else []
        if depth:
            self.before_lock("shallow")
        done = self._at(remote, *_FETCH, *depth, "--end-of-options", _ALIAS, commit)
        return done.returncode == 0

    def list_references(self, remote: Remote, pattern: str) -> bytes:
        """The references of a remote that match: a line each with an object's id and the name.

        Raises LockstepError where it cannot be asked.
        """
        done = self._at(remote, "ls-remote", "--refs", _ALIAS, pattern)
        if done.returncode:
            raise _unreachable("git ls-remote", remote, done)
        return done.stdout

    def fetch_references(self, remote: Remote, references: Sequence[str]) -> None:
        """Have the objects of references of a remote; no reference here names them.

        Raises LockstepError where the remote does not give them.
        """
        done = self._at(remote, *_FETCH, "--end-of-options", _ALIAS, *references)
        if done.returncode:
            raise _unreachable("git fetch", remote, done)

    def push(self, remote: Remote, commit: str, branch: str, expected: str | None) -> None:
        """Make a commit the tip of a branch that has ``expected`` as its tip (None: no tip yet).

        The lease is no force where the commit descends from its tip: it also refuses a branch
        that was rewound since it was read, whose lost commits the push would bring back.
        Raises Raced where the branch is not at ``expected``, PushRefused where it is.
        """
        lease = f"--force-with-lease=refs/heads/{branch}:{expected or _MUST_NOT_EXIST}"
        done = self._at(remote, "push", "--porcelain", "--no-follow-tags",
                        "--recurse-submodules=no", lease, "--end-of-options", _ALIAS,
                        f"{commit}:refs/heads/{branch}")  # fmt: skip
        if not done.returncode:
            self.track(remote, branch, commit)
            return
        said = f"{done.stdout.decode(errors='replace')}{done.error_text}".strip()
        refused = PushRefused(
            f"git push of {branch} to {remote.name} was refused: {_refusal(said)}",
            fix="check that you may push to the branch, then run it again",
        )
        # Not by what was printed: a forge or a hook may refuse in any words. The tip says what
        # happened, even where the push arrived and the answer was lost.
        try:
            tip = self.tips(remote, [branch]).commits.get(branch)
        except LockstepError:
            raise refused from None
        if tip == commit:
            return
        if tip != expected:
            raise Raced(f"{remote.name} has moved on: another push changed {branch} first",
                        fix="run it again: it decides on the new commit")  # fmt: skip
        raise refused

    def track(self, remote: Remote, branch: str, commit: str) -> None:
        """Show in ``git status`` and the like where a branch of a remote is now.

        As far as it can be done: nothing that Lockstep decides reads these references.
        """
        tracked = f"refs/heads/{branch}:refs/remotes/{remote.name}/{branch}"
        every = f"refs/heads/*:refs/remotes/{remote.name}/*"
        maps = {v.removeprefix("+") for k, v in self._config if k == f"remote.{remote.name}.fetch"}
        if maps & {tracked, every}:
            name = f"refs/remotes/{remote.name}/{branch}"
            self.before_lock(name)
            self._run("update-ref", name, commit)

    def last_fetched(self, remote: Remote, branch: str) -> datetime | None:
        """When this clone last had a branch of a remote (aware, UTC); None where it does not say.

        By what ``git fetch`` leaves behind, whatever it found, and by when the branch last moved
        here: a fetch of Lockstep's that finds nothing new leaves nothing.
        """
        name = f"refs/remotes/{remote.name}/{branch}"
        moved = self._run("log", "--walk-reflogs", "--max-count=1", "--no-show-signature",
                          "--no-patch", "--date=unix", "--format=%gd", name, "--")  # fmt: skip
        found = _MOVED.search(moved.stdout.decode(errors="replace"))
        times = [int(found[1])] if found else []
        with suppress(OSError):
            file = self.path_of("FETCH_HEAD")
            said = file.read_text("utf-8", "replace")
            # Of another remote or branch, it says nothing about this one.
            if any(f"branch '{branch}' of {_shown(each)}\n" in said for each in remote.fetches):
                times.append(int(file.stat().st_mtime))
        return datetime.fromtimestamp(max(times), UTC) if times else None

    def commits_between(self, older: str, newer: str) -> int | None:
        """How many commits ``newer`` has that ``older`` lacks; None where this clone cannot say."""
        done = self._run("rev-list", "--count", f"{older}..{newer}", "--")
        said = done.stdout.strip()
        return int(said) if not done.returncode and said.isdigit() else None

    def _is_tip_here(self, commit: str) -> bool:
        """Whether a reference is at the commit, so that git has all of its files and history.

        The object alone proves nothing: a fetch that was killed may have written it first.
        """
        done = self._run("for-each-ref", "--count=1", f"--points-at={commit}")
        return not done.returncode and bool(done.stdout)

    @cached_property
    def _config(self) -> list[tuple[str, str]]:
        """All settings of git, names and values, in the order of their files."""
        entries = self._output("config", "--list", "-z").decode(errors="surrogateescape")
        return [(k, v) for k, _, v in (e.partition("\n") for e in entries.split("\0")[:-1])]

    def _at(self, remote: Remote, *args: str) -> Completed:
        """Run git with the alias standing for a remote, whose other settings it keeps."""
        start = f"remote.{remote.name}."
        copied = [
            (f"remote.{_ALIAS}.{key.removeprefix(start)}", value)
            for key, value in self._config
            if key.startswith(start) and key.removeprefix(start) not in _NOT_COPIED
        ]
        return self._run(*args, env=settings(copied))


def _shown(address: str) -> str:
    """An address as git writes it into FETCH_HEAD."""
    return bare_address(address).rstrip("/").removesuffix(".git")


def _unreachable(what: str, remote: Remote, done: Completed) -> LockstepError:
    return LockstepError(
        f"{what} from {remote.name} failed: {_quoted(done.error_text)}",
        fix="check the network and your credentials, then run it again",
    )


def _refusal(said: str) -> str:
    """Why a push was refused: what the server says where it says it, or all that git printed."""
    lines = (line.removeprefix("remote:") for line in said.splitlines() if line[:7] == "remote:")
    reasons = (line.strip().removeprefix("error:").strip() for line in lines)
    return _quoted("; ".join(filter(None, reasons)) or said)


def _quoted(said: str) -> str:
    """The end of what git printed. Addresses first: one that is cut would show its password."""
    return last_part(bare_address(said), 500)
