"""One ``git cat-file`` that answers many questions: starting a program takes longer than a reply.

git finds objects that were added after its start, too, and looks names up anew each time.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from lockstep.edges.process import Coprocess

_AT_ONCE = 16_000
"""Bytes of questions before their answers are read; a pipe holds more.

Otherwise git could wait for us to read its answers while we wait for it to read our questions.
"""


class GitObject(NamedTuple):
    """An object by its id; ``data`` is empty where only its type and size were asked for."""

    oid: str
    kind: str
    size: int
    data: bytes


_Answer = GitObject | None


class Unanswered(Exception):
    """git has ended, or said something else: the caller asks in another way, which says why."""


class ObjectReader:
    """Asks one git about objects; ``start`` starts it when the first question is asked."""

    def __init__(self, start: Callable[[], Coprocess]) -> None:
        self._start = start
        self._git: Coprocess | None = None
        self._failed = False
        self._lock = threading.Lock()

    def ask(self, what: Literal["info", "contents"], names: Sequence[str]) -> list[_Answer]:
        """The object of each name, in order; None where there is none. Raises Unanswered."""
        if any("\n" in name or not name for name in names):
            raise Unanswered
        with self._lock:
            if self._failed:
                raise Unanswered
            try:
                self._git = self._git or self._start()
                found: list[_Answer] = []
                for some in _portions([f"{what} {name}\n" for name in names]):
                    found += self._answers(self._git, some, contents=what == "contents")
                return found
            except (OSError, ValueError) as error:
                self._fail()
                raise Unanswered from error
            except BaseException:  # Ctrl-C in the middle of an answer, for example
                self._fail()
                raise

    def _fail(self) -> None:
        # What it still has to say would be taken for the answers to later questions.
        self._failed = True
        self.close()

    def close(self) -> None:
        """End the program. Safe to call twice."""
        git, self._git = self._git, None
        if git:
            git.close()

    def _answers(
        self, git: Coprocess, questions: Sequence[str], *, contents: bool
    ) -> Iterator[_Answer]:
        git.send(os.fsencode("".join([*questions, "flush\n"])))
        for question in questions:
            head = git.line()
            if head.endswith((b" missing\n", b" ambiguous\n")):
                yield None
                continue
            oid, kind, size = head.split()  # a ValueError at the end, where git has failed
            data = git.read(int(size) + 1)[:-1] if contents else b""
            if contents and len(data) != int(size):
                raise ValueError(question)
            yield GitObject(oid.decode(), kind.decode(), int(size), data)


def _portions(questions: Sequence[str]) -> Iterator[list[str]]:
    """The questions in portions of at most _AT_ONCE bytes, or of one that is longer."""
    some: list[str] = []
    size = 0
    for each in questions:
        length = len(os.fsencode(each))
        if some and size + length > _AT_ONCE:
            yield some
            some, size = [], 0
        some.append(each)
        size += length
    if some:
        yield some


def tree_entries(tree: GitObject) -> Iterator[tuple[str, str, bytes]]:
    """Mode, id and name of each entry of a tree that was read with its contents."""
    length, at, data = len(tree.oid) // 2, 0, tree.data
    while at < len(data):
        space, end = data.index(b" ", at), data.index(b"\0", at)
        mode = data[at:space].decode().zfill(6)
        yield mode, data[end + 1 : end + 1 + length].hex(), data[space + 1 : end]
        at = end + 1 + length
