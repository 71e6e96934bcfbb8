"""Which of a model's versions is the newest that could serve and has given tags."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from lockstep.text.sanitise import quoted

MOST_LOOKED_AT = 2_000
"""Versions among which one with the tags is looked for, the newest first."""
_MOST_NAMED = 5
"""Versions that a refusal names."""
_LONGEST = 60
"""Characters of a tag in a message; the registry's text is of any length."""
_WORD = re.compile(r"[A-Za-z0-9._/+-]{1,60}")


class Registered(NamedTuple):
    """A version as the registry lists it: its number and its tags.

    ``problem`` says why it may not serve (``is archived``); it is empty where it may.
    """

    version: int
    tags: Mapping[str, str]
    problem: str = ""


class Newest(NamedTuple):
    """The newest version that fits; None where none of those ``looked_at`` does.

    ``passed_over`` are the first few of the newer ones that do not fit, each with what it lacks.
    ``whole`` says that the model has no version beyond those.
    """

    version: str | None
    passed_over: tuple[str, ...] = ()
    looked_at: int = 0
    whole: bool = True


def newest_with(listed: Iterable[Registered], tags: Mapping[str, str]) -> Newest:
    """The first of ``listed``, the newest first, that may serve and has all ``tags`` exactly.

    No more is read of ``listed`` than is needed for that. Tags are compared character by character.
    """
    passed_over: list[str] = []
    looked_at = 0
    for each in listed:
        if looked_at == MOST_LOOKED_AT:
            return Newest(None, tuple(passed_over), looked_at, whole=False)
        looked_at += 1
        lacks = [each.problem] if each.problem else list(_lacking(each.tags, tags))
        if not lacks:
            return Newest(str(each.version), tuple(passed_over), looked_at)
        if len(passed_over) < _MOST_NAMED:
            passed_over.append(f"version {each.version} {' and '.join(lacks)}")
    return Newest(None, tuple(passed_over), looked_at)


def describe_tags(tags: Mapping[str, str]) -> str:
    """Tags as a part of a sentence: ``the tag stage=gold``; empty where there are none."""
    shown = [f"{_shown(key)}={_shown(value)}" for key, value in tags.items()]
    return f"the {'tag' if len(shown) == 1 else 'tags'} {' and '.join(shown)}" if shown else ""


def _lacking(own: Mapping[str, str], tags: Mapping[str, str]) -> Iterator[str]:
    for key, value in tags.items():
        if key not in own:
            yield f"has no tag {_shown(key)}"
        elif own[key] != value:
            yield f"has {_shown(key)}={_shown(own[key])}"


def _shown(text: str) -> str:
    """As it is where that is one word, which most tags are, or else in quotes."""
    return text if _WORD.fullmatch(text) else quoted(text, _LONGEST)
